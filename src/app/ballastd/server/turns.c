/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/turns.h"

#include <time.h>

#include "app/ballastd/engine/clock.h"
#include "app/ballastd/rpc/rpc.h"
#include "app/ballastd/server/connection.h"
#include "app/ballastd/server/listener.h"
#include "app/ballastd/server/state.h"
#include "core/base/units.h"
#include "edge/wire/wire.h"

enum {
    CALLS_A_TURN = 16,
    /*
     * A connection's part of a turn, of the processor's time, and how long the loop works for
     * connections before it looks for others, and at the host, again. A usual call takes 20 us with
     * its line; the worst line (16384 keys) 16 ms, after which its connection sits out the most
     * that any does, 50 turns: a call that a tick was due with is not its caller's fault.
     */
    PART_USEC = 100,
    DEBT_USEC = 50 * PART_USEC,
    WORK_USEC = 5000,
};

/* CPU time, so that no client is charged for a slow disk or other load. */
static int64_t cpu_usec(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * (int64_t)BALLAST_SEC_USEC + used.tv_nsec / 1000;
}

/* Handles a few calls of one connection, as long as it has credit. */
static void take_messages(struct connection *connection)
{
    struct wire_message message = {0};
    struct ballast_error err;
    int rc = 1;
    int64_t until_usec = cpu_usec() + connection->credit_usec;
    for (int i = 0; i < CALLS_A_TURN && connection->credit_usec > 0 &&
                    !connection->close_scheduled && !connection_is_full(connection);
         i++) {
        rc = wire_decoder_next(connection->decoder, &message, &err);
        if (rc <= 0)
            break;
        connection->received_usec = clock_real_usec();
        rpc_take(connection->server->rpc, &connection->session, &message);
        wire_message_release(&message);
        connection->credit_usec = until_usec - cpu_usec();
        if (connection->credit_usec < -DEBT_USEC)
            connection->credit_usec = -DEBT_USEC;
    }
    if (connection->close_scheduled)
        return;
    if (rc < 0) {
        connection_refuse_rest(connection, &err);
        return;
    }
    connection->more = rc > 0;
}

static bool wants_turn(const struct connection *connection)
{
    return connection->close_scheduled || (connection->more && !connection_is_full(connection));
}

static void have_turn(struct connection *connection)
{
    connection->turn = connection->server->turn;
    if (connection->close_scheduled) {
        connection_close(connection);
        return;
    }
    /* Credit does not accumulate. */
    connection->credit_usec =
        connection->credit_usec < 0 ? connection->credit_usec + PART_USEC : PART_USEC;
    if (connection->credit_usec > 0)
        take_messages(connection);
    connection_continue(connection);
}

/* false: no connection has messages. If all would skip, they do so at once. */
static bool begin_turn(struct server *server)
{
    int64_t best_usec = INT64_MIN;
    for (const struct connection *connection = server->connections; connection;
         connection = connection->next) {
        if (wants_turn(connection) && connection->credit_usec > best_usec)
            best_usec = connection->credit_usec;
    }
    for (struct connection *connection = server->connections; connection && best_usec < 0;
         connection = connection->next) {
        if (wants_turn(connection))
            connection->credit_usec -= best_usec;
    }
    server->turn++;
    return best_usec > INT64_MIN;
}

/* The loop's next turn continues what this one leaves undone, after all others. */
static void on_pump(uv_idle_t *idle)
{
    struct server *server = idle->data;
    uint64_t begin_usec = clock_real_usec();
    bool left = false;
    for (int i = 0; i < 2; i++)
        listener_resume(&server->listeners[i]);
    for (struct connection *next, *connection = server->connections; connection;
         connection = next) {
        next = connection->next;
        if (connection->turn == server->turn || !wants_turn(connection))
            continue;
        left = clock_real_usec() - begin_usec >= WORK_USEC;
        if (left)
            break;
        have_turn(connection);
    }
    if (left)
        return;
    if (!begin_turn(server))
        uv_idle_stop(idle);
}

void turns_begin(struct server *server)
{
    server->on_pump = on_pump;
    uv_idle_init(server->loop, &server->pump);
    server->pump.data = server;
}
