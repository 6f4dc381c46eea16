/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One message of the event stream as the bytes that go out, made once and shared by all readers: a
 * slow reader holds on to the one it is in the middle of, and to no other.
 */
#ifndef APP_WEB_FRAME_H
#define APP_WEB_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct frame {
    unsigned refs;
    uint64_t seq; /* rising over all frames of this process, and over its restarts */
    size_t length;
    size_t json_at; /* the JSON alone is a stretch of it */
    size_t json_length;
    char bytes[];
};

/* `json` is one line. NULL: out of memory. */
struct frame *frame_new(uint64_t seq, const char *event, const char *json);
/* A comment, to see whether a reader is still there. */
struct frame *frame_new_beat(void);
struct frame *frame_ref(struct frame *frame);
void frame_unref(struct frame *frame); /* NULL is allowed */

#endif
