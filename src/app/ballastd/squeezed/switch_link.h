/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kept connection to the message switch: one request at a time, each with its answer. */
#ifndef APP_BALLASTD_SQUEEZED_SWITCH_LINK_H
#define APP_BALLASTD_SQUEEZED_SWITCH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct switch_reading;

struct switch_link {
    uv_pipe_t pipe; /* data: this */
    uv_connect_t connect;
    char *data; /* the answer's head, or a piece of its body */
    size_t length;
    bool busy;    /* a request is not answered yet */
    bool in_body; /* of an answer with that status, which has so many bytes to come */
    unsigned status;
    size_t left;
    struct switch_reading *reading; /* NULL: nothing in the answer is looked for */
    bool closing;
    const char *why; /* it is closed; NULL while it is not */
    /*
     * The request has been answered, and its reading, which stays the link's, has all of the body
     * where the status is 200; or the connection has ended, and is closed: see why.
     */
    void (*answered)(struct switch_link *link, unsigned status, struct switch_reading *reading);
    void (*connected)(struct switch_link *link);
    void *context;
};

/* Connects to that socket, then calls one of the two above. NULL: out of memory. */
struct switch_link *switch_link_new(uv_loop_t *loop, const char *path,
                                    const struct switch_link *to);
/* Neither is called any more; the link frees itself. NULL is allowed. */
void switch_link_close(struct switch_link *link);
/*
 * Sends a request; only while it is not busy. body NULL: a GET, else a POST. The reading, which may
 * be NULL, is the link's from then on.
 */
void switch_link_ask(struct switch_link *link, const char *path, const char *body, size_t length,
                     struct switch_reading *reading);

#endif
