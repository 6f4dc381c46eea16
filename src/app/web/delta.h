/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The changes from one state of collector.h to the next, so that a reader of the first need not
 * receive all of the second:
 *
 *   {"seq": of the second, "since": of the first, "set": {members with a new value},
 *    LIST: {"new": [items], "changed": [items], "order": [keys]}, ...}
 *
 * LIST is domains (key: domid), reservations (id) and events (number), if it changed. An
 * item of "changed" has its key and the members that differ; one of "new" replaces the item with
 * its key. "order" is present if the keys or their order changed: an item that is not in it is
 * gone. A list that cannot be encoded so (a duplicate key, not a list) is in "set".
 */
#ifndef APP_WEB_DELTA_H
#define APP_WEB_DELTA_H

struct json_object;

/*
 * The caller releases it with json_object_put(). NULL: out of memory. O(n) if the lists have the
 * same order.
 */
struct json_object *delta_new(struct json_object *before, struct json_object *after);

#endif
