/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/top/bar.h"

#include "core/base/units.h"

void top_bar_divide(const uint64_t *kib, size_t count, unsigned width, unsigned *end)
{
    uint64_t whole_kib = 0;
    unsigned seen = 0;
    for (size_t i = 0; i < count; i++) {
        whole_kib = ballast_add_ceil(whole_kib, kib[i]);
        seen += kib[i] > 0;
    }
    unsigned shared = width > seen ? width - seen : 0;
    uint64_t sum_kib = 0;
    unsigned given = 0;
    for (size_t i = 0; i < count; i++) {
        sum_kib = ballast_add_ceil(sum_kib, kib[i]);
        given += kib[i] > 0;
        unsigned at = whole_kib ? given + (unsigned)ballast_mul_div(sum_kib, shared, whole_kib) : 0;
        end[i] = at < width ? at : width;
    }
}

unsigned top_bar_place(const uint64_t *kib, size_t count, const unsigned *end, uint64_t at_kib)
{
    uint64_t before_kib = 0;
    unsigned from = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t inside_kib = ballast_sub_floor(at_kib, before_kib);
        if (inside_kib < kib[i])
            return from + (unsigned)ballast_mul_div(inside_kib, end[i] - from, kib[i]);
        before_kib = ballast_add_ceil(before_kib, kib[i]);
        from = end[i];
    }
    return from;
}
