/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One message of the event stream as bytes, made once and shared by all readers: a slow reader
 * keeps a reference only to the one it is reading.
 */
#ifndef APP_WEB_FRAME_H
#define APP_WEB_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct frame {
    unsigned refs;
    uint64_t seq; /* increasing over all frames, also across restarts */
    size_t length;
    size_t json_at; /* the JSON is a part of the bytes */
    size_t json_length;
    char bytes[];
};

/* `json` is one line. NULL: out of memory. */
struct frame *frame_new(uint64_t seq, const char *event, const char *json);
/* A comment, to detect whether a reader is still there. */
struct frame *frame_new_beat(void);
struct frame *frame_ref(struct frame *frame);
void frame_unref(struct frame *frame); /* NULL is allowed */

#endif
