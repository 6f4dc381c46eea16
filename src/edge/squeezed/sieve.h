/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Picks a few values out of JSON that comes in pieces, of any length. Only those are kept, one at a
 * time and bounded, and only those are checked beyond their brackets.
 */
#ifndef EDGE_SQUEEZED_SIEVE_H
#define EDGE_SQUEEZED_SIEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIEVE_KEYS = 3,
    SIEVE_PATHS = 2,
    SIEVE_DEPTH = 63,
    /* Characters of a string that are kept; the rest is cut off. */
    SIEVE_STRING_MOST = (1 << 16) + 1,
    /* A value's text: four such strings, if each character is written \u0000. */
    SIEVE_VALUE_MOST = 4 * 6 * (1 << 16) + (1 << 12),
};

/* Where a value is: the keys above it, as they are written; NULL stands for any item of an array.
 */
struct sieve_path {
    size_t depth;
    const char *keys[SIEVE_KEYS];
};

struct sieve {
    char opens; /* what the whole has to begin with: '{' or '[' */
    struct sieve_path paths[SIEVE_PATHS];
    size_t path_count;
    /* A value, within brackets: "[7]". Below 0: the reading ends with that. */
    int (*take)(void *context, size_t path, const char *text, size_t length);
    void *context;

    /* Its own, 0 at first. */
    int rc;
    bool begun;
    bool in_string;
    bool in_key;
    bool has_key;         /* and its colon: a value is to come */
    bool in_value;        /* one has begun at this depth */
    unsigned escape_left; /* characters of an escape that are to come */
    bool escape_begins;
    unsigned depth;
    uint64_t objects;                  /* a bit a depth: an object, else an array */
    unsigned matching[SIEVE_KEYS + 1]; /* a bit a path that fits down to that depth */
    unsigned entered;                  /* a bit a path: what it is in was there */
    char key[256];
    size_t key_length;
    size_t string_length;
    unsigned taking; /* at this depth; 0: no value is being kept */
    size_t taking_path;
    char *value;
    size_t length;
    size_t room;
};

/* The next piece. -EBADMSG, -ENOMEM, or what take() returned; then ever after. */
int sieve_add(struct sieve *sieve, const char *data, size_t length);
/* After the last one. -EBADMSG: it is not whole. */
int sieve_end(const struct sieve *sieve);
void sieve_release(struct sieve *sieve);

#endif
