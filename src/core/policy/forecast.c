/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/forecast.h"

#include "core/base/units.h"

#define USEC_MAX (UINT64_C(1) << 53)

static uint64_t given_kib(const struct forecast_giver *givers, size_t count, uint64_t usec)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t could_kib = ballast_mul_div(givers[i].rate_kib, usec, BALLAST_SEC_USEC);
        sum_kib = ballast_add_ceil(sum_kib, ballast_min_u64(could_kib, givers[i].gives_kib));
    }
    return sum_kib;
}

uint64_t forecast_usec(const struct forecast_giver *givers, size_t count, uint64_t missing_kib)
{
    if (given_kib(givers, count, USEC_MAX) < missing_kib)
        return UINT64_MAX;
    uint64_t low = 0;
    uint64_t high = USEC_MAX;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (given_kib(givers, count, middle) >= missing_kib)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
