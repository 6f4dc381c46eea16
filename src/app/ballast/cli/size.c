/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/size.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"

/* The longest text that is worth showing back. */
enum { SHOWN = 40 };

#define OLDEST_USEC  (UINT64_C(3653) * 86400 * BALLAST_SEC_USEC)
#define LONGEST_USEC (UINT64_C(86400) * BALLAST_SEC_USEC)

static uint64_t unit_usec(const char *word)
{
    if (*word == '\0' || strcmp(word, "s") == 0)
        return BALLAST_SEC_USEC;
    if (strcmp(word, "ms") == 0)
        return BALLAST_SEC_USEC / 1000;
    if (strcmp(word, "m") == 0 || strcmp(word, "min") == 0)
        return 60 * BALLAST_SEC_USEC;
    if (strcmp(word, "h") == 0)
        return 3600 * BALLAST_SEC_USEC;
    return 0;
}

int cli_time_parse(const char *text, uint64_t *out_usec, struct ballast_error *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    uint64_t unit = unit_usec(end);
    uint64_t usec;
    if (text[0] < '0' || text[0] > '9' || errno != 0 || unit == 0 ||
        __builtin_mul_overflow(number, unit, &usec) || usec > LONGEST_USEC)
        return ballast_fail(err, -EINVAL,
                            "'%.*s' is no time up to a day: a whole number of seconds would be "
                            "right, or one with ms, s, m or h at its end",
                            SHOWN, text);
    *out_usec = usec;
    return 0;
}

static uint64_t long_unit_usec(const char *word)
{
    static const struct {
        const char *word;
        uint64_t sec;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(word, units[i].word) == 0)
            return units[i].sec * BALLAST_SEC_USEC;
    }
    return 0;
}

int cli_age_parse(const char *text, uint64_t *out_usec, struct ballast_error *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    uint64_t unit = long_unit_usec(end);
    uint64_t usec;
    if (text[0] < '0' || text[0] > '9' || errno != 0 || unit == 0 || number == 0 ||
        __builtin_mul_overflow(number, unit, &usec) || usec > OLDEST_USEC)
        return ballast_fail(err, -EINVAL,
                            "'%.*s' is no age up to ten years: a whole number with s, m, h, d or w "
                            "at its end would be right",
                            SHOWN, text);
    *out_usec = usec;
    return 0;
}
