/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/subscriptions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/rpc/build.h"
#include "app/ballastd/rpc/dispatch.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/rpc/encode.h"
#include "core/base/units.h"
#include "edge/wire/methods.h"

/* Those at the head of the line are told how it goes on; for the others nothing does yet. */
enum { TOLD_AT_ONCE = 32 };

struct waiter {
    struct waiter *next;
    struct connection *connection;
    struct json_object *id;
    uint64_t reservation;
    bool is_free;
};

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

static bool any_subscribed(const struct daemon *daemon, enum subscription_event event)
{
    for (const struct connection *connection = daemon->connections; connection;
         connection = connection->next) {
        if (is_subscribed_to(connection, event))
            return true;
    }
    return false;
}

/* What was begun at so many failures is told whole or not at all: the next one will be. */
static void send_all(struct daemon *daemon, enum subscription_event event,
                     struct json_object *params, uint64_t failures)
{
    bool is_whole = failures == build_failures();
    if (!is_whole)
        engine_log(LOG_WARNING, "%s: out of memory, nobody is told", wire_event_at((size_t)event));
    for (struct connection *connection = daemon->connections; connection;
         connection = connection->next) {
        if (is_whole && is_subscribed_to(connection, event))
            send_event(connection, event, params);
    }
    json_object_put(params);
}

static bool is_concerned(const struct connection *connection, uint64_t id)
{
    return connection->subscribed ? is_subscribed_to(connection, SUBSCRIPTION_RESERVATION)
                                  : connection_has_made(connection, id);
}

void subscriptions_notify_reservation(struct daemon *daemon,
                                      const struct ledger_reservation *record)
{
    struct json_object *params = NULL;
    uint64_t id = record->id;
    uint64_t failures = build_failures();
    for (struct connection *connection = daemon->connections; connection;
         connection = connection->next) {
        if (!is_concerned(connection, id))
            continue;
        if (!params) {
            params = encode_reservation(daemon, record, encode_missing_kib(daemon, record));
            if (record->state == LEDGER_RECLAIMING)
                build_add(params, "donors", encode_donors(daemon));
        }
        if (failures == build_failures())
            send_event(connection, SUBSCRIPTION_RESERVATION, params);
    }
    json_object_put(params);
}

void subscriptions_notify_decision(struct daemon *daemon, const struct decision *decision)
{
    uint64_t failures = build_failures();
    if (any_subscribed(daemon, SUBSCRIPTION_DECISION))
        send_all(daemon, SUBSCRIPTION_DECISION, encode_decision(decision), failures);
}

void subscriptions_notify_alert(struct daemon *daemon, enum alert_kind name,
                                const struct alert *alert)
{
    uint64_t failures = build_failures();
    if (any_subscribed(daemon, SUBSCRIPTION_ALERT))
        send_all(daemon, SUBSCRIPTION_ALERT, encode_alert(name, alert), failures);
}

/* What somebody set is history, whether anybody listens or not. */
static void record_settings(struct daemon *daemon, const char *what, uint64_t domid, uid_t uid,
                            struct json_object *answer)
{
    char who[HISTORY_WORD];
    struct recorder_news news = RECORDER_NEWS;
    (void)snprintf(who, sizeof(who), "user %u", (unsigned)uid);
    news.domid = domid;
    news.who = who;
    news.what = "setting";
    news.reason = what;
    news.detail = json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN);
    recorder_news(daemon, &news);
}

static void add_members(struct json_object *params, struct json_object *answer)
{
    json_object_object_foreach(answer, key, value) build_add(params, key, json_object_get(value));
}

void subscriptions_notify_settings(struct daemon *daemon, const char *what, uint64_t domid,
                                   uid_t uid, struct json_object *answer)
{
    /* pins_record() has told that one, with who did it. */
    if (strcmp(what, "pin") != 0)
        record_settings(daemon, what, domid, uid, answer);
    if (!any_subscribed(daemon, SUBSCRIPTION_SETTINGS))
        return;
    uint64_t failures = build_failures();
    struct json_object *params = build_object();
    encode_text(params, "what", what);
    encode_u64(params, "domid", domid);
    encode_u64(params, "uid", uid);
    if (!answer)
        build_fail();
    else
        add_members(params, answer);
    send_all(daemon, SUBSCRIPTION_SETTINGS, params, failures);
}

static void forget_donors(struct daemon *daemon)
{
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    for (size_t i = 0; host && i < host->domain_count; i++)
        overlay_domain(daemon->overlay, i)->reclaim_from_kib = 0;
}

/* Those that wait, as long as somebody cares; each in turn is looked up anew by its id. */
static void notify_waiting(struct daemon *daemon)
{
    struct ledger *ledger = reservations_ledger(daemon->reservations);
    struct ledger_sums sums = ledger_sums(ledger);
    const struct ledger_reservation *at = NULL;
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    if (sums.in_state[LEDGER_RECLAIMING] + sums.in_state[LEDGER_REQUESTED] == 0) {
        forget_donors(daemon);
        return;
    }
    if (!daemon->connections || host->free_kib == daemon->told_free_kib)
        return;
    daemon->told_free_kib = host->free_kib;
    for (size_t told = 0; told < TOLD_AT_ONCE && (at = ledger_next(ledger, at));) {
        if (at->state != LEDGER_RECLAIMING)
            continue;
        subscriptions_notify_reservation(daemon, at);
        told++;
    }
}

void subscriptions_notify_progress(struct daemon *daemon)
{
    uint64_t now_usec = daemon_now_usec(daemon);
    notify_waiting(daemon);
    connection_sweep(daemon);
    if (now_usec - daemon->told_usec < BALLAST_SEC_USEC ||
        !any_subscribed(daemon, SUBSCRIPTION_TICK))
        return;
    daemon->told_usec = now_usec;
    uint64_t failures = build_failures();
    struct json_object *params = encode_tick(daemon);
    if (params)
        send_all(daemon, SUBSCRIPTION_TICK, params, failures);
}

int waiters_add(struct connection *connection, struct json_object *id, uint64_t reservation,
                bool is_free)
{
    struct daemon *daemon = connection->daemon;
    struct waiter *waiter = connection->waits < WAITERS_MOST ? calloc(1, sizeof(*waiter)) : NULL;
    if (!waiter)
        return -EBUSY;
    *waiter = (struct waiter){.next = daemon->waiters,
                              .connection = connection,
                              .id = json_object_get(id),
                              .reservation = reservation,
                              .is_free = is_free};
    daemon->waiters = waiter;
    connection->waits++;
    return 0;
}

static bool is_decided(const struct ledger_reservation *record)
{
    return !record || (record->state != LEDGER_REQUESTED && record->state != LEDGER_RECLAIMING);
}

void waiters_answer(struct daemon *daemon)
{
    struct ledger *ledger = reservations_ledger(daemon->reservations);
    struct waiter **at = &daemon->waiters;
    if (!daemon->decided)
        return;
    daemon->decided = false;
    while (*at) {
        struct waiter *waiter = *at;
        if (!is_decided(ledger_find(ledger, waiter->reservation))) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->connection->waits--;
        reply_decided(waiter->connection, waiter->id, waiter->reservation, waiter->is_free);
        json_object_put(waiter->id);
        free(waiter);
    }
}

void waiters_drop(struct connection *connection)
{
    struct daemon *daemon = connection->daemon;
    struct ledger *ledger = reservations_ledger(daemon->reservations);
    struct waiter **at = &daemon->waiters;
    struct ledger_verdict verdict;
    while (*at) {
        struct waiter *waiter = *at;
        if (waiter->connection != connection) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        if (ledger)
            (void)ledger_release(ledger, waiter->reservation, NULL,
                                 reservations_now_usec(daemon->reservations, daemon->overlay),
                                 &verdict, NULL);
        json_object_put(waiter->id);
        free(waiter);
    }
}
