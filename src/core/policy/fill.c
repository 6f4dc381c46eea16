/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The level is found by bisection in floating point, in a fixed number of passes; the result is
 * whole pages. Rounding down leaves less than a page per part, which a last pass hands out.
 *
 * Few passes sum the parts. The sum never falls as the level rises, as computed too: each product,
 * bound and rounded addition is monotone. So a level that fits tells that all lower ones do, and
 * one that does not tells of all higher ones; Newton's method finds two that are close together,
 * and only the halvings between these are left to sum.
 */
#include "core/policy/fill.h"

#include <stdbool.h>

#include "core/base/units_inline.h"

#define HALVINGS 44
/* Newton's steps, of which 3 to 6 are usual; without it the result would be the same, later. */
#define STEPS 10
/* The rounding of a sum of 10,000 parts is less than this part of it. */
#define CLOSE 0x1p-38

static double at_level(const struct fill_part *part, double level)
{
    double low = (double)part->low_kib;
    double high = (double)part->high_kib;
    double kib = level * (double)part->weight;
    return kib < low ? low : kib > high ? high : kib;
}

/* What all parts have at a level, and how much more they have at a level higher by one. */
struct level_sum {
    double kib;
    double slope_kib;
};

static struct level_sum sum_at(const struct fill_part *parts, size_t count, double level)
{
    struct level_sum sum = {0, 0};
    for (size_t i = 0; i < count; i++) {
        double kib = level * (double)parts[i].weight;
        double bounded_kib = at_level(&parts[i], level);
        sum.kib += bounded_kib;
        sum.slope_kib += kib == bounded_kib ? (double)parts[i].weight : 0;
    }
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

/* The highest level known to fit in the total, and the lowest known not to. */
struct bracket {
    double fits;
    double exceeds;
};

static struct level_sum try_level(const struct fill_part *parts, size_t count, double total,
                                  double level, struct bracket *bracket)
{
    struct level_sum sum = sum_at(parts, count, level);
    if (sum.kib <= total)
        bracket->fits = level;
    else
        bracket->exceeds = level;
    return sum;
}

/* Sums only where no sum at another level has told already. */
static bool fits_at(const struct fill_part *parts, size_t count, double total, double level,
                    struct bracket *bracket)
{
    if (level > bracket->fits && level < bracket->exceeds)
        (void)try_level(parts, count, total, level, bracket);
    return level <= bracket->fits;
}

/* Newton's method, within the bracket: between two bounds of parts the sum is linear. */
static void narrow_bracket(const struct fill_part *parts, size_t count, double total,
                           struct bracket *bracket)
{
    double level = bracket->exceeds / 2;
    for (int i = 0; i < STEPS; i++) {
        struct level_sum sum = try_level(parts, count, total, level, bracket);
        double next = level + (sum.slope_kib > 0 ? (total - sum.kib) / sum.slope_kib : 0);
        double moved = next > level ? next - level : level - next;
        if (sum.slope_kib > 0 && moved <= level * CLOSE)
            break;
        bool inside = next > bracket->fits && next < bracket->exceeds;
        level = inside ? next : bracket->fits + (bracket->exceeds - bracket->fits) / 2;
    }
    (void)fits_at(parts, count, total, level - level * CLOSE, bracket);
    (void)fits_at(parts, count, total, level + level * CLOSE, bracket);
}

static double find_level(const struct fill_part *parts, size_t count, double total)
{
    double low = 0;
    double high = top_level(parts, count);
    if (sum_at(parts, count, high).kib <= total)
        return high;
    struct bracket bracket = {.fits = 0, .exceeds = high};
    narrow_bracket(parts, count, total, &bracket);
    for (int i = 0; i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;
        if (fits_at(parts, count, total, middle, &bracket))
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
