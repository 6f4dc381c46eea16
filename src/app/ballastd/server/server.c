/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/server.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/ballastd/rpc/rpc.h"
#include "app/ballastd/server/connection.h"
#include "app/ballastd/server/listener.h"
#include "app/ballastd/server/owned_reservations.h"
#include "app/ballastd/server/state.h"
#include "app/ballastd/server/subscriptions.h"
#include "app/ballastd/server/turns.h"
#include "core/base/error.h"

/* The operations of a session. */

static struct connection *connection_of(struct rpc_session *session)
{
    return (struct connection *)session;
}

static void session_send(struct rpc_session *session, char *line, size_t length)
{
    connection_send(connection_of(session), line, length);
}

static void session_close(struct rpc_session *session)
{
    connection_schedule_close(connection_of(session));
}

static void session_subscribe(struct rpc_session *session, unsigned events)
{
    connection_of(session)->subscribed = true;
    connection_of(session)->events = events;
}

static void session_note_made(struct rpc_session *session, uint64_t id)
{
    subscriptions_note_made(connection_of(session), id);
}

static int session_own(struct rpc_session *session, uint64_t id)
{
    return owned_add(connection_of(session), id);
}

static void session_disown(struct rpc_session *session, uint64_t id)
{
    owned_drop(connection_of(session), id);
}

static void session_announce(struct rpc_session *session, const char *what, uint64_t domid,
                             struct json_object *answer)
{
    subscriptions_notify_setting(connection_of(session)->server, what, domid, session->uid, answer);
}

static size_t session_count(const struct rpc_session *session)
{
    const struct server *server = ((const struct connection *)session)->server;
    return server->listeners[0].clients + server->listeners[1].clients;
}

static const struct rpc_session_ops session_ops = {
    .send = session_send,
    .close = session_close,
    .subscribe = session_subscribe,
    .note_made = session_note_made,
    .own = session_own,
    .disown = session_disown,
    .announce = session_announce,
    .count = session_count,
};

/* The functions of the engine's observer. */

static void on_reservation(void *context, const struct ledger_reservation *record)
{
    subscriptions_notify_reservation(context, record);
}

static void on_settled(void *context)
{
    struct server *server = context;
    rpc_answer_waiting(server->rpc);
}

static void on_event(void *context, const struct history_event *event)
{
    subscriptions_notify_event(context, event);
}

static void notify_alert(void *context, enum alert_kind name, const struct alert *alert)
{
    subscriptions_notify_alert(context, name, alert);
}

static void on_tick(void *context)
{
    subscriptions_notify_progress(context);
}

struct engine_observer server_observer(struct server *server)
{
    return (struct engine_observer){.context = server,
                                    .reservation = on_reservation,
                                    .settled = on_settled,
                                    .event = on_event,
                                    .alert = notify_alert,
                                    .ticked = on_tick};
}

struct server *server_new(uv_loop_t *loop, const char *run_dir)
{
    struct server *server = calloc(1, sizeof(*server));
    if (!server)
        return NULL;
    server->loop = loop;
    server->run_dir = run_dir;
    server->run_fd = -1;
    server->session_ops = &session_ops;
    turns_begin(server);
    return server;
}

int server_attach(struct server *server, struct engine *engine, struct ballast_error *err)
{
    server->engine = engine;
    server->rpc = rpc_new(engine);
    return server->rpc ? 0 : ballast_fail(err, -ENOMEM, "out of memory");
}

int server_open(struct server *server, struct ballast_error *err)
{
    return listener_open(server, err);
}

struct rpc *server_rpc(const struct server *server)
{
    return server->rpc;
}

const char *server_control_path(const struct server *server)
{
    return server->listeners[0].path;
}

void server_reconfigure(struct server *server)
{
    listener_set_group(server);
}

void server_close(struct server *server)
{
    server->ending = true;
    listener_close(server);
    while (server->connections)
        connection_close(server->connections);
}

void server_free(struct server *server)
{
    if (!server)
        return;
    if (server->run_fd >= 0)
        (void)close(server->run_fd);
    rpc_free(server->rpc);
    free(server);
}
