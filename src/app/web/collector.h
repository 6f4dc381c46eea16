/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last state of the host, built from several answers of the daemon: one object for all clients.
 * The collector only queries the daemon on demand: `collector_watch()` while pages are open,
 * `collector_want()` for one answer.
 *
 * The object: `seq` (as the frame's), `daemon` (result of hello), `status`, `host`, `policy`
 * (results of those methods, null if the daemon had no answer), `domains` (an array of all),
 * `reservations` (all open ones, and the last COLLECTOR_CLOSED others), `events` (the last
 * COLLECTOR_EVENTS of all domains, the oldest first), `problem` (null, or why a member is null),
 * and `whole` (whether the domains sum to the host's parts: the answers are of the same moment).
 * The answers are not modified.
 *
 * Memory is bounded whatever the daemon sends: a round accepts COLLECTOR_MOST_BYTES of answers, and
 * what is kept from one round to the next is limited in number and to COLLECTOR_ITEM_MOST bytes
 * each.
 */
#ifndef APP_WEB_COLLECTOR_H
#define APP_WEB_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "app/web/frame.h"
#include "app/web/link.h"

enum {
    COLLECTOR_CLOSED = 32,
    COLLECTOR_EVENTS = 64,
    COLLECTOR_ITEM_MOST = 8192,     /* bytes of a reservation as JSON; ours have some 700 */
    COLLECTOR_MOST_BYTES = 4 << 20, /* of answers to one collector: some 3000 domains */
};

/* A new state at most this often, and, without notifications of a change, at least this often. */
#define COLLECTOR_LEAST_USEC UINT64_C(250000)
#define COLLECTOR_MOST_USEC  UINT64_C(2000000)

struct collector;
struct json_object;

/*
 * `changed` is called for a new collector_frame() or collector_away(), or if a requested round
 * failed.
 */
struct collector *collector_new(struct link *link, void (*changed)(void *context), void *context,
                                uint64_t first_seq);
void collector_free(struct collector *collector); /* NULL is allowed */

/* The events of the link. */
void collector_up(struct collector *collector, uint64_t now_usec);
void collector_down(struct collector *collector, const char *why);
/* false: it was not a request of the collector. */
bool collector_answered(struct collector *collector, uint64_t id, const struct wire_message *answer,
                        uint64_t now_usec);
void collector_notified(struct collector *collector, const char *method,
                        struct json_object *params);

/* `on`: pages are open. */
void collector_watch(struct collector *collector, bool on, uint64_t now_usec);
/* Whether the state is at most `age_usec` old; if not, and the daemon is up, starts a round. */
bool collector_want(struct collector *collector, uint64_t age_usec, uint64_t now_usec);
uint64_t collector_due_usec(const struct collector *collector);
void collector_turn(struct collector *collector, uint64_t now_usec);

/* The sequence of the last state; 0 before the first one. */
uint64_t collector_seq(const struct collector *collector);
/*
 * The last state; NULL before the first one, or out of memory. Owned by the collector; made at the
 * first call.
 */
struct frame *collector_frame(struct collector *collector);
/*
 * What changed since the state `has` (delta.h); NULL if that is not the previous one. Owned by the
 * collector.
 */
struct frame *collector_change(const struct collector *collector, uint64_t has);
/* An object with `message` while the daemon is away, else NULL. Owned by the collector. */
struct frame *collector_away(const struct collector *collector);
/*
 * The last state as objects; NULL before the first one. Owned by the collector, until its next
 * turn.
 */
const struct json_object *collector_state(const struct collector *collector);
const char *collector_why_away(const struct collector *collector); /* NULL: it is up */

#endif
