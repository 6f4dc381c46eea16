/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_SIZE = 1 << 16 };

void cli_lines_begin(struct cli_lines *lines, int fd, size_t most)
{
    *lines = (struct cli_lines){.fd = fd, .most = most};
}

void cli_lines_release(struct cli_lines *lines)
{
    free(lines->buf);
    *lines = (struct cli_lines){.fd = -1};
}

/* Room to read into: what was given out goes, then the buffer grows, up to the most and an end. */
static int make_lines_room(struct cli_lines *lines)
{
    if (lines->start > 0) {
        memmove(lines->buf, lines->buf + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->looked -= lines->start;
        lines->start = 0;
    }
    if (lines->end < lines->size)
        return 0;
    size_t size = lines->size ? 2 * lines->size : FIRST_SIZE;
    if (size > lines->most + 1)
        size = lines->most + 1;
    char *buf = realloc(lines->buf, size);
    if (!buf)
        return -ENOMEM;
    lines->buf = buf;
    lines->size = size;
    return 0;
}

static int read_more(struct cli_lines *lines)
{
    int rc = make_lines_room(lines);
    if (rc < 0)
        return rc;
    ssize_t got;
    do {
        got = read(lines->fd, lines->buf + lines->end, lines->size - lines->end);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    lines->end += (size_t)got;
    lines->at_end = got == 0;
    return 0;
}

/* Returns what is before `end`; `next` is where the following line begins. */
static int give_line(struct cli_lines *lines, size_t end, size_t next, const char **line,
                     size_t *length)
{
    bool too_long = lines->skipping || end - lines->start > lines->most;
    *line = lines->buf + lines->start;
    *length = end - lines->start;
    lines->start = lines->looked = next;
    lines->skipping = false;
    lines->count++;
    return too_long ? -EFBIG : 1;
}

int cli_lines_next(struct cli_lines *lines, const char **line, size_t *length)
{
    for (;;) {
        size_t new_bytes = lines->end - lines->looked;
        char *end = new_bytes ? memchr(lines->buf + lines->looked, '\n', new_bytes) : NULL;
        if (end) {
            size_t at = (size_t)(end - lines->buf);
            return give_line(lines, at, at + 1, line, length);
        }
        lines->looked = lines->end;
        if (lines->at_end) {
            if (lines->start == lines->end && !lines->skipping)
                return 0;
            return give_line(lines, lines->end, lines->end, line, length);
        }
        if (lines->end - lines->start > lines->most) {
            lines->skipping = true;
            lines->start = lines->end;
        }
        int rc = read_more(lines);
        if (rc < 0)
            return rc;
    }
}
