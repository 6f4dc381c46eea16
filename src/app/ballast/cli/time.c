/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/error.h"
#include "core/base/units.h"

/* The longest text that is worth showing back. */
enum { SHOWN = 40 };

/* Ten years: nothing is kept as long, and what is counted from now stays far from an overflow. */
#define LONGEST_USEC (UINT64_C(3653) * 86400 * BALLAST_SEC_USEC)

static uint64_t unit_usec(const char *unit)
{
    static const struct {
        const char *name;
        uint64_t usec;
    } units[] = {{"", BALLAST_SEC_USEC},          {"ms", BALLAST_SEC_USEC / 1000},
                 {"s", BALLAST_SEC_USEC},         {"m", 60 * BALLAST_SEC_USEC},
                 {"min", 60 * BALLAST_SEC_USEC},  {"h", 3600 * BALLAST_SEC_USEC},
                 {"d", 86400 * BALLAST_SEC_USEC}, {"w", 604800 * BALLAST_SEC_USEC}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i].name) == 0)
            return units[i].usec;
    }
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
                            "invalid time '%.*s': use a whole number with ms, s, m, h, d or w, up "
                            "to ten years, such as 90s",
                            SHOWN, text);
    *out_usec = usec;
    return 0;
}

uint64_t cli_now_usec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

void cli_sleep(uint64_t usec)
{
    struct timespec span = {.tv_sec = (time_t)(usec / BALLAST_SEC_USEC),
                            .tv_nsec = (long)(usec % BALLAST_SEC_USEC) * 1000};
    (void)nanosleep(&span, NULL);
}
