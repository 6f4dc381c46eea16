/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Splits bytes into lines. [begin, end) of the buffer is undelivered, [begin, searched) of it is
 * known to have no newline, so that each byte is examined once. Delivered bytes are removed from
 * the front when they are at least as many as the rest, so that each byte is moved once on average.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/wire/line.h"

struct wire_decoder {
    enum wire_from from;
    char *buf;
    size_t size;
    size_t begin;
    size_t searched;
    size_t end;
};

enum { FIRST_SIZE = 512 };

struct wire_decoder *wire_decoder_new(enum wire_from from)
{
    struct wire_decoder *decoder = calloc(1, sizeof(*decoder));
    if (decoder)
        decoder->from = from;
    return decoder;
}

static void release_buffer(struct wire_decoder *decoder)
{
    free(decoder->buf);
    *decoder = (struct wire_decoder){.from = decoder->from};
}

void wire_decoder_free(struct wire_decoder *decoder)
{
    if (!decoder)
        return;
    release_buffer(decoder);
    free(decoder);
}

size_t wire_decoder_pending(const struct wire_decoder *decoder)
{
    return decoder->end - decoder->begin;
}

bool wire_decoder_has_line(const struct wire_decoder *decoder)
{
    return decoder->end > decoder->searched &&
           memchr(decoder->buf + decoder->searched, '\n', decoder->end - decoder->searched) != NULL;
}

static int make_buffer_room(struct wire_decoder *decoder, size_t length)
{
    size_t pending = wire_decoder_pending(decoder);
    if (decoder->size - decoder->end >= length)
        return 0;
    if (decoder->begin >= pending && decoder->size - pending >= length) {
        memmove(decoder->buf, decoder->buf + decoder->begin, pending);
        decoder->searched -= decoder->begin;
        decoder->begin = 0;
        decoder->end = pending;
        return 0;
    }
    size_t size = decoder->size ? decoder->size : FIRST_SIZE;
    while (size - decoder->end < length)
        size *= 2;
    char *buf = realloc(decoder->buf, size);
    if (!buf)
        return -ENOMEM;
    decoder->buf = buf;
    decoder->size = size;
    return 0;
}

int wire_decoder_feed(struct wire_decoder *decoder, const void *data, size_t length,
                      struct ballast_error *err)
{
    if (length > WIRE_HELD_MOST - wire_decoder_pending(decoder))
        return ballast_fail(err, -ENOBUFS, "more than %d bytes are waiting to be read",
                            WIRE_HELD_MOST);
    if (length == 0)
        return 0;
    if (make_buffer_room(decoder, length) < 0)
        return ballast_fail(err, -ENOMEM, "out of memory");
    memcpy(decoder->buf + decoder->end, data, length);
    decoder->end += length;
    return 0;
}

/* 1: *line and *length are the next line; 0: there is none; -EMSGSIZE. */
static int find_line(struct wire_decoder *decoder, const char **line, size_t *length,
                     struct ballast_error *err)
{
    if (decoder->begin == decoder->end)
        return 0;
    const char *newline =
        memchr(decoder->buf + decoder->searched, '\n', decoder->end - decoder->searched);
    decoder->searched = newline ? (size_t)(newline - decoder->buf) : decoder->end;
    if (decoder->searched - decoder->begin > WIRE_LINE_MOST)
        return ballast_fail(err, -EMSGSIZE, "a line is longer than %d bytes", WIRE_LINE_MOST);
    *line = decoder->buf + decoder->begin;
    *length = decoder->searched - decoder->begin;
    return newline != NULL;
}

static bool is_blank_line(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    }
    return true;
}

int wire_decoder_next(struct wire_decoder *decoder, struct wire_message *out,
                      struct ballast_error *err)
{
    const char *line = NULL;
    size_t length = 0;
    int rc;
    while ((rc = find_line(decoder, &line, &length, err)) > 0) {
        bool blank = is_blank_line(line, length);
        if (!blank && (rc = wire_line_read(line, length, decoder->from, out, err)) < 0)
            return rc;
        decoder->begin = ++decoder->searched;
        if (!blank)
            return 1;
    }
    if (rc == 0 && decoder->begin == decoder->end)
        release_buffer(decoder);
    return rc;
}
