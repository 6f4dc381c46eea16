/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What qubesd and qmemman send each other, as bytes: one request a connection, one answer. Pure:
 * bytes to a request; what a request does is the daemon's. Sizes are bytes. Source:
 * qubes-core-admin, qubes/qmemman/client.py and qubes/tools/qmemmand.py (handle()), whose answers
 * to each kind of input, also to those that Python refuses, are kept.
 */
#ifndef EDGE_QMEMMAN_QMEMMAN_H
#define EDGE_QMEMMAN_QMEMMAN_H

#include <stddef.h>
#include <stdint.h>

/* qmemman reads so much, once; what comes later is a second request. */
enum { QMEMMAN_REQUEST_MOST = 1024 };
/* "1:0 " is the shortest pair. */
enum { QMEMMAN_PAIRS_MOST = QMEMMAN_REQUEST_MOST / 4 };

enum qmemman_kind {
    QMEMMAN_CLOSES,  /* it is closed without an answer */
    QMEMMAN_INVALID, /* answered by qmemman_invalid */
    QMEMMAN_FREES,   /* request_mem: bytes */
    QMEMMAN_SETS,    /* set_mem: pairs */
};

/* A domain and what it is to have, 0: what it prefers. Below 0 is allowed, and done at once. */
struct qmemman_pair {
    uint32_t domid;
    int64_t bytes;
};

struct qmemman_request {
    enum qmemman_kind kind;
    uint64_t bytes; /* one that does not fit is UINT64_MAX */
    struct qmemman_pair pairs[QMEMMAN_PAIRS_MOST];
    size_t pair_count; /* each domain once: of several pairs the last one */
};

/* The request that those bytes are, all that were read at once. */
void qmemman_read(const char *data, size_t length, struct qmemman_request *out);

/* What the file of available memory holds: bytes, which may be below 0, and no newline. */
enum { QMEMMAN_AVAIL_TEXT = 24 };
void qmemman_avail_text(int64_t bytes, char out[QMEMMAN_AVAIL_TEXT]);

extern const char qmemman_ok[];
extern const char qmemman_fail[];
extern const char qmemman_invalid[];

#endif
