/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kept connection to the message switch: one request at a time, each with its answer. */
#ifndef APP_BALLASTD_SQUEEZED_SWITCH_LINK_H
#define APP_BALLASTD_SQUEEZED_SWITCH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct switch_link {
    uv_pipe_t pipe; /* data: this */
    uv_connect_t connect;
    char *data;
    size_t length;
    size_t room;
    bool busy; /* a request is not answered yet */
    bool closing;
    const char *why; /* it is closed; NULL while it is not */
    /* The answer to the request, or body NULL: the connection has ended, and is closed: see why. */
    void (*answered)(struct switch_link *link, unsigned status, const char *body, size_t length);
    void (*connected)(struct switch_link *link);
    void *context;
};

/* Connects to that socket, then calls one of the two above. NULL: out of memory. */
struct switch_link *switch_link_new(uv_loop_t *loop, const char *path,
                                    const struct switch_link *to);
/* Neither is called any more; the link frees itself. NULL is allowed. */
void switch_link_close(struct switch_link *link);
/* Sends a request; only while it is not busy. body NULL: a GET, else a POST. */
void switch_link_ask(struct switch_link *link, const char *path, const char *body, size_t length);

#endif
