/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The aims of Ballast's own policy, on both sides of each of its constants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/policy/fill.h"
#include "core/policy/policy.h"

#define MIB BALLAST_MIB_KIB
enum { MOST = 3 };

struct bench {
    struct policy_domain domains[MOST];
    struct policy_aim aims[MOST];
    struct fill_part parts[MOST];
    struct policy_view view;
};

/* It needs `need_mib`, soon too, and gives or takes 100 MiB a second. */
static void guest(struct bench *bench, uint64_t tot_mib, uint64_t need_mib, uint64_t max_mib)
{
    bench->domains[bench->view.count++] = (struct policy_domain){
        .tot_kib = tot_mib * MIB,
        .target_kib = tot_mib * MIB,
        .max_kib = max_mib * MIB,
        .static_max_kib = max_mib * MIB,
        .used_kib = BALLAST_NONE,
        .reported_free_kib = BALLAST_NONE,
        .need_kib = need_mib * MIB,
        .likely_kib = need_mib * MIB,
        .reclaim_kib_per_sec = 100 * MIB,
        .grow_kib_per_sec = 100 * MIB,
        .shares = BALLAST_DEFAULT_SHARES,
    };
}

static void aim(struct bench *bench)
{
    bench->view.domains = bench->domains;
    bench->view.parts = bench->parts;
    bench->view.total_kib = 16384 * MIB;
    policy_ballast_aim(&bench->view, bench->aims);
}

/* Those who need their memory are spared where that costs a twentieth more time, and 0.1 s. */
static void test_sparing_may_cost_a_twentieth(void **state)
{
    (void)state;
    static const struct {
        uint64_t wanted_mib, rate_mib;
        enum balancer_reason reason;
    } cases[] = {
        {1000, 4, BALANCER_RECLAIMED_FOR_START}, /* 10 s, or 9.62 s with the other */
        {1000, 10, BALANCER_SQUEEZED_FOR_START}, /* 10 s, or 9.09 s */
        {15, 50, BALANCER_RECLAIMED_FOR_START},  /* 0.15 s, or 0.1 s */
        {40, 100, BALANCER_SQUEEZED_FOR_START},  /* 0.4 s, or 0.2 s */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench = {0};
        guest(&bench, 2000, 1000, 4096);
        guest(&bench, 1000, 1000, 4096);
        bench.domains[1].reclaim_kib_per_sec = cases[i].rate_mib * MIB;
        bench.view.wanted_kib = cases[i].wanted_mib * MIB;
        aim(&bench);
        assert_int_equal(bench.aims[0].reason, cases[i].reason);
    }
}

/* A guest that lacks less than a 64th of what it holds is not short: no other moves for it. */
static void test_a_grain_is_not_short(void **state)
{
    (void)state;
    struct bench bench = {0};
    guest(&bench, 6400, 6450, 8192);
    guest(&bench, 6400, 1000, 8192);
    aim(&bench);
    assert_int_equal(bench.aims[0].reason, BALANCER_RECLAIM_STOPPED);
    assert_int_equal(bench.aims[1].kib, 6400 * MIB);
}

/* No donor is asked for less than an eighth of its memory, nor all for more than a fifth beyond
 * what is missing. */
static void test_reclaim(void **state)
{
    (void)state;
    struct bench little = {0};
    guest(&little, 1024, 1100, 1120);
    guest(&little, 6400, 500, 8192);
    guest(&little, 4000, 500, 8192);
    aim(&little);
    assert_int_equal(little.aims[1].reason, BALANCER_RECLAIMED_FOR_OTHERS);
    assert_int_equal(little.aims[1].kib, (6400 - 800) * MIB - BALLAST_PAGE_KIB);
    struct bench much = {0};
    guest(&much, 1024, 1900, 2000);
    guest(&much, 6400, 500, 8192);
    guest(&much, 4000, 500, 8192);
    aim(&much);
    uint64_t lacking_kib = much.aims[1].about_kib;
    assert_in_range(lacking_kib, 870 * MIB, 980 * MIB);
    assert_int_equal(much.aims[1].kib, 6400 * MIB - lacking_kib - lacking_kib / 5);
}

/*
 * What a donor has beyond its share is left to it where that is less than a grain, 200 MiB here;
 * if no other can be asked, where it is less than half of one.
 */
static void test_a_grain_is_left(void **state)
{
    (void)state;
    static const struct {
        uint64_t surplus_mib;
        bool other_is_stuck, asked;
    } cases[] = {{190, false, false}, {210, false, true}, {90, true, false}, {110, true, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench = {0};
        guest(&bench, 1024, 2400, 2400);
        guest(&bench, 2000, 500, 8192);
        guest(&bench, 6400, 500, 8192);
        bench.domains[1].min_kib = bench.domains[1].floor_kib = 1700 * MIB;
        bench.domains[2].min_kib = bench.domains[2].floor_kib = (6400 - cases[i].surplus_mib) * MIB;
        bench.domains[1].stuck = cases[i].other_is_stuck;
        aim(&bench);
        assert_int_equal(bench.aims[0].reason, BALANCER_NEEDS_MORE);
        assert_int_equal(bench.aims[1].reason == BALANCER_RECLAIMED_FOR_OTHERS,
                         !cases[i].other_is_stuck);
        assert_int_equal(bench.aims[2].reason == BALANCER_RECLAIMED_FOR_OTHERS, cases[i].asked);
    }
}

/*
 * Growth under way goes on up to two grains of 32 MiB beyond its share, and to its end where a
 * grain or less is left, also of one whose share has become less than it has.
 */
static void test_growth_goes_on(void **state)
{
    (void)state;
    static const struct {
        uint64_t share_mib, target_mib;
        bool goes_on;
    } cases[] = {{1100, 1164, true}, {1100, 1166, false}, {924, 1056, true}, {924, 1058, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench = {.view = {.available_kib = cases[i].share_mib > 1024 ? 200 * MIB : 0}};
        guest(&bench, 1024, 64, cases[i].share_mib > 1024 ? 1100 : 8192);
        if (cases[i].share_mib < 1024)
            guest(&bench, 824, 64, 8192);
        bench.domains[0].target_kib = cases[i].target_mib * MIB;
        aim(&bench);
        assert_int_equal(bench.parts[0].out_kib, cases[i].share_mib * MIB);
        assert_int_equal(bench.aims[0].kib, cases[i].goes_on ? BALLAST_NONE : 1024 * MIB);
    }
}

/* A target is in whole pages; one that is a page below a need does not stop what shrinks to it. */
static void test_a_page_stops_nothing(void **state)
{
    (void)state;
    struct bench bench = {0};
    guest(&bench, 2000, 1000, 4096);
    bench.domains[0].need_kib += 3;
    bench.domains[0].target_kib = 1000 * MIB;
    aim(&bench);
    assert_int_equal(bench.aims[0].kib, BALLAST_NONE);
    bench.domains[0].target_kib = 1000 * MIB / 2;
    aim(&bench);
    assert_int_equal(bench.aims[0].reason, BALANCER_RECLAIM_STOPPED);
}

/* With no guest short memory moves to one below six tenths of its part, and to no other. */
static void test_unfair(void **state)
{
    (void)state;
    for (uint64_t tot_mib = 1024; tot_mib <= 3072; tot_mib += 2048) {
        struct bench bench = {0};
        guest(&bench, tot_mib, 64, 8192);
        guest(&bench, 8192 - tot_mib, 64, 8192);
        aim(&bench);
        if (tot_mib < 4096 * 6 / 10)
            assert_int_equal(bench.aims[1].reason, BALANCER_RECLAIMED_FOR_OTHERS);
        else
            assert_int_equal(bench.aims[1].reason, BALANCER_RECLAIM_STOPPED);
    }
}

/*
 * The headroom is made good by one far above its share, for a lack of an eighth of it or more; what
 * domains need goes before it.
 */
static void test_headroom_is_made_good(void **state)
{
    (void)state;
    for (uint64_t free_mib = 890; free_mib <= 910; free_mib += 20) {
        struct bench bench = {
            .view = {.available_kib = free_mib * MIB, .headroom_kib = 1024 * MIB}};
        guest(&bench, 6000, 500, 8192);
        guest(&bench, 6000, 6000, 8192);
        aim(&bench);
        bool asked = free_mib < 896;
        assert_int_equal(bench.aims[0].reason,
                         asked ? BALANCER_RECLAIMED_FOR_HEADROOM : BALANCER_RECLAIM_STOPPED);
        if (asked) {
            assert_int_equal(bench.aims[0].about_kib, (1024 - free_mib) * MIB);
            assert_true(bench.aims[0].kib < 6000 * MIB);
        }
        assert_int_equal(bench.aims[1].kib, 6000 * MIB);
    }
    struct bench needed = {.view = {.headroom_kib = 1024 * MIB}};
    guest(&needed, 2000, 2000, 8192);
    guest(&needed, 2000, 2000, 8192);
    aim(&needed);
    assert_int_equal(needed.aims[0].kib, 2000 * MIB);
    assert_int_equal(needed.aims[1].kib, 2000 * MIB);
}

/* With some of it missing and another short, the reason is the one that is short. */
static void test_short_goes_before_headroom(void **state)
{
    (void)state;
    struct bench bench = {.view = {.available_kib = 100 * MIB, .headroom_kib = 512 * MIB}};
    guest(&bench, 6000, 500, 8192);
    guest(&bench, 1000, 1200, 1300);
    aim(&bench);
    assert_int_equal(bench.aims[0].reason, BALANCER_RECLAIMED_FOR_OTHERS);
    assert_int_equal(bench.aims[1].reason, BALANCER_NEEDS_MORE);
    bench.domains[1].distressed = true;
    aim(&bench);
    assert_int_equal(bench.aims[1].reason, BALANCER_UNDER_PRESSURE);
    uint64_t lacking_kib = bench.aims[1].kib - 1000 * MIB;
    assert_int_equal(bench.aims[0].about_kib, lacking_kib);
    /* It frees both, which leaves it its share. */
    assert_int_equal(bench.aims[0].kib, 6000 * MIB - lacking_kib - 412 * MIB);
}

/* A PVH guest at rest has some pages beyond its target: it is not on its way there, and is asked.
 */
static void test_a_balloon_that_stops_short_is_at_its_target(void **state)
{
    (void)state;
    for (uint64_t beyond_kib = 0; beyond_kib <= 192; beyond_kib += 64) {
        struct bench bench = {.view = {.inaccuracy_kib = 128}};
        guest(&bench, 2000, 500, 8192);
        guest(&bench, 1000, 1200, 1300);
        bench.domains[0].target_kib -= beyond_kib;
        aim(&bench);
        assert_int_equal(bench.aims[0].reason, BALANCER_RECLAIMED_FOR_OTHERS);
        /* Further from it than that it is on its way, and its target stays. */
        assert_int_equal(bench.aims[0].kib == BALLAST_NONE, beyond_kib > 128);
    }
}

/* Free memory within it is not a surplus. */
static void test_headroom_is_no_surplus(void **state)
{
    (void)state;
    for (uint64_t headroom_mib = 0; headroom_mib <= 1024; headroom_mib += 1024) {
        struct bench bench = {.view = {.available_kib = 1024 * MIB,
                                       .idle_kib = 1024 * MIB,
                                       .headroom_kib = headroom_mib * MIB}};
        guest(&bench, 2000, 500, 8192);
        aim(&bench);
        assert_int_equal(bench.aims[0].reason,
                         headroom_mib ? BALANCER_RECLAIM_STOPPED : BALANCER_SHARE_OF_SURPLUS);
    }
}

/* The level is found to the page, however large what is shared is. */
static void test_level(void **state)
{
    (void)state;
    uint64_t most_kib = UINT64_C(1) << 40;
    struct fill_part parts[2] = {{.high_kib = most_kib, .weight = 1},
                                 {.high_kib = most_kib, .weight = 1}};
    fill_by_weight(parts, 2, 2 * (most_kib - BALLAST_PAGE_KIB));
    assert_int_equal(parts[0].out_kib, most_kib - BALLAST_PAGE_KIB);
    assert_int_equal(parts[1].out_kib, most_kib - BALLAST_PAGE_KIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sparing_may_cost_a_twentieth),
        cmocka_unit_test(test_a_grain_is_not_short),
        cmocka_unit_test(test_reclaim),
        cmocka_unit_test(test_a_grain_is_left),
        cmocka_unit_test(test_growth_goes_on),
        cmocka_unit_test(test_a_page_stops_nothing),
        cmocka_unit_test(test_unfair),
        cmocka_unit_test(test_headroom_is_made_good),
        cmocka_unit_test(test_short_goes_before_headroom),
        cmocka_unit_test(test_a_balloon_that_stops_short_is_at_its_target),
        cmocka_unit_test(test_headroom_is_no_surplus),
        cmocka_unit_test(test_level),
    };
    return cmocka_run_group_tests_name("policy-ballast", tests, NULL, NULL);
}
