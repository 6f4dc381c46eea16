/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/subscriptions.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/rpc/build.h"
#include "app/ballastd/rpc/encode.h"
#include "app/ballastd/server/connection.h"
#include "app/ballastd/server/state.h"
#include "core/base/units.h"
#include "edge/wire/methods.h"
#include "edge/wire/wire.h"

enum subscription_event {
    SUBSCRIPTION_RESERVATION,
    SUBSCRIPTION_EVENT,
    SUBSCRIPTION_TICK,
    SUBSCRIPTION_SETTINGS,
    SUBSCRIPTION_ALERT,
};

/* Only the first requests in line are notified of progress; for the others nothing happens yet. */
enum { SENT_AT_ONCE = 32 };

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void subscriptions_note_made(struct connection *connection, uint64_t id)
{
    if (!connection->made)
        connection->made = calloc(CONNECTION_MADE, sizeof(*connection->made));
    if (!connection->made)
        return;
    if (connection->made_count == CONNECTION_MADE) {
        connection->made_count -= CONNECTION_MADE / 2;
        memmove(connection->made, connection->made + CONNECTION_MADE / 2,
                connection->made_count * sizeof(*connection->made));
    }
    connection->made[connection->made_count++] = id;
}

static bool has_made(const struct connection *connection, uint64_t id)
{
    return connection->made_count > 0 &&
           bsearch(&id, connection->made, connection->made_count, sizeof(id), compare_ids) != NULL;
}

static void send_event(struct connection *connection, enum subscription_event event,
                       struct json_object *params)
{
    char *line;
    size_t length;
    if (wire_notification(wire_event_at((size_t)event), json_object_get(params), &line, &length,
                          NULL) == 0)
        connection_send(connection, line, length);
}

static bool is_subscribed_to(const struct connection *connection, enum subscription_event event)
{
    return connection->subscribed && (connection->events & (1U << event)) != 0;
}

static bool any_subscribed(const struct server *server, enum subscription_event event)
{
    for (const struct connection *connection = server->connections; connection;
         connection = connection->next) {
        if (is_subscribed_to(connection, event))
            return true;
    }
    return false;
}

/*
 * Sends a notification complete or not at all: with a failure since `failures` it is skipped, and
 * the next one is sent.
 */
static void send_all(struct server *server, enum subscription_event event,
                     struct json_object *params, uint64_t failures)
{
    bool is_whole = failures == build_failures();
    if (!is_whole)
        engine_log(LOG_WARNING, "%s: out of memory; skipping this notification",
                   wire_event_at((size_t)event));
    for (struct connection *connection = server->connections; connection;
         connection = connection->next) {
        if (is_whole && is_subscribed_to(connection, event))
            send_event(connection, event, params);
    }
    json_object_put(params);
}

static bool is_concerned(const struct connection *connection, uint64_t id)
{
    return connection->subscribed ? is_subscribed_to(connection, SUBSCRIPTION_RESERVATION)
                                  : has_made(connection, id);
}

void subscriptions_notify_reservation(struct server *server,
                                      const struct ledger_reservation *record)
{
    struct json_object *params = NULL;
    uint64_t id = record->id;
    uint64_t failures = build_failures();
    for (struct connection *connection = server->connections; connection;
         connection = connection->next) {
        if (!is_concerned(connection, id))
            continue;
        if (!params) {
            params = encode_reservation(server->engine, record,
                                        encode_missing_kib(server->engine, record));
            if (record->state == LEDGER_RECLAIMING || record->state == LEDGER_GRANTED)
                build_add(params, "donors", encode_donors(server->engine));
        }
        if (failures == build_failures())
            send_event(connection, SUBSCRIPTION_RESERVATION, params);
    }
    json_object_put(params);
}

void subscriptions_notify_event(struct server *server, const struct history_event *event)
{
    uint64_t failures = build_failures();
    if (any_subscribed(server, SUBSCRIPTION_EVENT))
        send_all(server, SUBSCRIPTION_EVENT, encode_event(event), failures);
}

void subscriptions_notify_alert(struct server *server, enum alert_kind name,
                                const struct alert *alert)
{
    uint64_t failures = build_failures();
    if (any_subscribed(server, SUBSCRIPTION_ALERT))
        send_all(server, SUBSCRIPTION_ALERT, encode_alert(name, alert), failures);
}

static void copy_members(struct json_object *params, struct json_object *answer)
{
    json_object_object_foreach(answer, key, value) build_add(params, key, json_object_get(value));
}

void subscriptions_notify_setting(struct server *server, const char *what, uint64_t domid,
                                  uint64_t uid, struct json_object *answer)
{
    if (!any_subscribed(server, SUBSCRIPTION_SETTINGS))
        return;
    uint64_t failures = build_failures();
    struct json_object *params = build_object();
    encode_text(params, "what", what);
    encode_u64(params, "domid", domid);
    encode_u64(params, "uid", uid);
    if (!answer)
        build_fail();
    else
        copy_members(params, answer);
    send_all(server, SUBSCRIPTION_SETTINGS, params, failures);
}

/* Notifies of waiting requests while a connection subscribes; each is looked up again by its id. */
static void notify_waiting(struct server *server)
{
    struct ledger *ledger = engine_ledger(server->engine);
    struct ledger_sums sums = ledger_sums(ledger);
    const struct ledger_reservation *at = NULL;
    const struct ballast_host *host = overlay_snapshot(engine_overlay(server->engine));
    if (sums.in_state[LEDGER_RECLAIMING] + sums.in_state[LEDGER_REQUESTED] == 0) {
        engine_forget_donors(server->engine);
        return;
    }
    if (!server->connections || host->free_kib == server->sent_free_kib)
        return;
    server->sent_free_kib = host->free_kib;
    for (size_t sent = 0; sent < SENT_AT_ONCE && (at = ledger_next(ledger, at));) {
        if (at->state != LEDGER_RECLAIMING)
            continue;
        subscriptions_notify_reservation(server, at);
        sent++;
    }
}

void subscriptions_notify_progress(struct server *server)
{
    uint64_t now_usec = engine_now_usec(server->engine);
    notify_waiting(server);
    connection_sweep(server);
    if (now_usec - server->sent_usec < BALLAST_SEC_USEC ||
        !any_subscribed(server, SUBSCRIPTION_TICK))
        return;
    server->sent_usec = now_usec;
    uint64_t failures = build_failures();
    struct json_object *params = encode_tick(server->engine);
    if (params)
        send_all(server, SUBSCRIPTION_TICK, params, failures);
}
