/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/rpc/waiters.h"

#include <errno.h>
#include <stdlib.h>

#include "app/ballastd/rpc/call.h"
#include "app/ballastd/rpc/reply.h"
#include "app/ballastd/rpc/rpc.h"

struct waiter {
    struct waiter *next;
    struct rpc_session *session;
    struct json_object *id;
    uint64_t reservation;
    bool is_free;
};

int waiters_add(struct call *call, uint64_t reservation, bool is_free)
{
    struct rpc_session *session = call->session;
    struct waiter *waiter = session->waits < WAITERS_MOST ? calloc(1, sizeof(*waiter)) : NULL;
    if (!waiter)
        return -EBUSY;
    *waiter = (struct waiter){.next = call->rpc->waiters,
                              .session = session,
                              .id = json_object_get(call->id),
                              .reservation = reservation,
                              .is_free = is_free};
    call->rpc->waiters = waiter;
    session->waits++;
    return 0;
}

static bool is_decided(const struct ledger_reservation *record)
{
    return !record || (record->state != LEDGER_REQUESTED && record->state != LEDGER_RECLAIMING);
}

void rpc_answer_waiting(struct rpc *rpc)
{
    struct ledger *ledger = engine_ledger(rpc->engine);
    struct waiter **at = &rpc->waiters;
    while (*at) {
        struct waiter *waiter = *at;
        if (!is_decided(ledger_find(ledger, waiter->reservation))) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->session->waits--;
        reply_decided(rpc, waiter->session, waiter->id, waiter->reservation, waiter->is_free);
        json_object_put(waiter->id);
        free(waiter);
    }
}

void rpc_forget(struct rpc *rpc, const struct rpc_session *session)
{
    struct ledger *ledger = engine_ledger(rpc->engine);
    struct waiter **at = &rpc->waiters;
    struct ledger_verdict verdict;
    while (*at) {
        struct waiter *waiter = *at;
        if (waiter->session != session) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        if (ledger)
            (void)ledger_release(ledger, waiter->reservation, NULL,
                                 engine_ledger_now_usec(rpc->engine), &verdict, NULL);
        json_object_put(waiter->id);
        free(waiter);
    }
}
