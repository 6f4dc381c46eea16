/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grammar of JSON (RFC 8259) without its meaning: where values begin and end, on which line,
 * and how many there are. Recursion is bounded by JSON_MAX_DEPTH.
 */
#ifndef EDGE_JSON_SCAN_H
#define EDGE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct json_scan {
    const char *data;
    size_t length;
    size_t at;
    unsigned line;
    unsigned depth;
    size_t values;
    size_t containers;
    size_t members;  /* of all objects together */
    bool find_twice; /* stop at a key that its object has already; costs more */
    const char *why; /* what is wrong at `at`, once a function has returned false */
    const char *key; /* of the last member: what stands between its quotes */
    size_t key_length;
};

/* The byte at hand, or -1 at the end. */
int json_scan_peek(const struct json_scan *scan);
void json_scan_space(struct json_scan *scan);
/* Past the value at hand. */
bool json_scan_value(struct json_scan *scan);
/* Past a member's key and its colon, up to its value; sets scan->key. */
bool json_scan_key(struct json_scan *scan);
/*
 * After a member or an item: past a comma (*more) or past `close` (not *more).
 */
bool json_scan_more(struct json_scan *scan, char close, bool *more);
/* Past '{' or '[' and the space behind; *empty where `close` follows at once, and past that too. */
bool json_scan_open(struct json_scan *scan, char close, bool *empty);

/*
 * The line on which the value of `path` ("host.free_kib", "doms[2].id") stands in a document that
 * has been scanned; where it is not there, that of the last part that is.
 */
unsigned json_locate(const char *text, size_t length, unsigned line, const char *path);

#endif
