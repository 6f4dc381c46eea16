/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has changed from one state of collector.h to the next, so that a reader that has the first
 * need not be sent all of the second:
 *
 *   {"seq": of the next, "since": of the one, "set": {members that are another value},
 *    LIST: {"new": [items], "changed": [items], "order": [keys]}, ...}
 *
 * LIST is domains (key: domid), reservations (id) and events (number), where it has
 * changed. An item of "changed" has its key and the members that differ; one of "new" takes the
 * place of the item of its key. "order" is there where the keys are others, or in another order: an
 * item that is not in it is gone. A list that cannot be encoded so (a key twice, not a list) is in
 * "set".
 */
#ifndef APP_WEB_DELTA_H
#define APP_WEB_DELTA_H

struct json_object;

/* The caller's to put. NULL: out of memory. O(n) where the lists have the same order. */
struct json_object *delta_new(struct json_object *before, struct json_object *after);

#endif
