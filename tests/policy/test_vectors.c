/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The peers' rules give the peers' answers: the numbers of qmemman's own unit tests
 * (qubes-core-admin, qubes/tests/qmemman.py), restated in KiB, MOM's rule and Proxmox's by hand.
 * What a peer computes in bytes and rounds there may differ here by a few KiB.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/peers/peers.h"

#define MIB BALLAST_MIB_KIB
enum { MOST = 6 };

struct bench {
    struct policy_domain domains[MOST];
    struct policy_aim aims[MOST];
    struct fill_part parts[MOST];
    struct policy_view view;
};

static void set_up(struct bench *bench, size_t count)
{
    *bench = (struct bench){0};
    bench->view.domains = bench->domains;
    bench->view.parts = bench->parts;
    bench->view.count = count;
    bench->view.total_kib = 64 * 1024 * MIB;
}

/* used, maximum, actual in MiB, as the peer's test writes them; used 0: does not report. */
static void guest(struct bench *bench, size_t i, uint64_t used, uint64_t max, uint64_t actual)
{
    bench->domains[i] = (struct policy_domain){
        .is_dom0 = i == 0,
        .tot_kib = actual * MIB,
        .target_kib = actual * MIB,
        .max_kib = max * MIB,
        .static_max_kib = max * MIB,
        .used_kib = used ? used * MIB : BALLAST_NONE,
        .reported_free_kib = BALLAST_NONE,
        .shares = BALLAST_DEFAULT_SHARES,
    };
}

static void assert_bytes(const struct bench *bench, size_t i, uint64_t bytes)
{
    uint64_t kib = bench->aims[i].kib;
    if (kib * 1024 + 8192 < bytes || kib * 1024 > bytes + 8192)
        fail_msg("domain %zu is aimed at %llu bytes, the peer says %llu", i,
                 (unsigned long long)kib * 1024, (unsigned long long)bytes);
}

static void assert_untouched(const struct bench *bench, size_t i)
{
    assert_int_equal(bench->aims[i].kib, BALLAST_NONE);
}

/* pref_mem and needed_mem show in what a lone guest with enough memory around is aimed at. */
static void test_preference(void **state)
{
    static const struct {
        size_t place;
        uint64_t used, max, actual, preferred_bytes;
    } cases[] = {
        {0, 1024, 4096, 2048, UINT64_C(1762865971)}, /* dom0: 1681.2 MiB */
        {1, 1024, 4096, 2048, UINT64_C(1395864371)}, /* a guest: 1331.2 MiB */
        {1, 100, 4096, 2048, UINT64_C(209715200)},   /* never less than 200 MiB */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench;
        set_up(&bench, 2);
        guest(&bench, 0, 0, 4096, 1024);
        guest(&bench, 1, 0, 4096, 1024);
        guest(&bench, cases[i].place, cases[i].used, cases[i].max, cases[i].actual);
        /* All of its surplus but a 1.05th is asked for, so the rule's 5 % bring it to its
         * preference. */
        uint64_t surplus_kib = cases[i].actual * MIB - cases[i].preferred_bytes / 1024;
        bench.view.wanted_kib = surplus_kib * 100 / 105;
        peers_preferred_aim(&bench.view, bench.aims);
        assert_bytes(&bench, cases[i].place, cases[i].preferred_bytes);
    }
}

static void test_preference_is_capped(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 2);
    guest(&bench, 0, 0, 4096, 1024);
    guest(&bench, 1, 5000, 4096, 4096);
    bench.view.wanted_kib = 4;
    peers_preferred_aim(&bench.view, bench.aims);
    assert_untouched(&bench, 1);
}

static void test_balloon_refuses(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 4);
    guest(&bench, 0, 1024, 4096, 1736);
    guest(&bench, 1, 1024, 4096, 1536);
    guest(&bench, 2, 4096, 4096, 4096);
    guest(&bench, 3, 0, 4096, 4096);
    bench.view.wanted_kib = 400 * MIB;
    peers_preferred_aim(&bench.view, bench.aims);
    for (size_t i = 0; i < 4; i++)
        assert_untouched(&bench, i);
}

static void test_balloon_takes(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 4);
    guest(&bench, 0, 1024, 4096, 1736);
    guest(&bench, 1, 512, 4096, 1536);
    guest(&bench, 2, 4096, 4096, 4096);
    guest(&bench, 3, 0, 4096, 4096);
    bench.view.wanted_kib = 400 * MIB;
    peers_preferred_aim(&bench.view, bench.aims);
    assert_bytes(&bench, 0, UINT64_C(1794242737));
    assert_bytes(&bench, 1, UINT64_C(1196296014));
    assert_untouched(&bench, 2);
    assert_untouched(&bench, 3);
    uint64_t freed_kib = (1736 + 1536) * MIB - bench.aims[0].kib - bench.aims[1].kib;
    assert_in_range(freed_kib, 400 * MIB, 420 * MIB + 8);
}

static void the_six(struct bench *bench)
{
    set_up(bench, 6);
    guest(bench, 0, 1024, 4096, 1736);
    guest(bench, 1, 1024, 4096, 1536);
    guest(bench, 2, 4096, 4096, 4096);
    guest(bench, 3, 0, 4096, 4096);
    guest(bench, 4, 1536, 4096, 1536);
    guest(bench, 5, 512, 1024, 768);
}

static void test_balance_with_enough(void **state)
{
    (void)state;
    struct bench bench;
    the_six(&bench);
    /*
     * The peer's test hands 4096 MiB to its function beyond all preferences: free memory is that,
     * less the 362.0 MiB that some hold above theirs, and the 460.8 MiB that others are below.
     */
    bench.view.available_kib = 4096 * MIB - 3620 * MIB / 10 + 4608 * MIB / 10;
    peers_preferred_aim(&bench.view, bench.aims);
    assert_bytes(&bench, 0, UINT64_C(3068708976));
    assert_bytes(&bench, 1, UINT64_C(2548378128));
    assert_bytes(&bench, 2, UINT64_C(4294967296));
    assert_untouched(&bench, 3);
    assert_bytes(&bench, 4, UINT64_C(3537898734));
    assert_bytes(&bench, 5, UINT64_C(1073741824));
}

static void test_balance_when_low(void **state)
{
    (void)state;
    struct bench bench;
    the_six(&bench);
    guest(&bench, 0, 1024, 4096, 768);
    bench.view.available_kib = 50 * MIB;
    peers_preferred_aim(&bench.view, bench.aims);
    assert_bytes(&bench, 1, UINT64_C(1395864371));
    assert_bytes(&bench, 5, UINT64_C(697932185));
    assert_untouched(&bench, 0);
    assert_untouched(&bench, 3);
    assert_untouched(&bench, 4);
}

/* squeezed: gamma = (free + what is spare - wanted) / range; by hand for its scenario a. */
static void test_proportional(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 2);
    bench.domains[0] = (struct policy_domain){.tot_kib = 1500, .min_kib = 1000, .max_kib = 2000};
    bench.domains[1] = (struct policy_domain){.tot_kib = 3500, .min_kib = 2500, .max_kib = 4500};
    bench.view.wanted_kib = 1000;
    bench.view.inaccuracy_kib = 4;
    peers_proportional_aim(&bench.view, bench.aims);
    /* Spare: 500 - 8 + 1000 - 8 = 1484; shared: 484 of a range of 3000. */
    assert_int_equal(bench.aims[0].kib, 1000 + 1000 * 484 / 3000);
    assert_int_equal(bench.aims[1].kib, 2500 + 2000 * 484 / 3000);
    /* The first one is stuck: the other gives alone. */
    bench.domains[0].stuck = true;
    peers_proportional_aim(&bench.view, bench.aims);
    assert_untouched(&bench, 0);
    assert_int_equal(bench.aims[1].kib, 2500);
}

/* MOM: with a tenth of the host free a guest is to have a tenth of its size free, 5 % a step. */
static void test_rules(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 3);
    guest(&bench, 0, 1024, 4096, 2048);
    guest(&bench, 1, 1000, 4096, 2000);
    guest(&bench, 2, 1850, 4096, 2000);
    bench.view.total_kib = 10000 * MIB;
    bench.view.available_kib = 1000 * MIB;
    peers_rules_aim(&bench.view, bench.aims);
    assert_untouched(&bench, 0);                     /* dom0 is the host itself */
    assert_int_equal(bench.aims[1].kib, 1900 * MIB); /* 5 % down, as 1200 would be too far */
    assert_untouched(&bench, 2);                     /* used and a tenth: 2050, nothing to give */
    /* Half of the host free: all grow by 5 %, or to a fifth free where that is more. */
    bench.view.available_kib = 5000 * MIB;
    peers_rules_aim(&bench.view, bench.aims);
    assert_int_equal(bench.aims[1].kib, 2100 * MIB);
    assert_int_equal(bench.aims[2].kib, 2250 * MIB);
    /* 3 % free: critical, used less 2 % of the size is the bound. */
    bench.view.available_kib = 300 * MIB;
    peers_rules_aim(&bench.view, bench.aims);
    assert_int_equal(bench.aims[2].kib, 1900 * MIB);
}

/* Proxmox: 20 % of the host is to be free; at most 100 MiB a guest; those with free memory give
 * first. */
static void test_shares(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 3);
    for (size_t i = 0; i < 3; i++) {
        guest(&bench, i, 1000, 4096, 2000);
        bench.domains[i].is_dom0 = false;
        bench.domains[i].min_kib = 1000 * MIB;
    }
    bench.domains[0].reported_free_kib = 900 * MIB;
    bench.domains[1].reported_free_kib = 100 * MIB;
    bench.domains[2].reported_free_kib = 900 * MIB;
    bench.domains[2].shares = 0;
    bench.view.total_kib = 10000 * MIB;
    bench.view.available_kib = 1950 * MIB;
    peers_shares_aim(&bench.view, bench.aims);
    assert_int_equal(bench.aims[0].kib, 1950 * MIB); /* 50 MiB are wanted, from it alone */
    assert_untouched(&bench, 1);
    assert_untouched(&bench, 2); /* no shares: left alone */
    /* Plenty free: the one under pressure grows first, by one step. */
    bench.view.available_kib = 4000 * MIB;
    peers_shares_aim(&bench.view, bench.aims);
    assert_untouched(&bench, 0);
    assert_int_equal(bench.aims[1].kib, 2100 * MIB);
}

/* Each rule is of the domains it is given, whatever lies behind them. */
static void test_as_many_as_there_are(void **state)
{
    (void)state;
    static const struct {
        uint64_t available_mib, wanted_mib;
    } cases[] = {{0, 100}, {8192, 0}, {0, 0}};
    const struct policy *policy;
    for (size_t i = 0; i < 3 * sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench;
        the_six(&bench);
        bench.view.count = i / 3 + 3;
        bench.view.available_kib = cases[i % 3].available_mib * MIB;
        bench.view.wanted_kib = cases[i % 3].wanted_mib * MIB;
        for (size_t p = 0; (policy = peers_policy_at(p)); p++) {
            bench.aims[bench.view.count].kib = 12345;
            policy->aim(&bench.view, bench.aims);
            assert_int_equal(bench.aims[bench.view.count].kib, 12345);
        }
    }
}

/* Ours come first, and only they are known where a host can be changed. */
static void test_which_are_found(void **state)
{
    static const char *const theirs[] = {"proportional", "preferred", "rules", "shares"};
    (void)state;
    size_t own = 0;
    for (; policy_at(own); own++) {
        assert_ptr_equal(peers_policy_at(own), policy_at(own));
        assert_ptr_equal(peers_policy_find(policy_at(own)->name), policy_at(own));
    }
    assert_ptr_equal(peers_policy_find(NULL), policy_at(0));
    for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
        assert_null(policy_find(theirs[i]));
        assert_ptr_equal(peers_policy_find(theirs[i]), peers_policy_at(own + i));
        assert_string_equal(peers_policy_at(own + i)->name, theirs[i]);
    }
    assert_null(peers_policy_at(own + sizeof(theirs) / sizeof(theirs[0])));
    assert_null(peers_policy_find("greedy"));
}

/* More than all may hold: each gets its maximum, and the rest stays. */
static void test_more_than_all_may_hold(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 1);
    guest(&bench, 0, 800, 1100, 1000);
    bench.view.available_kib = 4096 * MIB;
    peers_preferred_aim(&bench.view, bench.aims);
    assert_int_equal(bench.aims[0].kib, 1100 * MIB);
}

/* Where memory is low a donor keeps what it prefers, 200 MiB at least; less than 10 MiB of a part
 * is not asked for. */
static void test_donors_when_low(void **state)
{
    static const struct {
        uint64_t used, actual, aim;
    } cases[] = {{100, 1024, 200}, {1000, 1315, 1300}, {1000, 1305, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench;
        set_up(&bench, 2);
        guest(&bench, 0, 4096, 8192, 1000);
        guest(&bench, 1, cases[i].used, 4096, cases[i].actual);
        peers_preferred_aim(&bench.view, bench.aims);
        if (cases[i].aim == 0)
            assert_untouched(&bench, 1);
        else
            assert_int_equal(bench.aims[1].kib, cases[i].aim * MIB);
    }
}

/* MOM leaves out steps below a four-hundredth, 10 MiB here. */
static void test_rules_least_step(void **state)
{
    (void)state;
    for (uint64_t more = 5; more <= 20; more += 15) {
        struct bench bench;
        set_up(&bench, 2);
        guest(&bench, 0, 1024, 4096, 2048);
        guest(&bench, 1, 1000, 4000 + more, 4000);
        bench.view.total_kib = 10000 * MIB;
        bench.view.available_kib = 5000 * MIB;
        peers_rules_aim(&bench.view, bench.aims);
        assert_int_equal(bench.aims[1].kib, more > 10 ? (4000 + more) * MIB : BALLAST_NONE);
    }
}

/* Proxmox leaves the host alone within 10 MiB of its goal. */
static void test_shares_dead_band(void **state)
{
    static const uint64_t missing[] = {5, 10, 11};
    (void)state;
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        struct bench bench;
        set_up(&bench, 1);
        guest(&bench, 0, 1000, 4096, 2000);
        bench.domains[0].is_dom0 = false;
        bench.view.total_kib = 10000 * MIB;
        bench.view.available_kib = (2000 - missing[i]) * MIB;
        peers_shares_aim(&bench.view, bench.aims);
        assert_int_equal(bench.aims[0].kib, missing[i] > 10 ? 1989 * MIB : BALLAST_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preference),
        cmocka_unit_test(test_preference_is_capped),
        cmocka_unit_test(test_balloon_refuses),
        cmocka_unit_test(test_balloon_takes),
        cmocka_unit_test(test_balance_with_enough),
        cmocka_unit_test(test_balance_when_low),
        cmocka_unit_test(test_proportional),
        cmocka_unit_test(test_which_are_found),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_as_many_as_there_are),
        cmocka_unit_test(test_more_than_all_may_hold),
        cmocka_unit_test(test_donors_when_low),
        cmocka_unit_test(test_rules_least_step),
        cmocka_unit_test(test_shares_dead_band),
    };
    return cmocka_run_group_tests_name("policy-vectors", tests, NULL, NULL);
}
