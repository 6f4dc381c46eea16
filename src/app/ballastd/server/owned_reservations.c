/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/owned_reservations.h"

#include <errno.h>
#include <stdlib.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/server/state.h"

static bool is_unbound(const struct server *server, uint64_t id)
{
    struct ledger *ledger = engine_ledger(server->engine);
    const struct ledger_reservation *record = ledger ? ledger_find(ledger, id) : NULL;
    return record && (record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING ||
                      record->state == LEDGER_GRANTED);
}

/* Drops one id, and all that can no longer be released. */
static void drop_owned(struct connection *connection, uint64_t id)
{
    size_t kept = 0;
    for (size_t i = 0; i < connection->owned_count; i++) {
        if (connection->owned[i] != id && is_unbound(connection->server, connection->owned[i]))
            connection->owned[kept++] = connection->owned[i];
    }
    connection->owned_count = kept;
}

void owned_drop(struct connection *connection, uint64_t id)
{
    for (struct connection *at = connection->server->connections; at; at = at->next)
        drop_owned(at, id);
}

int owned_add(struct connection *connection, uint64_t id)
{
    drop_owned(connection, id);
    if (connection->owned_count == RPC_SESSION_OWNED)
        return -EBUSY;
    if (!connection->owned)
        connection->owned = calloc(RPC_SESSION_OWNED, sizeof(*connection->owned));
    if (!connection->owned)
        return -ENOMEM;
    owned_drop(connection, id);
    connection->owned[connection->owned_count++] = id;
    return 0;
}

void owned_release(struct connection *connection)
{
    struct server *server = connection->server;
    struct ledger_verdict verdict;
    for (size_t i = 0; i < connection->owned_count && !server->ending; i++) {
        /* One whose release cannot be written now is released by its lease. */
        if (is_unbound(server, connection->owned[i]))
            (void)ledger_release(engine_ledger(server->engine), connection->owned[i], NULL,
                                 engine_ledger_now_usec(server->engine), &verdict, NULL);
    }
    free(connection->owned);
    connection->owned = NULL;
    connection->owned_count = 0;
}
