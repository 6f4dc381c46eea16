/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_JSON_TREE_H
#define EDGE_JSON_TREE_H

struct json_object;
struct json_scan;

/*
 * The value at hand, which was scanned before and found right, as a tree; the caller's to put.
 * NULL: scan->why says what is wrong with a string in it, or, where that is NULL, there is no
 * memory.
 */
struct json_object *json_tree(struct json_scan *scan);

#endif
