/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/units.h"

#include <errno.h>
#include <inttypes.h>

#include "core/base/error.h"

#define UNITS_DEFINITION
#include "core/base/units_inline.h"

int ballast_kib_add(uint64_t a_kib, uint64_t b_kib, uint64_t *out_kib, struct ballast_error *err)
{
    uint64_t sum_kib;
    if (__builtin_add_overflow(a_kib, b_kib, &sum_kib))
        return ballast_fail(err, -EOVERFLOW,
                            "%" PRIu64 " KiB + %" PRIu64 " KiB is more than 64 bits", a_kib, b_kib);
    *out_kib = sum_kib;
    return 0;
}

int ballast_kib_sub(uint64_t a_kib, uint64_t b_kib, uint64_t *out_kib, struct ballast_error *err)
{
    if (b_kib > a_kib)
        return ballast_fail(err, -ERANGE, "%" PRIu64 " KiB - %" PRIu64 " KiB is below zero", a_kib,
                            b_kib);
    *out_kib = a_kib - b_kib;
    return 0;
}

int ballast_kib_mul(uint64_t a_kib, uint64_t times, uint64_t *out_kib, struct ballast_error *err)
{
    uint64_t product_kib;
    if (__builtin_mul_overflow(a_kib, times, &product_kib))
        return ballast_fail(err, -EOVERFLOW, "%" PRIu64 " KiB x %" PRIu64 " is more than 64 bits",
                            a_kib, times);
    *out_kib = product_kib;
    return 0;
}

int ballast_kib_round_up(uint64_t a_kib, uint64_t step_kib, uint64_t *out_kib,
                         struct ballast_error *err)
{
    uint64_t over_kib = a_kib % step_kib;
    if (over_kib == 0) {
        *out_kib = a_kib;
        return 0;
    }
    return ballast_kib_add(a_kib, step_kib - over_kib, out_kib, err);
}

int ballast_kib_from_mib(uint64_t mib, uint64_t *out_kib, struct ballast_error *err)
{
    return ballast_kib_mul(BALLAST_MIB_KIB, mib, out_kib, err);
}

int ballast_kib_from_pages(uint64_t pages, uint64_t *out_kib, struct ballast_error *err)
{
    return ballast_kib_mul(BALLAST_PAGE_KIB, pages, out_kib, err);
}

uint64_t ballast_div_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}
