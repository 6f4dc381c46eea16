/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/tie.h"

#include <errno.h>
#include <stdlib.h>

static bool is_unbound(const struct daemon *daemon, uint64_t id)
{
    struct ledger *ledger = promises_ledger(daemon->promises);
    const struct ledger_reservation *record = ledger ? ledger_find(ledger, id) : NULL;
    return record && (record->state == LEDGER_ASKED || record->state == LEDGER_FREEING ||
                      record->state == LEDGER_GRANTED);
}

/* Drops one id, and with it all that cannot be released any more. */
static void drop(struct conn *conn, uint64_t id)
{
    size_t kept = 0;
    for (size_t i = 0; i < conn->tied_count; i++) {
        if (conn->tied[i] != id && is_unbound(conn->daemon, conn->tied[i]))
            conn->tied[kept++] = conn->tied[i];
    }
    conn->tied_count = kept;
}

int tie_to(struct conn *conn, uint64_t id)
{
    drop(conn, id);
    if (conn->tied_count == TIE_MOST)
        return -EBUSY;
    if (!conn->tied)
        conn->tied = calloc(TIE_MOST, sizeof(*conn->tied));
    if (!conn->tied)
        return -ENOMEM;
    for (struct conn *at = conn->daemon->conns; at; at = at->next)
        drop(at, id);
    conn->tied[conn->tied_count++] = id;
    return 0;
}

void tie_end(struct conn *conn)
{
    struct daemon *daemon = conn->daemon;
    struct ledger_verdict verdict;
    for (size_t i = 0; i < conn->tied_count && !daemon->ending; i++) {
        /* What cannot be written now is released by its lease. */
        if (is_unbound(daemon, conn->tied[i]))
            (void)ledger_release(promises_ledger(daemon->promises), conn->tied[i], NULL,
                                 promises_now_usec(daemon->promises, daemon->view), &verdict, NULL);
    }
    free(conn->tied);
    conn->tied = NULL;
    conn->tied_count = 0;
}
