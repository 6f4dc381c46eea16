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

/* A guest that lacks less than a 64th of what it holds is not short: nobody moves for it. */
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

/* Nobody is asked for less than a 32nd of what he holds, and for a fifth more than is lacking. */
static void test_reclaim(void **state)
{
    (void)state;
    struct bench little = {0};
    guest(&little, 1024, 1100, 1120);
    guest(&little, 6400, 500, 8192);
    guest(&little, 4000, 500, 8192);
    aim(&little);
    assert_int_equal(little.aims[1].reason, BALANCER_RECLAIMED_FOR_OTHERS);
    assert_int_equal(little.aims[1].kib, (6400 - 200) * MIB - BALLAST_PAGE_KIB);
    struct bench much = {0};
    guest(&much, 1024, 1900, 2000);
    guest(&much, 6400, 500, 8192);
    guest(&much, 4000, 500, 8192);
    aim(&much);
    uint64_t lacking_kib = much.aims[1].about_kib;
    assert_in_range(lacking_kib, 870 * MIB, 980 * MIB);
    assert_int_equal(much.aims[1].kib, 6400 * MIB - lacking_kib - lacking_kib / 5);
}

/* With nobody short memory moves to one below six tenths of its part, and to no other. */
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
        cmocka_unit_test(test_unfair),
        cmocka_unit_test(test_level),
    };
    return cmocka_run_group_tests_name("policy-ballast", tests, NULL, NULL);
}
