/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions of what units.h declares, for files with loops over all domains: there the calls took
 * more than half of a decision's time (docs/benchmarks.md), and a division by a constant is a
 * multiplication. units.c defines the functions from the same text, for all other callers.
 */
#ifndef CORE_BASE_UNITS_INLINE_H
#define CORE_BASE_UNITS_INLINE_H

#include <stdint.h>

#include "core/base/units.h"

/* GNU's extern inline: never a definition of its own, as in glibc's bits/stdlib-float.h. */
#ifndef UNITS_DEFINITION
#define UNITS_DEFINITION extern inline __attribute__((gnu_inline))
#endif

UNITS_DEFINITION uint64_t ballast_mul_div(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t product;
    if (!__builtin_mul_overflow(a, b, &product))
        return product / c;
    unsigned __int128 result = (unsigned __int128)a * b / c;
    return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

UNITS_DEFINITION uint64_t ballast_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

UNITS_DEFINITION uint64_t ballast_max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

UNITS_DEFINITION uint64_t ballast_sub_floor(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

UNITS_DEFINITION uint64_t ballast_add_ceil(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

#endif
