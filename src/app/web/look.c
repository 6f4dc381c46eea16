/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/look.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/web/delta.h"
#include "core/base/units.h"
#include "core/model/host.h"

enum part {
    PART_STATUS,
    PART_HOST,
    PART_DOMAINS,
    PART_POLICY,
    PART_RESERVATIONS,
    PART_DECISIONS,
    PART_EVENTS,
    PARTS
};

enum {
    PAGE = 512,  /* of a listing: as much as the daemon gives at once */
    PAGES = 128, /* a daemon that goes in circles must not make us do so */
    TRIES = 3,   /* until the answers are of one moment */
};

static const char *const methods[PARTS] = {"status",       "host",      "domains", "policy",
                                           "reservations", "decisions", "why"};

struct look {
    struct link *link;
    void (*changed)(void *context);
    void *context;
    bool watched;
    bool wanted; /* by somebody who waits for it */
    bool dirty;  /* something has been said to have changed */
    bool under_way;
    unsigned tries;
    unsigned pages;
    unsigned closed_pages;
    uint64_t begun_bytes; /* that had come by then */
    uint64_t begun_usec;
    uint64_t taken_usec; /* the last whole one; 0: none on this connection */
    uint64_t asked[PARTS];
    struct json_object *part[PARTS]; /* of the one under way */
    struct json_object *closed;      /* reservations, the newest last */
    struct json_object *decisions;   /* the newest last */
    uint64_t last_decision;
    uint64_t closed_asked; /* the listing that fills `closed` once */
    char problem[256];
    uint64_t seq;
    struct json_object *state;
    struct frame *frame;  /* of it, once somebody wants it whole */
    struct frame *change; /* from the one before, while pages are open */
    uint64_t state_seq;
    uint64_t change_since;
    struct frame *away;
    char why[256];
};

static struct json_object *member(const struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    if (object && json_object_is_type(object, json_type_object))
        (void)json_object_object_get_ex(object, key, &value);
    return value;
}

static uint64_t number(const struct json_object *object, const char *key)
{
    return json_object_get_uint64(member(object, key));
}

static struct json_object *array(const struct json_object *object, const char *key)
{
    struct json_object *value = member(object, key);
    return json_object_is_type(value, json_type_array) ? value : NULL;
}

static size_t length_of(const struct json_object *items)
{
    return items ? json_object_array_length(items) : 0;
}

struct look *look_new(struct link *link, void (*changed)(void *context), void *context,
                      uint64_t first_seq)
{
    struct look *look = calloc(1, sizeof(*look));
    if (!look)
        return NULL;
    *look = (struct look){.link = link, .changed = changed, .context = context, .seq = first_seq};
    look->closed = json_object_new_array();
    look->decisions = json_object_new_array();
    return look;
}

static void drop_parts(struct look *look)
{
    for (int i = 0; i < PARTS; i++) {
        json_object_put(look->part[i]);
        look->part[i] = NULL;
        look->asked[i] = 0;
    }
    look->under_way = false;
}

void look_free(struct look *look)
{
    if (!look)
        return;
    drop_parts(look);
    json_object_put(look->closed);
    json_object_put(look->decisions);
    json_object_put(look->state);
    frame_unref(look->frame);
    frame_unref(look->change);
    frame_unref(look->away);
    free(look);
}

static void ask(struct look *look, enum part part, const char *after, uint64_t value,
                uint64_t now_usec)
{
    struct json_object *params = json_object_new_object();
    if (part == PART_DOMAINS || part == PART_RESERVATIONS || part == PART_DECISIONS)
        json_object_object_add(params, "most", json_object_new_int(PAGE));
    if (part == PART_EVENTS)
        json_object_object_add(params, "most", json_object_new_int(LOOK_EVENTS));
    if (part == PART_RESERVATIONS)
        json_object_object_add(params, "open", json_object_new_boolean(true));
    if (after)
        json_object_object_add(params, after, json_object_new_uint64(value));
    look->asked[part] = link_ask(look->link, methods[part], params, now_usec);
}

static void begin(struct look *look, uint64_t now_usec)
{
    drop_parts(look);
    look->under_way = true;
    look->dirty = false;
    look->pages = 0;
    look->begun_bytes = link_received(look->link);
    look->begun_usec = now_usec;
    look->problem[0] = '\0';
    for (int i = 0; i < PARTS; i++) {
        if (i == PART_DECISIONS && look->last_decision > 0)
            ask(look, PART_DECISIONS, "since", look->last_decision, now_usec);
        else
            ask(look, (enum part)i, NULL, 0, now_usec);
    }
    if (look->asked[PARTS - 1] == 0)
        drop_parts(look); /* not all of it could be sent: later, then */
}

static uint64_t sum_of(const struct json_object *domains, const char *key, int dom0)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < length_of(domains); i++) {
        const struct json_object *domain = json_object_array_get_idx(domains, i);
        if (dom0 < 0 || json_object_get_boolean(member(domain, "dom0")) == dom0)
            sum_kib = ballast_add_ceil(sum_kib, number(domain, key));
    }
    return sum_kib;
}

/* Between two answers the daemon may have looked at the host again; then they do not sum. */
static bool is_whole(const struct look *look)
{
    const struct json_object *parts = member(look->part[PART_HOST], "parts");
    const struct json_object *domains = array(look->part[PART_DOMAINS], "domains");
    return parts && sum_of(domains, "actual_kib", 0) == number(parts, "domains") &&
           sum_of(domains, "actual_kib", 1) == number(parts, "dom0") &&
           sum_of(domains, "overhead_kib", -1) == number(parts, "overhead");
}

static void keep_last(struct json_object *items, size_t most)
{
    size_t count = json_object_array_length(items);
    if (count > most)
        (void)json_object_array_del_idx(items, 0, count - most);
}

static void complain(struct look *look, const char *method, const char *why)
{
    if (!look->problem[0])
        (void)snprintf(look->problem, sizeof(look->problem), "%s: %.200s", method, why);
}

/* Kept from one look to the next, at most so many of them, none larger than any of ours. */
static void keep(struct look *look, struct json_object *items, struct json_object *item,
                 size_t most)
{
    if (strlen(json_object_to_json_string_ext(item, JSON_C_TO_STRING_PLAIN)) > LOOK_ITEM_MOST) {
        complain(look, "daemon", "one of its answers is too long to be kept");
        return;
    }
    json_object_array_add(items, json_object_get(item));
    keep_last(items, most);
}

static void take_decisions(struct look *look)
{
    const struct json_object *answer = look->part[PART_DECISIONS];
    const struct json_object *fresh = array(answer, "decisions");
    for (size_t i = 0; i < length_of(fresh); i++) {
        struct json_object *decision = json_object_array_get_idx(fresh, i);
        if (number(decision, "number") <= look->last_decision)
            continue;
        look->last_decision = number(decision, "number");
        keep(look, look->decisions, decision, LOOK_DECISIONS);
    }
}

static bool is_closed(const struct look *look, const struct json_object *reservation)
{
    for (size_t i = 0; i < length_of(look->closed); i++) {
        if (number(json_object_array_get_idx(look->closed, i), "id") == number(reservation, "id"))
            return true;
    }
    return false;
}

/* A list of the same items: the look's own goes on changing. */
static struct json_object *listed(const struct json_object *items)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < length_of(items); i++)
        json_object_array_add(list, json_object_get(json_object_array_get_idx(items, i)));
    return list;
}

/* One that was closed while the answers came may be in both; closing is the last thing it does. */
static struct json_object *all_reservations(const struct look *look)
{
    struct json_object *all = listed(look->closed);
    const struct json_object *open = array(look->part[PART_RESERVATIONS], "reservations");
    for (size_t i = 0; i < length_of(open); i++) {
        struct json_object *one = json_object_array_get_idx(open, i);
        if (!is_closed(look, one))
            json_object_array_add(all, json_object_get(one));
    }
    return all;
}

static struct json_object *build(struct look *look)
{
    struct json_object *state = json_object_new_object();
    struct json_object *domains = array(look->part[PART_DOMAINS], "domains");
    json_object_object_add(state, "seq", json_object_new_uint64(look->seq));
    json_object_object_add(state, "daemon", json_object_get(link_hello(look->link)));
    json_object_object_add(state, "status", json_object_get(look->part[PART_STATUS]));
    json_object_object_add(state, "host", json_object_get(look->part[PART_HOST]));
    json_object_object_add(state, "policy", json_object_get(look->part[PART_POLICY]));
    json_object_object_add(state, "domains",
                           domains ? json_object_get(domains) : json_object_new_array());
    json_object_object_add(state, "reservations", all_reservations(look));
    json_object_object_add(state, "decisions", listed(look->decisions));
    json_object_object_add(state, "events",
                           json_object_get(array(look->part[PART_EVENTS], "events")));
    json_object_object_add(state, "problem",
                           look->problem[0] ? json_object_new_string(look->problem) : NULL);
    json_object_object_add(state, "whole", json_object_new_boolean(is_whole(look)));
    return state;
}

static struct frame *frame_of(uint64_t seq, const char *event, struct json_object *object)
{
    return frame_new(seq, event,
                     json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* Takes the new state; who has the last one is told what has changed. */
static void show(struct look *look, struct json_object *state)
{
    struct json_object *delta = look->watched && look->state ? delta_new(look->state, state) : NULL;
    frame_unref(look->change);
    frame_unref(look->frame);
    look->frame = NULL;
    look->change = delta ? frame_of(look->seq, "change", delta) : NULL;
    look->change_since = look->state_seq;
    json_object_put(delta);
    json_object_put(look->state);
    look->state = state;
    look->state_seq = look->seq;
}

static void finish(struct look *look, uint64_t now_usec)
{
    bool has_host = look->part[PART_HOST] != NULL;
    if (has_host && !is_whole(look) && ++look->tries < TRIES) {
        take_decisions(look);
        begin(look, now_usec);
        return;
    }
    look->tries = 0;
    look->seq++;
    take_decisions(look);
    show(look, build(look));
    drop_parts(look);
    look->taken_usec = now_usec;
    look->wanted = false;
    look->changed(look->context);
}

/* The next page of a listing, where there is one. */
static void go_on(struct look *look, enum part part, const struct json_object *answer,
                  uint64_t now_usec)
{
    const char *id = part == PART_DOMAINS ? "domid" : "id";
    const struct json_object *items = array(answer, methods[part]);
    if (!json_object_get_boolean(member(answer, "more")) || length_of(items) == 0)
        return;
    if (++look->pages > PAGES ||
        link_received(look->link) - look->begun_bytes > LOOK_MOST_BYTES / 2) {
        complain(look, methods[part], "it is too much to be shown; the rest is left out");
        return;
    }
    ask(look, part, "after", number(json_object_array_get_idx(items, length_of(items) - 1), id),
        now_usec);
}

static void take_listing(struct look *look, enum part part, struct json_object *answer,
                         uint64_t now_usec)
{
    if (!look->part[part]) {
        look->part[part] = json_object_get(answer);
    } else {
        struct json_object *all = array(look->part[part], methods[part]);
        const struct json_object *items = array(answer, methods[part]);
        for (size_t i = 0; all && i < length_of(items); i++)
            json_object_array_add(all, json_object_get(json_object_array_get_idx(items, i)));
    }
    go_on(look, part, answer, now_usec);
}

static void take_part(struct look *look, enum part part, const struct wire_message *answer,
                      uint64_t now_usec)
{
    look->asked[part] = 0;
    if (answer->error_code) {
        /* An older daemon keeps no events. */
        if (part != PART_EVENTS || answer->error_code != WIRE_METHOD_NOT_FOUND)
            complain(look, methods[part], answer->error_text);
    } else if (link_received(look->link) - look->begun_bytes > LOOK_MOST_BYTES) {
        complain(look, methods[part], "it is too much to be shown");
    } else if (part == PART_DOMAINS || part == PART_RESERVATIONS) {
        take_listing(look, part, answer->result, now_usec);
    } else {
        json_object_put(look->part[part]);
        look->part[part] = json_object_get(answer->result);
    }
}

static bool is_open(const struct json_object *reservation)
{
    const char *state = json_object_get_string(member(reservation, "state"));
    return state && (strcmp(state, "asked") == 0 || strcmp(state, "freeing") == 0 ||
                     strcmp(state, "granted") == 0 || strcmp(state, "bound") == 0);
}

static void close_one(struct look *look, struct json_object *reservation)
{
    if (!member(reservation, "state") || is_open(reservation) || is_closed(look, reservation))
        return;
    keep(look, look->closed, reservation, LOOK_CLOSED);
}

/* Once a connection: those that were closed before we came, in pages. */
static void take_closed(struct look *look, const struct wire_message *answer, uint64_t now_usec)
{
    const struct json_object *items = array(answer->result, "reservations");
    look->closed_asked = 0;
    for (size_t i = 0; i < length_of(items); i++)
        close_one(look, json_object_array_get_idx(items, i));
    if (!json_object_get_boolean(member(answer->result, "more")) || length_of(items) == 0 ||
        ++look->closed_pages > PAGES)
        return;
    struct json_object *params = json_object_new_object();
    json_object_object_add(params, "after",
                           json_object_new_uint64(number(
                               json_object_array_get_idx(items, length_of(items) - 1), "id")));
    look->closed_asked = link_ask(look->link, "reservations", params, now_usec);
}

bool look_answered(struct look *look, uint64_t id, const struct wire_message *answer,
                   uint64_t now_usec)
{
    if (id == look->closed_asked) {
        take_closed(look, answer, now_usec);
        return true;
    }
    for (int i = 0; i < PARTS; i++) {
        if (look->asked[i] != id)
            continue;
        take_part(look, (enum part)i, answer, now_usec);
        for (int left = 0; left < PARTS; left++) {
            if (look->asked[left] != 0)
                return true;
        }
        finish(look, now_usec);
        return true;
    }
    return false;
}

void look_told(struct look *look, const char *method, struct json_object *params)
{
    if (strcmp(method, "reservation-changed") == 0)
        close_one(look, params);
    look->dirty = true;
}

static void subscribe(struct look *look, uint64_t now_usec)
{
    static const char *const events[] = {"reservation-changed", "decision", "tick",
                                         "settings-changed", "alert"};
    struct json_object *params = json_object_new_object();
    struct json_object *names = json_object_new_array();
    /* What a reservation came to is told once, so that is listened to always. */
    for (size_t i = 0; i < (look->watched ? sizeof(events) / sizeof(events[0]) : 1); i++)
        json_object_array_add(names, json_object_new_string(events[i]));
    json_object_object_add(params, "events", names);
    (void)link_ask(look->link, "subscribe", params, now_usec);
}

void look_up(struct look *look, uint64_t now_usec)
{
    frame_unref(look->away);
    look->away = NULL;
    look->why[0] = '\0';
    look->last_decision = 0;
    keep_last(look->closed, 0);
    keep_last(look->decisions, 0);
    subscribe(look, now_usec);
    look->closed_asked = link_ask(look->link, "reservations", NULL, now_usec);
    look->tries = 0;
    look->closed_pages = 0;
    begin(look, now_usec);
}

void look_down(struct look *look, const char *why)
{
    struct json_object *away = json_object_new_object();
    drop_parts(look);
    look->closed_asked = 0;
    look->taken_usec = 0;
    look->wanted = false;
    look->seq++;
    (void)snprintf(look->why, sizeof(look->why), "%s", why);
    json_object_object_add(away, "message", json_object_new_string(look->why));
    frame_unref(look->away);
    look->away = frame_new(look->seq, "away", json_object_to_json_string(away));
    json_object_put(away);
    look->changed(look->context);
}

void look_watch(struct look *look, bool on, uint64_t now_usec)
{
    if (look->watched == on)
        return;
    look->watched = on;
    look->dirty = on;
    if (link_is_up(look->link))
        subscribe(look, now_usec);
}

bool look_want(struct look *look, uint64_t age_usec, uint64_t now_usec)
{
    if (!link_is_up(look->link) ||
        (look->taken_usec != 0 && now_usec - look->taken_usec <= age_usec))
        return true;
    look->wanted = true;
    return false;
}

uint64_t look_due_usec(const struct look *look)
{
    if (!link_is_up(look->link) || look->under_way)
        return BALLAST_NONE;
    if (look->wanted)
        return 0;
    if (!look->watched)
        return BALLAST_NONE;
    return look->begun_usec + (look->dirty ? LOOK_LEAST_USEC : LOOK_MOST_USEC);
}

void look_turn(struct look *look, uint64_t now_usec)
{
    if (now_usec >= look_due_usec(look))
        begin(look, now_usec);
}

uint64_t look_seq(const struct look *look)
{
    return look->state_seq;
}

struct frame *look_frame(struct look *look)
{
    if (!look->frame && look->state)
        look->frame = frame_of(look->state_seq, "state", look->state);
    return look->frame;
}

struct frame *look_change(const struct look *look, uint64_t has)
{
    return look->change && look->change_since == has ? look->change : NULL;
}

struct frame *look_away(const struct look *look)
{
    return look->away;
}

const struct json_object *look_state(const struct look *look)
{
    return look->state;
}

const char *look_why_away(const struct look *look)
{
    return look->why[0] ? look->why : NULL;
}
