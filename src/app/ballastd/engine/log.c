/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edge/json/json.h"

static int upto = LOG_INFO;

void engine_log_upto(int most)
{
    upto = most;
}

void engine_log(int level, const char *format, ...)
{
    char line[1024];
    va_list args;
    if (level > upto)
        return;
    int length = isatty(STDERR_FILENO) ? snprintf(line, sizeof(line), "ballastd: ")
                                       : snprintf(line, sizeof(line), "<%d>", level);
    va_start(args, format);
    (void)vsnprintf(line + length, sizeof(line) - 1 - (size_t)length, format, args);
    va_end(args);
    json_printable(line);
    size_t end = strlen(line);
    line[end] = '\n';
    /* One write a line, so that lines of two programs do not mix; a log that is full is no reason
     * to stop. */
    ssize_t written = write(STDERR_FILENO, line, end + 1);
    (void)written;
}
