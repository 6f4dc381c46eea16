/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grammar of JSON (RFC 8259) without its meaning: where values begin and end, on which line,
 * and their number. Recursion is bounded by JSON_MAX_DEPTH.
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
    size_t members;  /* of all objects in total */
    bool find_twice; /* stop at a duplicate key; takes longer */
    bool any_bytes;  /* in strings: see json_reader */
    const char *why; /* the error at `at`, after a function has returned false */
    const char *key; /* of the last member, without its quotes */
    size_t key_length;
};

/* The current byte, or -1 at the end. */
int json_scan_peek(const struct json_scan *scan);
void json_scan_space(struct json_scan *scan);
/* Skips the current value. */
bool json_scan_value(struct json_scan *scan);
/* Skips a member's key and its colon, up to its value; sets scan->key. */
bool json_scan_key(struct json_scan *scan);
/* After a member or an item: skips a comma (*more) or `close` (not *more). */
bool json_scan_more(struct json_scan *scan, char close, bool *more);
/*
 * Skips '{' or '[' and the space after it; *empty if `close` follows at once, which is skipped too.
 */
bool json_scan_open(struct json_scan *scan, char close, bool *empty);

/*
 * The line of the value of `path` ("host.free_kib", "doms[2].id") in a scanned document; if it is
 * missing, that of the last part that exists.
 */
unsigned json_locate(const char *text, size_t length, unsigned line, const char *path);

#endif
