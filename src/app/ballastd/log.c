/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/ballastd/engine/log.h"

static int most_level;

static void write_log_line(int level, const char *text)
{
    char line[1088];
    if (level > most_level)
        return;
    (void)snprintf(line, sizeof(line) - 1, isatty(STDERR_FILENO) ? "ballastd: " : "<%d>", level);
    size_t end = strlen(line);
    end += (size_t)snprintf(line + end, sizeof(line) - 1 - end, "%s", text);
    line[end] = '\n';
    /* One write a line, so that lines of two programs do not mix; a log that is full is no reason
     * to stop. */
    ssize_t written = write(STDERR_FILENO, line, end + 1);
    (void)written;
}

void log_open(int most)
{
    most_level = most;
    engine_log_to(write_log_line);
}
