/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/forecast.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/units.h"

#define USEC_MAX (UINT64_C(1) << 53)

static uint64_t reclaimed_kib(const struct forecast_donor *donors, size_t count, bool fast,
                              uint64_t usec)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t rate_kib_per_sec =
            fast ? donors[i].pace.max_kib_per_sec : donors[i].pace.min_kib_per_sec;
        uint64_t could_kib = ballast_mul_div(rate_kib_per_sec, usec, BALLAST_SEC_USEC);
        sum_kib = ballast_add_ceil(sum_kib, ballast_min_u64(could_kib, donors[i].reclaim_kib));
    }
    return sum_kib;
}

static uint64_t forecast_usec(const struct forecast_donor *donors, size_t count, bool fast,
                              uint64_t missing_kib)
{
    if (reclaimed_kib(donors, count, fast, USEC_MAX) < missing_kib)
        return UINT64_MAX;
    uint64_t low = 0;
    uint64_t high = USEC_MAX;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (reclaimed_kib(donors, count, fast, middle) >= missing_kib)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct forecast forecast_of(const struct forecast_donor *donors, size_t count, uint64_t missing_kib)
{
    return (struct forecast){.min_usec = forecast_usec(donors, count, true, missing_kib),
                             .max_usec = forecast_usec(donors, count, false, missing_kib)};
}

/*
 * In the largest unit of which there are at least two, rounded up: a forecast should not be too
 * short.
 */
static void say_time(uint64_t usec, uint64_t *number, const char **unit)
{
    uint64_t sec = ballast_div_up(usec, BALLAST_SEC_USEC);
    static const struct {
        const char *unit;
        uint64_t sec;
    } units[] = {{"days", 86400}, {"h", 3600}, {"min", 60}};
    *number = sec;
    *unit = "s";
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (sec < 2 * units[i].sec)
            continue;
        *number = ballast_div_up(sec, units[i].sec);
        *unit = units[i].unit;
        return;
    }
}

size_t forecast_text(const struct forecast *forecast, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    uint64_t low;
    uint64_t high;
    const char *low_unit;
    const char *high_unit;
    say_time(forecast->min_usec, &low, &low_unit);
    say_time(forecast->max_usec, &high, &high_unit);
    bool same_unit = strcmp(low_unit, high_unit) == 0;
    if (forecast->max_usec == UINT64_MAX)
        ballast_text_add(&text, "never");
    else if (forecast->max_usec < BALLAST_SEC_USEC)
        ballast_text_add(&text, "less than 1 s");
    else if (same_unit && low == high)
        ballast_text_add(&text, "about %" PRIu64 " %s", high, high_unit);
    else if (same_unit)
        ballast_text_add(&text, "about %" PRIu64 " to %" PRIu64 " %s", low, high, high_unit);
    else
        ballast_text_add(&text, "about %" PRIu64 " %s to %" PRIu64 " %s", low, low_unit, high,
                         high_unit);
    return text.length;
}
