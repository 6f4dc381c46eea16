/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sharing by weight: the same result, to the page, as by the plainest bisection there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/policy/fill.h"

enum { PARTS_MOST = 200, TRIES = 20000 };

static uint64_t random_below(uint64_t *state, uint64_t bound)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 20) % bound;
}

static double twin_part_at(const struct fill_part *part, double level)
{
    double kib = level * (double)part->weight;
    if (kib < (double)part->low_kib)
        return (double)part->low_kib;
    return kib > (double)part->high_kib ? (double)part->high_kib : kib;
}

static double twin_sum_at(const struct fill_part *parts, size_t count, double level)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += twin_part_at(&parts[i], level);
    return sum;
}

/* 44 halvings, each with a sum. */
static double twin_level(const struct fill_part *parts, size_t count, double total)
{
    double low = 0;
    double high = 0;
    for (size_t i = 0; i < count; i++) {
        double top = parts[i].weight == 0 ? 0 : (double)parts[i].high_kib / (double)parts[i].weight;
        high = top > high ? top : high;
    }
    if (twin_sum_at(parts, count, high) <= total)
        return high;
    for (int i = 0; i < 44; i++) {
        double middle = low + (high - low) / 2;
        if (twin_sum_at(parts, count, middle) <= total)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void twin_fill(struct fill_part *parts, size_t count, uint64_t total_kib)
{
    double level = twin_level(parts, count, (double)total_kib);
    uint64_t given_kib = 0;
    for (size_t i = 0; i < count; i++) {
        struct fill_part *part = &parts[i];
        double kib = twin_part_at(part, level);
        uint64_t pages_kib = (uint64_t)kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
        if (kib >= (double)part->high_kib || pages_kib > part->high_kib)
            pages_kib = part->high_kib;
        part->out_kib = pages_kib < part->low_kib ? part->low_kib : pages_kib;
        given_kib += part->out_kib;
    }
    uint64_t left_kib = total_kib > given_kib ? total_kib - given_kib : 0;
    for (size_t i = 0; i < count && left_kib >= BALLAST_PAGE_KIB; i++) {
        uint64_t room_kib = parts[i].weight == 0 ? 0 : parts[i].high_kib - parts[i].out_kib;
        uint64_t more_kib = room_kib < BALLAST_PAGE_KIB ? room_kib : BALLAST_PAGE_KIB;
        parts[i].out_kib += more_kib;
        left_kib -= more_kib;
    }
}

/*
 * Small and large parts, whole pages or not, equal and different weights, and totals from too
 * little to too much.
 */
static size_t make_parts(uint64_t *state, struct fill_part *parts, uint64_t *total_kib)
{
    size_t count = random_below(state, random_below(state, 2) ? 8 : PARTS_MOST);
    uint64_t scale_kib = UINT64_C(1) << (4 + random_below(state, 28));
    uint64_t grain_kib = random_below(state, 2) ? 1 : BALLAST_PAGE_KIB;
    bool even = random_below(state, 2);
    uint64_t low_kib = 0;
    uint64_t high_kib = 0;
    for (size_t i = 0; i < count; i++) {
        struct fill_part *part = &parts[i];
        *part =
            (struct fill_part){.low_kib = random_below(state, scale_kib) / grain_kib * grain_kib};
        part->high_kib = part->low_kib + random_below(state, 3 * scale_kib) / grain_kib * grain_kib;
        part->weight = even ? 1000 : random_below(state, 5000);
        low_kib += part->low_kib;
        high_kib += part->high_kib;
    }
    *total_kib = low_kib / 2 + random_below(state, high_kib + 2);
    /* Where all that fits ends, to the page. */
    if (random_below(state, 4) == 0)
        *total_kib = (random_below(state, 2) ? low_kib : high_kib) + random_below(state, 9);
    return count;
}

static void test_as_by_bisection(void **unused)
{
    static struct fill_part parts[PARTS_MOST];
    static struct fill_part twins[PARTS_MOST];
    uint64_t state = 7;
    (void)unused;
    for (int i = 0; i < TRIES; i++) {
        uint64_t total_kib;
        size_t count = make_parts(&state, parts, &total_kib);
        for (size_t at = 0; at < count; at++)
            twins[at] = parts[at];
        fill_by_weight(parts, count, total_kib);
        twin_fill(twins, count, total_kib);
        for (size_t at = 0; at < count; at++)
            assert_int_equal(parts[at].out_kib, twins[at].out_kib);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_by_bisection)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
