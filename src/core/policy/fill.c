/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The level is found by bisection in floating point, in a fixed number of passes; the result is
 * whole pages. Rounding down leaves less than a page per part, which a last pass hands out.
 */
#include "core/policy/fill.h"

#include "core/base/units.h"

#define HALVINGS 44

static double at_level(const struct fill_part *part, double level)
{
    double low = (double)part->low_kib;
    double high = (double)part->high_kib;
    double kib = level * (double)part->weight;
    return kib < low ? low : kib > high ? high : kib;
}

static double sum_at(const struct fill_part *parts, size_t count, double level)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += at_level(&parts[i], level);
    return sum;
}

static double top_level(const struct fill_part *parts, size_t count)
{
    double top = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].weight == 0)
            continue;
        double level = (double)parts[i].high_kib / (double)parts[i].weight;
        top = level > top ? level : top;
    }
    return top;
}

static double find_level(const struct fill_part *parts, size_t count, double total)
{
    double low = 0;
    double high = top_level(parts, count);
    if (sum_at(parts, count, high) <= total)
        return high;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;
        if (sum_at(parts, count, middle) <= total)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static uint64_t whole_pages(const struct fill_part *part, double kib)
{
    uint64_t rounded_kib = (uint64_t)kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    return ballast_max_u64(part->low_kib, ballast_min_u64(part->high_kib, rounded_kib));
}

void fill_by_weight(struct fill_part *parts, size_t count, uint64_t total_kib)
{
    double level = find_level(parts, count, (double)total_kib);
    uint64_t given_kib = 0;
    for (size_t i = 0; i < count; i++) {
        double kib = at_level(&parts[i], level);
        /* At its bound a part is exact, in whole pages or not. */
        if (kib >= (double)parts[i].high_kib)
            parts[i].out_kib = parts[i].high_kib;
        else
            parts[i].out_kib = whole_pages(&parts[i], kib);
        given_kib = ballast_add_ceil(given_kib, parts[i].out_kib);
    }
    uint64_t left_kib = ballast_sub_floor(total_kib, given_kib);
    for (size_t i = 0; i < count && left_kib >= BALLAST_PAGE_KIB; i++) {
        if (parts[i].weight == 0)
            continue;
        uint64_t room_kib = parts[i].high_kib - parts[i].out_kib;
        uint64_t more_kib = ballast_min_u64(room_kib, BALLAST_PAGE_KIB);
        parts[i].out_kib += more_kib;
        left_kib -= more_kib;
    }
}
