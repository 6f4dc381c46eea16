/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/log.h"

#include <stdarg.h>
#include <stdio.h>

void web_log(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
    (void)fprintf(stderr, "ballast-web: %s\n", text);
}
