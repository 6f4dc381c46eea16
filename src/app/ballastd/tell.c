/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/build.h"
#include "app/ballastd/calls.h"
#include "app/ballastd/log.h"
#include "app/ballastd/manager.h"
#include "app/ballastd/shape.h"
#include "core/base/units.h"
#include "edge/wire/methods.h"

/* Those at the head of the line are told how it goes on; for the others nothing does yet. */
enum { TOLD_AT_ONCE = 32 };

struct waiter {
    struct waiter *next;
    struct conn *conn;
    struct json_object *id;
    uint64_t reservation;
    bool is_free;
};

static void send_event(struct conn *conn, enum tell_event event, struct json_object *params)
{
    char *line;
    size_t length;
    if (wire_notification(wire_event_at((size_t)event), json_object_get(params), &line, &length,
                          NULL) == 0)
        conn_send(conn, line, length);
}

static bool wants(const struct conn *conn, enum tell_event event)
{
    return conn->subscribed && (conn->events & (1U << event)) != 0;
}

static bool anybody_wants(const struct daemon *daemon, enum tell_event event)
{
    for (const struct conn *conn = daemon->conns; conn; conn = conn->next) {
        if (wants(conn, event))
            return true;
    }
    return false;
}

/* What was begun at so many failures is told whole or not at all: the next one will be. */
static void send_all(struct daemon *daemon, enum tell_event event, struct json_object *params,
                     uint64_t failures)
{
    bool is_whole = failures == build_failures();
    if (!is_whole)
        daemon_log(DAEMON_WARNING, "%s: out of memory, nobody is told",
                   wire_event_at((size_t)event));
    for (struct conn *conn = daemon->conns; conn; conn = conn->next) {
        if (is_whole && wants(conn, event))
            send_event(conn, event, params);
    }
    json_object_put(params);
}

static bool cares(const struct conn *conn, uint64_t id)
{
    return conn->subscribed ? wants(conn, TELL_RESERVATION) : conn_has_made(conn, id);
}

void tell_reservation(struct daemon *daemon, const struct ledger_reservation *record)
{
    struct json_object *params = NULL;
    uint64_t id = record->id;
    uint64_t failures = build_failures();
    for (struct conn *conn = daemon->conns; conn; conn = conn->next) {
        if (!cares(conn, id))
            continue;
        if (!params) {
            params = shape_reservation(daemon, record, shape_missing_kib(daemon, record));
            if (record->state == LEDGER_FREEING)
                build_add(params, "givers", shape_givers(daemon));
        }
        if (failures == build_failures())
            send_event(conn, TELL_RESERVATION, params);
    }
    json_object_put(params);
}

void tell_decision(struct daemon *daemon, const struct decision *decision)
{
    uint64_t failures = build_failures();
    if (anybody_wants(daemon, TELL_DECISION))
        send_all(daemon, TELL_DECISION, shape_decision(decision), failures);
}

void tell_alert(struct daemon *daemon, enum alert_name name, const struct alert *alert)
{
    uint64_t failures = build_failures();
    if (anybody_wants(daemon, TELL_ALERT))
        send_all(daemon, TELL_ALERT, shape_alert(name, alert), failures);
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

void tell_settings(struct daemon *daemon, const char *what, uint64_t domid, uid_t uid,
                   struct json_object *answer)
{
    /* pins_tell() has told that one, with who did it. */
    if (strcmp(what, "pin") != 0)
        record_settings(daemon, what, domid, uid, answer);
    if (!anybody_wants(daemon, TELL_SETTINGS))
        return;
    uint64_t failures = build_failures();
    struct json_object *params = build_object();
    shape_text(params, "what", what);
    shape_u64(params, "domid", domid);
    shape_u64(params, "uid", uid);
    if (!answer)
        build_fail();
    else
        add_members(params, answer);
    send_all(daemon, TELL_SETTINGS, params, failures);
}

static void forget_givers(struct daemon *daemon)
{
    const struct ballast_host *host = daemon_view_host(daemon->view);
    for (size_t i = 0; host && i < host->domain_count; i++)
        daemon_view_domain(daemon->view, i)->gave_from_kib = 0;
}

/* Those that wait, as long as somebody cares; each in turn is looked up anew by its id. */
static void tell_waiting(struct daemon *daemon)
{
    struct ledger *ledger = promises_ledger(daemon->promises);
    struct ledger_sums sums = ledger_sums(ledger);
    const struct ledger_reservation *at = NULL;
    const struct ballast_host *host = daemon_view_host(daemon->view);
    if (sums.in_state[LEDGER_FREEING] + sums.in_state[LEDGER_ASKED] == 0) {
        forget_givers(daemon);
        return;
    }
    if (!daemon->conns || host->free_kib == daemon->told_free_kib)
        return;
    daemon->told_free_kib = host->free_kib;
    for (size_t told = 0; told < TOLD_AT_ONCE && (at = ledger_next(ledger, at));) {
        if (at->state != LEDGER_FREEING)
            continue;
        tell_reservation(daemon, at);
        told++;
    }
}

void tell_progress(struct daemon *daemon)
{
    uint64_t now_usec = daemon_now_usec(daemon);
    tell_waiting(daemon);
    conn_sweep(daemon);
    if (now_usec - daemon->told_usec < BALLAST_SEC_USEC || !anybody_wants(daemon, TELL_TICK))
        return;
    daemon->told_usec = now_usec;
    uint64_t failures = build_failures();
    struct json_object *params = shape_tick(daemon);
    if (params)
        send_all(daemon, TELL_TICK, params, failures);
}

int tell_wait(struct conn *conn, struct json_object *id, uint64_t reservation, bool is_free)
{
    struct daemon *daemon = conn->daemon;
    struct waiter *waiter = conn->waits < TELL_WAITS ? calloc(1, sizeof(*waiter)) : NULL;
    if (!waiter)
        return -EBUSY;
    *waiter = (struct waiter){.next = daemon->waiters,
                              .conn = conn,
                              .id = json_object_get(id),
                              .reservation = reservation,
                              .is_free = is_free};
    daemon->waiters = waiter;
    conn->waits++;
    return 0;
}

static bool is_decided(const struct ledger_reservation *record)
{
    return !record || (record->state != LEDGER_ASKED && record->state != LEDGER_FREEING);
}

void tell_waiters(struct daemon *daemon)
{
    struct ledger *ledger = promises_ledger(daemon->promises);
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
        waiter->conn->waits--;
        calls_decided(waiter->conn, waiter->id, waiter->reservation, waiter->is_free);
        json_object_put(waiter->id);
        free(waiter);
    }
}

void tell_forget(struct conn *conn)
{
    struct daemon *daemon = conn->daemon;
    struct ledger *ledger = promises_ledger(daemon->promises);
    struct waiter **at = &daemon->waiters;
    struct ledger_verdict verdict;
    while (*at) {
        struct waiter *waiter = *at;
        if (waiter->conn != conn) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        if (ledger)
            (void)ledger_release(ledger, waiter->reservation, NULL,
                                 promises_now_usec(daemon->promises, daemon->view), &verdict, NULL);
        json_object_put(waiter->id);
        free(waiter);
    }
}
