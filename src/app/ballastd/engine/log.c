/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/base/text.h"

static void (*write_line)(int level, const char *line);

void engine_log_to(void (*sink)(int level, const char *line))
{
    write_line = sink;
}

void engine_log(int level, const char *format, ...)
{
    char line[1024];
    va_list args;
    if (!write_line)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    ballast_text_make_showable(line);
    write_line(level, line);
}
