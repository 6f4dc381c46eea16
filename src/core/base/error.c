/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 4, 0))) static int
fill_error(struct ballast_error *err, int code, int subject, const char *format, va_list args)
{
    if (err) {
        err->code = code;
        err->subject = subject;
        (void)vsnprintf(err->text, sizeof(err->text), format, args);
    }
    return code;
}

int ballast_fail(struct ballast_error *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = fill_error(err, code, BALLAST_ERROR_NO_SUBJECT, format, args);
    va_end(args);
    return rc;
}

int ballast_fail_at(struct ballast_error *err, int code, int subject, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = fill_error(err, code, subject, format, args);
    va_end(args);
    return rc;
}
