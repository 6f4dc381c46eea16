/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The purpose of the constants in track.c: each test fails if its constant is 100 times larger or
 * smaller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/policy/track.h"

#define MIB BALLAST_MIB_KIB
#define SEC BALLAST_SEC_USEC
#define T0  (1000 * SEC)

/* It is to give all but `target`, and says nothing. */
static struct ballast_domain a_donor(uint64_t tot_kib, uint64_t target_kib)
{
    return (struct ballast_domain){.id = 1,
                                   .name = "guest",
                                   .has_balloon = true,
                                   .tot_kib = tot_kib,
                                   .target_kib = target_kib,
                                   .maxmem_kib = tot_kib,
                                   .dynamic_min_kib = target_kib,
                                   .dynamic_max_kib = tot_kib,
                                   .static_max_kib = 16384 * MIB,
                                   .used_kib = BALLAST_NONE,
                                   .reported_free_kib = BALLAST_NONE,
                                   .report_age_usec = BALLAST_NONE,
                                   .shares = BALLAST_DEFAULT_SHARES};
}

/* `ds` tenths of a second in which it gives so much each `every` of them. */
static void give(struct track *track, struct ballast_domain *domain, uint64_t *now_usec,
                 unsigned ds, unsigned every, uint64_t kib)
{
    for (unsigned i = 0; i < ds; i++) {
        if (i % every == 0)
            domain->tot_kib -= kib;
        *now_usec += SEC / 10;
        track_update(track, domain, *now_usec, 4);
    }
}

static void pauses_by_habit(void **state)
{
    (void)state;
    struct track track;
    struct ballast_domain domain = a_donor(8192 * MIB, 1024 * MIB);
    uint64_t now_usec = T0;
    track_begin(&track, &domain, now_usec);
    assert_int_equal(track_patience_usec(&track), 9 * SEC / 2);
    /* Now and then within half a second is no pause. */
    give(&track, &domain, &now_usec, 60, 3, MIB);
    assert_int_equal(track_balloon_status(&track), BALLOON_FOLLOWS);
    give(&track, &domain, &now_usec, 200, 1, 0);
    assert_true(track.stuck);
    give(&track, &domain, &now_usec, 20, 1, MIB);
    assert_false(track.stuck);
    /* Twice as long as its longest pause, but no longer than half a minute. */
    assert_int_equal(track_patience_usec(&track), 30 * SEC);
}

/* 20 KiB a second is a pace on a way of 2 MiB, and none on one of a GiB. */
static void a_short_way_may_be_slow(void **state)
{
    (void)state;
    for (int is_long = 0; is_long < 2; is_long++) {
        struct track track;
        struct ballast_domain domain = a_donor(4096 * MIB, 4096 * MIB - (is_long ? 1024 : 2) * MIB);
        uint64_t now_usec = T0;
        track_begin(&track, &domain, now_usec);
        give(&track, &domain, &now_usec, 200, 2, 4);
        assert_int_equal(track.stuck, is_long);
    }
}

/* A balloon that takes back a little is not in distress: a MiB, or a 64th. */
static void a_little_taken_back(void **state)
{
    (void)state;
    static const struct {
        uint64_t tot_kib, back_kib;
        bool stuck;
    } cases[] = {{20 * MIB, 512, false},
                 {20 * MIB, 2048, true},
                 {4096 * MIB, 10 * MIB, false},
                 {4096 * MIB, 80 * MIB, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct track track;
        struct ballast_domain domain = a_donor(cases[i].tot_kib, 4 * MIB);
        uint64_t now_usec = T0;
        track_begin(&track, &domain, now_usec);
        give(&track, &domain, &now_usec, 5, 1, 512);
        domain.tot_kib += cases[i].back_kib;
        give(&track, &domain, &now_usec, 1, 1, 0);
        assert_int_equal(track.stuck, cases[i].stuck);
    }
}

/* A stretch is half a second, and a quarter of a MiB in it is enough on any way. */
static void the_least_that_counts(void **state)
{
    (void)state;
    for (uint64_t kib = 252; kib <= 256; kib += 4) {
        struct track track;
        struct ballast_domain domain = a_donor(8192 * MIB, 1024 * MIB);
        track_begin(&track, &domain, T0);
        domain.tot_kib -= kib;
        track_update(&track, &domain, T0 + SEC / 2, 4);
        assert_int_equal(track.has_moved, kib == 256);
        assert_int_equal(track.reclaim_kib_per_sec, kib == 256 ? 512 : 0);
    }
}

/* On a short way less will do, where at that pace it takes half an hour and no longer. */
static void half_an_hour(void **state)
{
    (void)state;
    for (uint64_t more_kib = 0; more_kib <= 8; more_kib += 8) {
        struct track track;
        /* 4 KiB in half a second are 8 a second. */
        struct ballast_domain domain = a_donor(1024 * MIB, 1024 * MIB - 4 - 8 * 1800 - more_kib);
        track_begin(&track, &domain, T0);
        domain.tot_kib -= 4;
        track_update(&track, &domain, T0 + SEC / 2, 4);
        assert_int_equal(track.has_moved, more_kib == 0);
    }
}

/* One that took more than it gives now has no pace yet, and is not on its way back. */
static void no_pace_yet(void **state)
{
    (void)state;
    struct track track;
    struct ballast_domain domain = a_donor(1024 * MIB, 1000 * MIB);
    track_begin(&track, &domain, T0);
    domain.tot_kib += 64;
    track_update(&track, &domain, T0 + SEC / 2, 4);
    domain.tot_kib -= 32;
    track_update(&track, &domain, T0 + SEC, 4);
    assert_false(track.has_moved);
}

/* One that cannot be asked is on no way: paused, without a balloon, populated on demand. */
static void who_is_on_no_way(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct track track;
        struct ballast_domain domain = a_donor(1024 * MIB, 512 * MIB);
        if (i == 1)
            domain.state = BALLAST_DOMAIN_PAUSED;
        domain.has_balloon = i != 2;
        if (i == 3)
            domain.pod_entries_kib = 512 * MIB;
        track_begin(&track, &domain, T0);
        track_update(&track, &domain, T0 + 10 * SEC, 4);
        assert_int_equal(track.heading, i == 0 ? -1 : 0);
        assert_int_equal(track.stuck, i == 0);
    }
}

/* One that is on its way when it is seen first is watched from then on. */
static void on_its_way_at_first_sight(void **state)
{
    (void)state;
    struct track track;
    struct ballast_domain domain = a_donor(8192 * MIB, 1024 * MIB);
    track_begin(&track, &domain, T0);
    track_update(&track, &domain, T0 + 5 * SEC, 4);
    assert_true(track.stuck);
}

/* It boots from the moment when its balloon shows itself; one that has a balloon at first sight may
 * be up for long. */
static void when_it_came_up(void **state)
{
    (void)state;
    for (int has_balloon = 0; has_balloon < 2; has_balloon++) {
        struct track track;
        struct ballast_domain domain = a_donor(1024 * MIB, 1024 * MIB);
        domain.has_balloon = has_balloon;
        track_begin(&track, &domain, T0);
        domain.has_balloon = true;
        track_update(&track, &domain, T0 + 3 * SEC, 4);
        track_update(&track, &domain, T0 + 4 * SEC, 4);
        assert_int_equal(track.up_usec, has_balloon ? BALLAST_NONE : T0 + 3 * SEC);
    }
}

static void report(struct track *track, struct ballast_domain *domain, uint64_t now_usec,
                   uint64_t used_kib, uint64_t age_usec)
{
    domain->used_kib = used_kib;
    domain->report_age_usec = age_usec;
    track_update(track, domain, now_usec, 4);
}

static void trust_is_earned_slowly_and_lost_at_once(void **state)
{
    (void)state;
    struct track track;
    struct ballast_domain domain = a_donor(4096 * MIB, 4096 * MIB);
    track_begin(&track, &domain, T0);
    assert_int_equal(track.trust_permyriad, 6000);
    for (unsigned i = 1; i <= 3; i++)
        report(&track, &domain, T0 + i * SEC, (1000 + i) * MIB, 0);
    assert_int_equal(track.trust_permyriad, 7200);
    report(&track, &domain, T0 + 4 * SEC, UINT64_MAX / 2, 0);
    assert_int_equal(track.trust_permyriad, 1800);
}

/* Half of the way from a past peak is forgotten in some 20 s. */
static void a_peak_fades(void **state)
{
    (void)state;
    struct track track;
    struct ballast_domain domain = a_donor(4096 * MIB, 4096 * MIB);
    track_begin(&track, &domain, T0);
    report(&track, &domain, T0 + SEC, 3000 * MIB, 0);
    for (unsigned ds = 1; ds <= 300; ds++)
        report(&track, &domain, T0 + SEC + ds * (SEC / 10), 1000 * MIB, 0);
    assert_in_range(track.peak_kib, 1700 * MIB, 1770 * MIB);
}

/* A rise goes on for 15 s after the report that showed it. */
static void a_rise_goes_on(void **state)
{
    (void)state;
    struct track track;
    struct ballast_domain domain = a_donor(4096 * MIB, 4096 * MIB);
    track_begin(&track, &domain, T0);
    report(&track, &domain, T0 + SEC, 1000 * MIB, 0);
    report(&track, &domain, T0 + 2 * SEC, 1010 * MIB, 0);
    report(&track, &domain, T0 + 62 * SEC, 1010 * MIB, 60 * SEC);
    assert_in_range(track.need_kib, 1160 * MIB * 105 / 100 - MIB, 1160 * MIB * 105 / 100 + MIB);
}

/* A rise adds half of what it says at most, and nothing beyond what it may ever hold. */
static void a_rise_is_bounded(void **state)
{
    (void)state;
    for (uint64_t most_mib = 1400; most_mib <= 2400; most_mib += 1000) {
        struct track track;
        struct ballast_domain domain = a_donor(2048 * MIB, 2048 * MIB);
        domain.static_max_kib = most_mib * MIB;
        track_begin(&track, &domain, T0);
        report(&track, &domain, T0 + SEC, 500 * MIB, 0);
        report(&track, &domain, T0 + 2 * SEC, 1000 * MIB, 0);
        report(&track, &domain, T0 + 12 * SEC, 1000 * MIB, 10 * SEC);
        uint64_t believed_mib = ballast_min_u64(1500, most_mib);
        assert_int_equal(track.need_kib, believed_mib * MIB * 105 / 100);
    }
}

/* Beyond what it holds it uses swap, if it said so now and not when it may have held more. */
static void swap_is_of_fresh_reports(void **state)
{
    (void)state;
    struct track track;
    struct ballast_domain domain = a_donor(2048 * MIB, 2048 * MIB);
    track_begin(&track, &domain, T0);
    report(&track, &domain, T0 + 40 * SEC, 3000 * MIB, 30 * SEC);
    assert_int_equal(track.swap_kib, 0);
    report(&track, &domain, T0 + 41 * SEC, 3001 * MIB, SEC / 2);
    assert_int_equal(track.swap_kib, 953 * MIB);
}

/*
 * Of what Qubes' writer reports only the memory that the guest has, or had some seconds ago, and
 * the swap that it reports can be use; of an old report or of another writer that is not known.
 */
static void use_is_memory_and_swap(void **state)
{
    (void)state;
    static const struct {
        enum ballast_report_source source;
        uint64_t swap_mib;
        uint64_t age_usec;
        uint64_t believed_mib; /* of 2900 MiB */
    } cases[] = {{BALLAST_REPORT_MEMINFO, 0, 0, 2048},
                 {BALLAST_REPORT_MEMINFO, 500, 0, 2548},
                 {BALLAST_REPORT_MEMINFO, 5000, 0, 2900},
                 {BALLAST_REPORT_MEMINFO, UINT64_MAX / MIB, 0, 2900},
                 {BALLAST_REPORT_MEMINFO, 0, 4 * SEC, 2048},
                 {BALLAST_REPORT_MEMINFO, 0, 6 * SEC, 2900},
                 {BALLAST_REPORT_NONE, 0, 0, 2900}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct track track;
        struct ballast_domain domain = a_donor(2048 * MIB, 2048 * MIB);
        domain.report_source = cases[i].source;
        domain.reported_swap_kib = cases[i].swap_mib * MIB;
        /* All of it is within the minimum, so that its trust does not weigh. */
        domain.dynamic_min_kib = 4096 * MIB;
        track_begin(&track, &domain, T0);
        report(&track, &domain, T0 + 10 * SEC, 2900 * MIB, cases[i].age_usec);
        assert_int_equal(track.need_kib, ballast_mul_div(cases[i].believed_mib * MIB, 105, 100));
    }
}

/* A report may be of the memory that it had up to ten seconds ago, and not of any before. */
static void use_is_of_what_it_had(void **state)
{
    (void)state;
    for (unsigned later = 1; later <= 15; later += 2) {
        struct track track;
        struct ballast_domain domain = a_donor(3000 * MIB, 2048 * MIB);
        domain.report_source = BALLAST_REPORT_MEMINFO;
        track_begin(&track, &domain, T0);
        track_update(&track, &domain, T0, 4);
        domain.tot_kib = 2048 * MIB;
        for (unsigned sec = 1; sec < later; sec++)
            track_update(&track, &domain, T0 + sec * SEC, 4);
        report(&track, &domain, T0 + later * SEC, 2900 * MIB, 0);
        assert_int_equal(track.possible_kib, (later < 10 ? 3000 : 2048) * MIB);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_by_habit),
        cmocka_unit_test(a_short_way_may_be_slow),
        cmocka_unit_test(a_little_taken_back),
        cmocka_unit_test(the_least_that_counts),
        cmocka_unit_test(half_an_hour),
        cmocka_unit_test(no_pace_yet),
        cmocka_unit_test(who_is_on_no_way),
        cmocka_unit_test(on_its_way_at_first_sight),
        cmocka_unit_test(when_it_came_up),
        cmocka_unit_test(trust_is_earned_slowly_and_lost_at_once),
        cmocka_unit_test(a_peak_fades),
        cmocka_unit_test(a_rise_goes_on),
        cmocka_unit_test(a_rise_is_bounded),
        cmocka_unit_test(swap_is_of_fresh_reports),
        cmocka_unit_test(use_is_memory_and_swap),
        cmocka_unit_test(use_is_of_what_it_had),
    };
    return cmocka_run_group_tests_name("policy-track", tests, NULL, NULL);
}
