/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon last said of the host, put together out of its answers: one object for everybody.
 * The daemon is only asked while somebody wants to know: `look_watch()` while pages are open,
 * `look_want()` for one answer.
 *
 * The object: `seq` (as the frame's), `daemon` (result of hello), `status`, `host`, `policy`
 * (results of those methods, null where the daemon could not say), `domains` (an array: all of
 * them), `reservations` (all open ones, and the last LOOK_CLOSED others), `decisions` (the last
 * LOOK_DECISIONS), `events` (the last LOOK_EVENTS of what `why` tells of everybody, the oldest
 * first; null where the daemon keeps none), `problem` (null, or why something is null), and `whole`
 * (whether the domains sum to the host's parts: the answers are of the same moment). Nothing in
 * them is changed.
 *
 * Whatever the daemon says, what is kept is bounded: a look takes LOOK_MOST_BYTES of answers, what
 * is kept from one look to the next is counted, and each of these is LOOK_ITEM_MOST bytes at most.
 */
#ifndef APP_WEB_LOOK_H
#define APP_WEB_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "app/web/frame.h"
#include "app/web/link.h"

enum {
    LOOK_CLOSED = 32,
    LOOK_DECISIONS = 128,
    LOOK_EVENTS = 64,
    LOOK_ITEM_MOST = 8192,     /* bytes of a reservation or decision as JSON; ours have some 700 */
    LOOK_MOST_BYTES = 4 << 20, /* of answers to one look: some 3000 domains */
};

/* Pages are told this often at the most, and this often when nothing is said to have changed. */
#define LOOK_LEAST_USEC UINT64_C(250000)
#define LOOK_MOST_USEC  UINT64_C(2000000)

struct look;
struct json_object;

/* `changed`: there is another look_frame(), look_away(), or a look that was wanted has failed. */
struct look *look_new(struct link *link, void (*changed)(void *context), void *context,
                      uint64_t first_seq);
void look_free(struct look *look); /* NULL is allowed */

/* What the link says goes here. */
void look_up(struct look *look, uint64_t now_usec);
void look_down(struct look *look, const char *why);
/* false: it was not asked here. */
bool look_answered(struct look *look, uint64_t id, const struct wire_message *answer,
                   uint64_t now_usec);
void look_told(struct look *look, const char *method, struct json_object *params);

/* Whether pages are open. */
void look_watch(struct look *look, bool on, uint64_t now_usec);
/* Whether what is there is no older than `age_usec`; if not, and the daemon is there, it is asked.
 */
bool look_want(struct look *look, uint64_t age_usec, uint64_t now_usec);
uint64_t look_due_usec(const struct look *look);
void look_turn(struct look *look, uint64_t now_usec);

/* The sequence of the last state; 0 before the first one. */
uint64_t look_seq(const struct look *look);
/* The last state; NULL before the first one, or out of memory. The look's; made when first asked
 * for. */
struct frame *look_frame(struct look *look);
/* What has changed since the state `has` (delta.h); NULL where that is not the one before. The
 * look's. */
struct frame *look_change(const struct look *look, uint64_t has);
/* An object with `message` while the daemon is away; NULL while it is there. The look's. */
struct frame *look_away(const struct look *look);
/* The same state as objects; NULL before the first one. The look's, until the next turn. */
const struct json_object *look_state(const struct look *look);
const char *look_why_away(const struct look *look); /* NULL: it is there */

#endif
