/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct frame *build_frame(uint64_t seq, const char *head, const char *json, const char *tail)
{
    size_t head_length = strlen(head);
    size_t json_length = strlen(json);
    size_t tail_length = strlen(tail);
    size_t length = head_length + json_length + tail_length;
    struct frame *frame = malloc(sizeof(*frame) + length);
    if (!frame)
        return NULL;
    *frame = (struct frame){.refs = 1,
                            .seq = seq,
                            .length = length,
                            .json_at = head_length,
                            .json_length = json_length};
    memcpy(frame->bytes, head, head_length);
    memcpy(frame->bytes + head_length, json, json_length);
    memcpy(frame->bytes + head_length + json_length, tail, tail_length);
    return frame;
}

struct frame *frame_new(uint64_t seq, const char *event, const char *json)
{
    char head[96];
    (void)snprintf(head, sizeof(head), "id: %" PRIu64 "\nevent: %.32s\ndata: ", seq, event);
    return build_frame(seq, head, json, "\n\n");
}

struct frame *frame_new_beat(void)
{
    return build_frame(0, ":\n\n", "", "");
}

struct frame *frame_ref(struct frame *frame)
{
    frame->refs++;
    return frame;
}

void frame_unref(struct frame *frame)
{
    if (frame && --frame->refs == 0)
        free(frame);
}
