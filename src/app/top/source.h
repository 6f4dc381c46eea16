/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the screen's figures come from, and where changes go. */
#ifndef APP_TOP_SOURCE_H
#define APP_TOP_SOURCE_H

#include <ballast/error.h>

#include "app/top/host.h"
#include "app/top/state.h"

struct top_source {
    void *context;
    /*
     * Samples the host. A negative errno, with a text to show: `host` is unchanged, and the next
     * sample may succeed.
     */
    int (*look)(void *context, struct top_host *host, struct ballast_error *err);
    /* Readable when receive() has something to take; -1: never, or not now. NULL: never. */
    int (*fd)(void *context);
    /* Takes what has come meanwhile, without waiting. Failures as look(). */
    int (*receive)(void *context, struct top_host *host, struct ballast_error *err);
    /* Asks for a change; what refuses it is in the text. NULL: nothing can be changed. */
    int (*change)(void *context, const struct top_change *change, struct ballast_error *err);
};

struct top_feed;

/* A daemon's, over the sockets in `run_dir`, which must live as long. NULL: out of memory. */
struct top_feed *top_feed_new(const char *run_dir);
void top_feed_free(struct top_feed *feed); /* NULL is allowed */
struct top_source top_feed_source(struct top_feed *feed);

#endif
