/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/rpc/requests.h"

#include <unistd.h>

#include "core/ledger/ledger.h"

static bool is_undecided(const struct ledger *ledger, uint64_t id)
{
    const struct ledger_reservation *record = ledger_find(ledger, id);
    return record && (record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING);
}

static void drop_decided(struct requests *requests, const struct ledger *ledger)
{
    size_t kept = 0;
    for (size_t i = 0; i < requests->count; i++) {
        if (is_undecided(ledger, requests->list[i].id))
            requests->list[kept++] = requests->list[i];
    }
    requests->count = kept;
}

size_t requests_full(struct requests *requests, const struct ledger *ledger, uid_t uid, bool *own)
{
    struct ledger_sums sums = ledger_sums(ledger);
    size_t all = sums.in_state[LEDGER_REQUESTED] + sums.in_state[LEDGER_RECLAIMING];
    size_t of_user = 0;
    bool trusted = uid == 0 || uid == geteuid();
    drop_decided(requests, ledger);
    for (size_t i = 0; i < requests->count; i++)
        of_user += requests->list[i].uid == uid;
    *own = !trusted && of_user >= REQUESTS_USER;
    if (*own)
        return REQUESTS_USER;
    size_t most = trusted ? REQUESTS_MOST : REQUESTS_OTHERS;
    return all >= most ? most : 0;
}

void requests_add(struct requests *requests, uint64_t id, uid_t uid)
{
    if (requests->count == REQUESTS_MOST)
        return;
    requests->list[requests->count].id = id;
    requests->list[requests->count++].uid = uid;
}
