/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/owned_reservations.h"

#include <errno.h>
#include <stdlib.h>

static bool is_unbound(const struct daemon *daemon, uint64_t id)
{
    struct ledger *ledger = reservations_ledger(daemon->reservations);
    const struct ledger_reservation *record = ledger ? ledger_find(ledger, id) : NULL;
    return record && (record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING ||
                      record->state == LEDGER_GRANTED);
}

/* Drops one id, and with it all that cannot be released any more. */
static void drop_owned(struct connection *connection, uint64_t id)
{
    size_t kept = 0;
    for (size_t i = 0; i < connection->owned_count; i++) {
        if (connection->owned[i] != id && is_unbound(connection->daemon, connection->owned[i]))
            connection->owned[kept++] = connection->owned[i];
    }
    connection->owned_count = kept;
}

int own_reservation(struct connection *connection, uint64_t id)
{
    drop_owned(connection, id);
    if (connection->owned_count == OWNED_MOST)
        return -EBUSY;
    if (!connection->owned)
        connection->owned = calloc(OWNED_MOST, sizeof(*connection->owned));
    if (!connection->owned)
        return -ENOMEM;
    for (struct connection *at = connection->daemon->connections; at; at = at->next)
        drop_owned(at, id);
    connection->owned[connection->owned_count++] = id;
    return 0;
}

void owned_release(struct connection *connection)
{
    struct daemon *daemon = connection->daemon;
    struct ledger_verdict verdict;
    for (size_t i = 0; i < connection->owned_count && !daemon->ending; i++) {
        /* What cannot be written now is released by its lease. */
        if (is_unbound(daemon, connection->owned[i]))
            (void)ledger_release(reservations_ledger(daemon->reservations), connection->owned[i],
                                 NULL, reservations_now_usec(daemon->reservations, daemon->overlay),
                                 &verdict, NULL);
    }
    free(connection->owned);
    connection->owned = NULL;
    connection->owned_count = 0;
}
