/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the tests of the readers; cmocka needs its four headers before its own. */
#ifndef TESTS_READERS_CHECK_H
#define TESTS_READERS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/error.h>

/* The text as a copy without a terminator, so that a sanitizer sees a read past its end. */
static inline char *unterminated(const char *text, size_t length)
{
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

/* The failure has that code, and a text that begins so and contains that. */
static inline void check_error(int rc, int code, const struct ballast_error *err, const char *begin,
                               const char *contains)
{
    if (rc != code || strncmp(err->text, begin, strlen(begin)) != 0 || !strstr(err->text, contains))
        fail_msg("rc %d (wanted %d), text \"%s\" (wanted \"%s\" ... \"%s\")", rc, code,
                 rc < 0 ? err->text : "", begin, contains);
    assert_int_equal(err->code, code);
    assert_null(strchr(err->text, '\n'));
}

#endif
