/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The level is found by bisection in floating point, in a fixed number of passes; the result is
 * whole pages. Rounding down leaves less than a page per part, which a last pass hands out.
 *
 * Few passes sum the parts. The sum never falls as the level rises, as computed too: each product,
 * bound and rounded addition is monotone. So a level that fits tells that all lower ones do, and
 * one that does not tells of all higher ones; Newton's method finds two that are close together.
 * If all parts have the same whole pages at both, what is between them does not matter; else only
 * the halvings between them are left to sum. None is needed where all parts have their upper
 * bounds, or all their lower ones.
 */
#include "core/policy/fill.h"

#include <stdbool.h>

#include "core/base/units_inline.h"

#define HALVINGS 44
/* Newton's steps, of which 3 to 6 are usual; without it the result would be the same, later. */
#define STEPS 10
/* The rounding of a sum of 10,000 parts is less than this part of it. */
#define CLOSE 0x1p-38
/* The last halving leaves less than this part of the highest level, its rounding included. */
#define LAST_HALVING 0x1p-43
/* Sums up to here are exact in floating point, and a part at a level is exact to a page. */
#define EXACT_KIB (UINT64_C(1) << 50)

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
static void narrow_bracket(const struct fill_part *parts, size_t count, double total, double level,
                           struct bracket *bracket)
{
    if (!(level > 0 && level < bracket->exceeds))
        level = bracket->exceeds / 2;
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

static double halve_bracket(const struct fill_part *parts, size_t count, double total, double top,
                            struct bracket *bracket)
{
    double low = 0;
    double high = top;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;
        if (fits_at(parts, count, total, middle, bracket))
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

static uint64_t part_at(const struct fill_part *part, double level)
{
    double kib = at_level(part, level);
    /* At its bound a part is exact, in whole pages or not. */
    return kib >= (double)part->high_kib ? part->high_kib : whole_pages(part, kib);
}

/* Fills all parts. Whether they would be the same at the other level. */
static bool fill_at(struct fill_part *parts, size_t count, double level, double other)
{
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        parts[i].out_kib = part_at(&parts[i], level);
        same = same && part_at(&parts[i], other) == parts[i].out_kib;
    }
    return same;
}

static void fill_to_level(struct fill_part *parts, size_t count, double total, double guess)
{
    double top = top_level(parts, count);
    if (sum_at(parts, count, top).kib <= total) {
        (void)fill_at(parts, count, top, top);
        return;
    }
    struct bracket bracket = {.fits = 0, .exceeds = top};
    narrow_bracket(parts, count, total, guess, &bracket);
    double least = bracket.fits - top * LAST_HALVING;
    if (fill_at(parts, count, least > 0 ? least : 0, bracket.exceeds))
        return;
    double level = halve_bracket(parts, count, total, top, &bracket);
    (void)fill_at(parts, count, level, level);
}

/* What parts have at least and at most. Fills all with the most. */
struct bounds {
    uint64_t low_kib;
    uint64_t high_kib;
    uint64_t weight;
    uint64_t bits; /* of all bounds, together */
};

static struct bounds fill_to_bounds(struct fill_part *parts, size_t count)
{
    struct bounds sum = {0, 0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        struct fill_part *part = &parts[i];
        part->out_kib = part->weight > 0 ? part->high_kib : part->low_kib;
        sum.low_kib = ballast_add_ceil(sum.low_kib, part->low_kib);
        sum.high_kib = ballast_add_ceil(sum.high_kib, part->out_kib);
        sum.weight = ballast_add_ceil(sum.weight, part->weight);
        sum.bits |= part->low_kib | part->high_kib;
    }
    return sum;
}

/* Pages that rounding left over. */
static void hand_out_rest(struct fill_part *parts, size_t count, uint64_t total_kib)
{
    uint64_t given_kib = 0;
    for (size_t i = 0; i < count; i++)
        given_kib = ballast_add_ceil(given_kib, parts[i].out_kib);
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

void fill_by_weight(struct fill_part *parts, size_t count, uint64_t total_kib)
{
    struct bounds sum = fill_to_bounds(parts, count);
    bool exact = sum.bits < EXACT_KIB && sum.high_kib < EXACT_KIB;
    if (exact && total_kib >= sum.high_kib + BALLAST_PAGE_KIB)
        return;
    bool whole = sum.bits % BALLAST_PAGE_KIB == 0;
    if (exact && total_kib < sum.low_kib + (whole ? BALLAST_PAGE_KIB : 1)) {
        for (size_t i = 0; i < count; i++)
            parts[i].out_kib = parts[i].low_kib;
        return;
    }
    fill_to_level(parts, count, (double)total_kib,
                  (double)total_kib / (double)ballast_max_u64(sum.weight, 1));
    hand_out_rest(parts, count, total_kib);
}
