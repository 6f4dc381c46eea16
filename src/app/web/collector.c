/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/collector.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/web/delta.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "edge/json/field.h"

enum part {
    PART_STATUS,
    PART_HOST,
    PART_DOMAINS,
    PART_POLICY,
    PART_RESERVATIONS,
    PART_EVENTS,
    PARTS
};

enum {
    PAGE = 512,  /* of a listing: the daemon's limit for one answer */
    PAGES = 128, /* a bound, in case the daemon's pages never end */
    TRIES = 3,   /* until the answers are of the same moment */
};

static const char *const methods[PARTS] = {"status", "host",         "domains",
                                           "policy", "reservations", "events"};

struct collector {
    struct link *link;
    void (*changed)(void *context);
    void *context;
    bool watched;
    bool wanted; /* a request waits for it */
    bool dirty;  /* the daemon has notified of a change */
    bool under_way;
    unsigned tries;
    unsigned pages;
    unsigned closed_pages;
    uint64_t begun_bytes; /* that had arrived by then */
    uint64_t begun_usec;
    uint64_t taken_usec; /* of the last complete one; 0: none on this connection */
    uint64_t asked[PARTS];
    struct json_object *part[PARTS]; /* of the one under way */
    struct json_object *closed;      /* reservations, the newest last */
    uint64_t closed_asked;           /* the listing that fills `closed` once */
    char problem[256];
    uint64_t seq;
    struct json_object *state;
    struct frame *frame;  /* of the state, made at the first request */
    struct frame *change; /* from the previous state, while pages are open */
    uint64_t state_seq;
    uint64_t change_since;
    struct frame *away;
    char why[256];
};

static struct json_object *member_array(const struct json_object *object, const char *key)
{
    struct json_object *value = json_field(object, key);
    return json_object_is_type(value, json_type_array) ? value : NULL;
}

struct collector *collector_new(struct link *link, void (*changed)(void *context), void *context,
                                uint64_t first_seq)
{
    struct collector *collector = calloc(1, sizeof(*collector));
    if (!collector)
        return NULL;
    *collector =
        (struct collector){.link = link, .changed = changed, .context = context, .seq = first_seq};
    collector->closed = json_object_new_array();
    return collector;
}

static void drop_parts(struct collector *collector)
{
    for (int i = 0; i < PARTS; i++) {
        json_object_put(collector->part[i]);
        collector->part[i] = NULL;
        collector->asked[i] = 0;
    }
    collector->under_way = false;
}

void collector_free(struct collector *collector)
{
    if (!collector)
        return;
    drop_parts(collector);
    json_object_put(collector->closed);
    json_object_put(collector->state);
    frame_unref(collector->frame);
    frame_unref(collector->change);
    frame_unref(collector->away);
    free(collector);
}

static void ask_part(struct collector *collector, enum part part, const char *after, uint64_t value,
                     uint64_t now_usec)
{
    struct json_object *params = json_object_new_object();
    if (part == PART_DOMAINS || part == PART_RESERVATIONS)
        json_object_object_add(params, "most", json_object_new_int(PAGE));
    if (part == PART_EVENTS)
        json_object_object_add(params, "most", json_object_new_int(COLLECTOR_EVENTS));
    if (part == PART_RESERVATIONS)
        json_object_object_add(params, "open", json_object_new_boolean(true));
    if (after)
        json_object_object_add(params, after, json_object_new_uint64(value));
    collector->asked[part] = link_ask(collector->link, methods[part], params, now_usec);
}

static void begin_round(struct collector *collector, uint64_t now_usec)
{
    drop_parts(collector);
    collector->under_way = true;
    collector->dirty = false;
    collector->pages = 0;
    collector->begun_bytes = link_received(collector->link);
    collector->begun_usec = now_usec;
    collector->problem[0] = '\0';
    for (int i = 0; i < PARTS; i++)
        ask_part(collector, (enum part)i, NULL, 0, now_usec);
    if (collector->asked[PARTS - 1] == 0)
        drop_parts(collector); /* not all of it could be sent: try later */
}

static uint64_t sum_of(const struct json_object *domains, const char *key, int dom0)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < json_count(domains); i++) {
        const struct json_object *domain = json_object_array_get_idx(domains, i);
        if (dom0 < 0 || json_field_bool(domain, "dom0") == dom0)
            sum_kib = ballast_add_ceil(sum_kib, json_field_sum(domain, key));
    }
    return sum_kib;
}

/* Between two answers the daemon may have sampled the host again; then they do not sum. */
static bool is_whole(const struct collector *collector)
{
    const struct json_object *parts = json_field(collector->part[PART_HOST], "parts");
    const struct json_object *domains = member_array(collector->part[PART_DOMAINS], "domains");
    return parts && sum_of(domains, "current_kib", 0) == json_field_sum(parts, "domains") &&
           sum_of(domains, "current_kib", 1) == json_field_sum(parts, "dom0") &&
           sum_of(domains, "overhead_kib", -1) == json_field_sum(parts, "overhead");
}

static void keep_last(struct json_object *items, size_t most)
{
    size_t count = json_object_array_length(items);
    if (count > most)
        (void)json_object_array_del_idx(items, 0, count - most);
}

static void note_problem(struct collector *collector, const char *method, const char *why)
{
    if (!collector->problem[0])
        (void)snprintf(collector->problem, sizeof(collector->problem), "%s: %.200s", method, why);
}

/* Keeps an item for the next round: at most this many, none larger than the daemon makes them. */
static void keep_item(struct collector *collector, struct json_object *items,
                      struct json_object *item, size_t most)
{
    if (strlen(json_object_to_json_string_ext(item, JSON_C_TO_STRING_PLAIN)) >
        COLLECTOR_ITEM_MOST) {
        note_problem(collector, "daemon", "one of its answers is too long to be kept");
        return;
    }
    json_object_array_add(items, json_object_get(item));
    keep_last(items, most);
}

static bool is_closed(const struct collector *collector, const struct json_object *reservation)
{
    for (size_t i = 0; i < json_count(collector->closed); i++) {
        if (json_field_sum(json_object_array_get_idx(collector->closed, i), "id") ==
            json_field_sum(reservation, "id"))
            return true;
    }
    return false;
}

/* A new list of the same items: the collector's own list will change. */
static struct json_object *list_items(const struct json_object *items)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < json_count(items); i++)
        json_object_array_add(list, json_object_get(json_object_array_get_idx(items, i)));
    return list;
}

/* A reservation that was closed while the answers arrived may be in both; closed is final. */
static struct json_object *all_reservations(const struct collector *collector)
{
    struct json_object *all = list_items(collector->closed);
    const struct json_object *open =
        member_array(collector->part[PART_RESERVATIONS], "reservations");
    for (size_t i = 0; i < json_count(open); i++) {
        struct json_object *one = json_object_array_get_idx(open, i);
        if (!is_closed(collector, one))
            json_object_array_add(all, json_object_get(one));
    }
    return all;
}

static struct json_object *build_state(struct collector *collector)
{
    struct json_object *state = json_object_new_object();
    struct json_object *domains = member_array(collector->part[PART_DOMAINS], "domains");
    json_object_object_add(state, "seq", json_object_new_uint64(collector->seq));
    json_object_object_add(state, "daemon", json_object_get(link_hello(collector->link)));
    json_object_object_add(state, "status", json_object_get(collector->part[PART_STATUS]));
    json_object_object_add(state, "host", json_object_get(collector->part[PART_HOST]));
    json_object_object_add(state, "policy", json_object_get(collector->part[PART_POLICY]));
    json_object_object_add(state, "domains",
                           domains ? json_object_get(domains) : json_object_new_array());
    json_object_object_add(state, "reservations", all_reservations(collector));
    json_object_object_add(state, "events",
                           json_object_get(member_array(collector->part[PART_EVENTS], "events")));
    json_object_object_add(state, "problem",
                           collector->problem[0] ? json_object_new_string(collector->problem)
                                                 : NULL);
    json_object_object_add(state, "whole", json_object_new_boolean(is_whole(collector)));
    return state;
}

static struct frame *frame_of(uint64_t seq, const char *event, struct json_object *object)
{
    return frame_new(seq, event,
                     json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* Takes the new state, and what has changed since the last one. */
static void publish_state(struct collector *collector, struct json_object *state)
{
    struct json_object *delta =
        collector->watched && collector->state ? delta_new(collector->state, state) : NULL;
    frame_unref(collector->change);
    frame_unref(collector->frame);
    collector->frame = NULL;
    collector->change = delta ? frame_of(collector->seq, "change", delta) : NULL;
    collector->change_since = collector->state_seq;
    json_object_put(delta);
    json_object_put(collector->state);
    collector->state = state;
    collector->state_seq = collector->seq;
}

static void finish_round(struct collector *collector, uint64_t now_usec)
{
    bool has_host = collector->part[PART_HOST] != NULL;
    if (has_host && !is_whole(collector) && ++collector->tries < TRIES) {
        begin_round(collector, now_usec);
        return;
    }
    collector->tries = 0;
    collector->seq++;
    publish_state(collector, build_state(collector));
    drop_parts(collector);
    collector->taken_usec = now_usec;
    collector->wanted = false;
    collector->changed(collector->context);
}

/* The next page of a listing, where there is one. */
static void next_page(struct collector *collector, enum part part, const struct json_object *answer,
                      uint64_t now_usec)
{
    const char *id = part == PART_DOMAINS ? "domid" : "id";
    const struct json_object *items = member_array(answer, methods[part]);
    if (!json_field_bool(answer, "more") || json_count(items) == 0)
        return;
    if (++collector->pages > PAGES ||
        link_received(collector->link) - collector->begun_bytes > COLLECTOR_MOST_BYTES / 2) {
        note_problem(collector, methods[part], "there are too many to show; the rest is omitted");
        return;
    }
    ask_part(collector, part, "after",
             json_field_sum(json_object_array_get_idx(items, json_count(items) - 1), id), now_usec);
}

static void take_listing(struct collector *collector, enum part part, struct json_object *answer,
                         uint64_t now_usec)
{
    if (!collector->part[part]) {
        collector->part[part] = json_object_get(answer);
    } else {
        struct json_object *all = member_array(collector->part[part], methods[part]);
        const struct json_object *items = member_array(answer, methods[part]);
        for (size_t i = 0; all && i < json_count(items); i++)
            json_object_array_add(all, json_object_get(json_object_array_get_idx(items, i)));
    }
    next_page(collector, part, answer, now_usec);
}

static void take_part(struct collector *collector, enum part part,
                      const struct wire_message *answer, uint64_t now_usec)
{
    collector->asked[part] = 0;
    if (answer->error_code) {
        note_problem(collector, methods[part], answer->error_text);
    } else if (link_received(collector->link) - collector->begun_bytes > COLLECTOR_MOST_BYTES) {
        note_problem(collector, methods[part], "there are too many to show");
    } else if (part == PART_DOMAINS || part == PART_RESERVATIONS) {
        take_listing(collector, part, answer->result, now_usec);
    } else {
        json_object_put(collector->part[part]);
        collector->part[part] = json_object_get(answer->result);
    }
}

static bool is_open(const struct json_object *reservation)
{
    const char *state = json_field_string(reservation, "state");
    return strcmp(state, "requested") == 0 || strcmp(state, "reclaiming") == 0 ||
           strcmp(state, "granted") == 0 || strcmp(state, "bound") == 0;
}

static void close_one(struct collector *collector, struct json_object *reservation)
{
    if (!json_field(reservation, "state") || is_open(reservation) ||
        is_closed(collector, reservation))
        return;
    keep_item(collector, collector->closed, reservation, COLLECTOR_CLOSED);
}

/* Once per connection: reservations that were closed before, in pages. */
static void take_closed(struct collector *collector, const struct wire_message *answer,
                        uint64_t now_usec)
{
    const struct json_object *items = member_array(answer->result, "reservations");
    collector->closed_asked = 0;
    for (size_t i = 0; i < json_count(items); i++)
        close_one(collector, json_object_array_get_idx(items, i));
    if (!json_field_bool(answer->result, "more") || json_count(items) == 0 ||
        ++collector->closed_pages > PAGES)
        return;
    struct json_object *params = json_object_new_object();
    json_object_object_add(params, "after",
                           json_object_new_uint64(json_field_sum(
                               json_object_array_get_idx(items, json_count(items) - 1), "id")));
    collector->closed_asked = link_ask(collector->link, "reservations", params, now_usec);
}

bool collector_answered(struct collector *collector, uint64_t id, const struct wire_message *answer,
                        uint64_t now_usec)
{
    if (id == collector->closed_asked) {
        take_closed(collector, answer, now_usec);
        return true;
    }
    for (int i = 0; i < PARTS; i++) {
        if (collector->asked[i] != id)
            continue;
        take_part(collector, (enum part)i, answer, now_usec);
        for (int left = 0; left < PARTS; left++) {
            if (collector->asked[left] != 0)
                return true;
        }
        finish_round(collector, now_usec);
        return true;
    }
    return false;
}

void collector_notified(struct collector *collector, const char *method, struct json_object *params)
{
    if (strcmp(method, "reservation-changed") == 0)
        close_one(collector, params);
    collector->dirty = true;
}

static void subscribe_events(struct collector *collector, uint64_t now_usec)
{
    static const char *const events[] = {"reservation-changed", "event", "tick", "settings-changed",
                                         "alert"};
    struct json_object *params = json_object_new_object();
    struct json_object *names = json_object_new_array();
    /*
     * The daemon notifies only once of the end of a reservation, so subscribe even without readers.
     */
    for (size_t i = 0; i < (collector->watched ? sizeof(events) / sizeof(events[0]) : 1); i++)
        json_object_array_add(names, json_object_new_string(events[i]));
    json_object_object_add(params, "events", names);
    (void)link_ask(collector->link, "subscribe", params, now_usec);
}

void collector_up(struct collector *collector, uint64_t now_usec)
{
    frame_unref(collector->away);
    collector->away = NULL;
    collector->why[0] = '\0';
    keep_last(collector->closed, 0);
    subscribe_events(collector, now_usec);
    collector->closed_asked = link_ask(collector->link, "reservations", NULL, now_usec);
    collector->tries = 0;
    collector->closed_pages = 0;
    begin_round(collector, now_usec);
}

void collector_down(struct collector *collector, const char *why)
{
    struct json_object *away = json_object_new_object();
    drop_parts(collector);
    collector->closed_asked = 0;
    collector->taken_usec = 0;
    collector->wanted = false;
    collector->seq++;
    (void)snprintf(collector->why, sizeof(collector->why), "%s", why);
    json_object_object_add(away, "message", json_object_new_string(collector->why));
    frame_unref(collector->away);
    collector->away = frame_new(collector->seq, "away", json_object_to_json_string(away));
    json_object_put(away);
    collector->changed(collector->context);
}

void collector_watch(struct collector *collector, bool on, uint64_t now_usec)
{
    if (collector->watched == on)
        return;
    collector->watched = on;
    collector->dirty = on;
    if (link_is_up(collector->link))
        subscribe_events(collector, now_usec);
}

bool collector_want(struct collector *collector, uint64_t age_usec, uint64_t now_usec)
{
    if (!link_is_up(collector->link) ||
        (collector->taken_usec != 0 && now_usec - collector->taken_usec <= age_usec))
        return true;
    collector->wanted = true;
    return false;
}

uint64_t collector_due_usec(const struct collector *collector)
{
    if (!link_is_up(collector->link) || collector->under_way)
        return BALLAST_NONE;
    if (collector->wanted)
        return 0;
    if (!collector->watched)
        return BALLAST_NONE;
    return collector->begun_usec + (collector->dirty ? COLLECTOR_LEAST_USEC : COLLECTOR_MOST_USEC);
}

void collector_turn(struct collector *collector, uint64_t now_usec)
{
    if (now_usec >= collector_due_usec(collector))
        begin_round(collector, now_usec);
}

uint64_t collector_seq(const struct collector *collector)
{
    return collector->state_seq;
}

struct frame *collector_frame(struct collector *collector)
{
    if (!collector->frame && collector->state)
        collector->frame = frame_of(collector->state_seq, "state", collector->state);
    return collector->frame;
}

struct frame *collector_change(const struct collector *collector, uint64_t has)
{
    return collector->change && collector->change_since == has ? collector->change : NULL;
}

struct frame *collector_away(const struct collector *collector)
{
    return collector->away;
}

const struct json_object *collector_state(const struct collector *collector)
{
    return collector->state;
}

const char *collector_why_away(const struct collector *collector)
{
    return collector->why[0] ? collector->why : NULL;
}
