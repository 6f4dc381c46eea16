/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_JSON_TREE_H
#define EDGE_JSON_TREE_H

struct json_object;
struct json_scan;

/*
 * The current value, which was scanned without an error, as a tree; release it with
 * json_object_put(). NULL: scan->why is the error in a string, or NULL if out of memory.
 */
struct json_object *json_tree(struct json_scan *scan);

#endif
