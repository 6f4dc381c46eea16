/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of bounded length from a file descriptor, given out as soon as they are there. */
#ifndef APP_BALLAST_CLI_LINES_H
#define APP_BALLAST_CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct cli_lines {
    int fd;
    size_t most; /* bytes of a line, its end excluded; a longer one is passed over */
    char *buf;
    size_t size;
    size_t start;   /* of what has not been given out */
    size_t end;     /* of what has been read */
    size_t looked;  /* up to here there is no end of a line */
    bool skipping;  /* the line in the buffer is too long: it is thrown away as it comes */
    bool at_end;    /* of the input */
    unsigned count; /* of the lines so far, those passed over included */
};

void cli_lines_begin(struct cli_lines *lines, int fd, size_t most);
void cli_lines_release(struct cli_lines *lines);
/*
 * 1: a line, without its end, in *line until the next call; the last one may lack its end. 0: the
 * input has ended. -EFBIG: a line was longer than the most, and has been passed over. Other
 * negative errnos are those of read(); -ENOMEM.
 */
int cli_lines_next(struct cli_lines *lines, const char **line, size_t *length);

#endif
