/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pressure says, and what follows: distress.h, probe.h, ballast.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/policy/distress.h"
#include "core/policy/probe.h"
#include "scene.h"

#define SEC BALLAST_SEC_USEC

static void set_pressure(struct ballast_domain *domain, enum ballast_pressure_kind kind,
                         uint64_t value)
{
    domain->pressure.known |= UINT32_C(1) << kind;
    domain->pressure.values[kind] = value;
    domain->pressure.age_usec = 0;
}

static enum distress_level next_level(struct distress *distress, struct ballast_domain *domain,
                                      enum ballast_pressure_kind kind, uint64_t value,
                                      uint64_t now_usec)
{
    set_pressure(domain, kind, value);
    distress_sample(distress, domain, now_usec);
    return distress->level;
}

/* Each sign by itself, at and below its bound, a second after a sample without it. */
static void each_sign(void **state)
{
    (void)state;
    static const struct {
        enum ballast_pressure_kind kind;
        uint64_t value;
        enum distress_level level;
    } cases[] = {
        {BALLAST_PRESSURE_SOME, 99, DISTRESS_QUIET},
        {BALLAST_PRESSURE_SOME, 100, DISTRESS_SOME},
        {BALLAST_PRESSURE_SOME, 999, DISTRESS_SOME},
        {BALLAST_PRESSURE_SOME, 1000, DISTRESS_FULL},
        {BALLAST_PRESSURE_FULL, 199, DISTRESS_QUIET},
        {BALLAST_PRESSURE_FULL, 200, DISTRESS_FULL},
        {BALLAST_PRESSURE_REFAULTS, 63, DISTRESS_QUIET},
        {BALLAST_PRESSURE_REFAULTS, 64, DISTRESS_SOME},
        {BALLAST_PRESSURE_SWAPINS, 1023, DISTRESS_SOME},
        {BALLAST_PRESSURE_SWAPINS, 1024, DISTRESS_FULL},
        {BALLAST_PRESSURE_STALLS, 1, DISTRESS_SOME},
        {BALLAST_PRESSURE_OOM_KILLS, 1, DISTRESS_FULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct distress distress = {0};
        struct ballast_domain domain = a_guest(1, 512, 1024, 4096);
        assert_int_equal(next_level(&distress, &domain, cases[i].kind, 0, 100 * SEC),
                         DISTRESS_SOME);
        assert_int_equal(next_level(&distress, &domain, cases[i].kind, 0, 119 * SEC),
                         DISTRESS_QUIET);
        assert_int_equal(next_level(&distress, &domain, cases[i].kind, cases[i].value, 120 * SEC),
                         cases[i].level);
    }
}

/* An average that falls after memory was given is not distress, and not quiet yet. */
static void it_fades(void **state)
{
    (void)state;
    struct distress distress = {0};
    struct ballast_domain domain = a_guest(1, 512, 1024, 4096);
    assert_int_equal(distress_need_kib(&distress), 0);
    (void)next_level(&distress, &domain, BALLAST_PRESSURE_SOME, 3000, 100 * SEC);
    assert_int_equal(distress.level, DISTRESS_FULL);
    assert_int_equal(distress_need_kib(&distress), 1152 * MIB);
    (void)next_level(&distress, &domain, BALLAST_PRESSURE_SOME, 2500, 102 * SEC);
    assert_int_equal(distress.level, DISTRESS_SOME);
    assert_int_equal(distress_need_kib(&distress), 0);
    (void)next_level(&distress, &domain, BALLAST_PRESSURE_SOME, 0, 111 * SEC);
    assert_int_equal(distress.level, DISTRESS_SOME);
    (void)next_level(&distress, &domain, BALLAST_PRESSURE_SOME, 0, 112 * SEC);
    assert_int_equal(distress.level, DISTRESS_QUIET);
    /* ballast-agent of a guest at rest shows each 30 s that it lives, and is seen a little later.
     */
    domain.pressure.age_usec = 33 * SEC;
    distress_sample(&distress, &domain, 145 * SEC);
    assert_int_equal(distress.level, DISTRESS_QUIET);
    domain.pressure.age_usec = 61 * SEC;
    distress_sample(&distress, &domain, 173 * SEC);
    assert_int_equal(distress.level, DISTRESS_UNKNOWN);
}

/*
 * A report that stays while memory is freed counts as if it had followed if pressure is quiet; not
 * before pressure could answer, and not if it does.
 */
static void a_quiet_report_that_stays(void **state)
{
    (void)state;
    static const struct {
        enum distress_level level;
        uint64_t after_usec;
        enum probe_news news;
    } cases[] = {{DISTRESS_QUIET, 2 * SEC, PROBE_NO_NEWS},
                 {DISTRESS_QUIET, 3 * SEC, PROBE_FOLLOWED},
                 {DISTRESS_SOME, 3 * SEC, PROBE_WITHSTOOD},
                 {DISTRESS_FULL, 3 * SEC, PROBE_WITHSTOOD},
                 {DISTRESS_UNKNOWN, 3 * SEC, PROBE_WITHSTOOD}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct probe probe = {0};
        struct distress distress = {.level = DISTRESS_QUIET, .made_usec = 100 * SEC};
        struct ballast_domain domain = a_guest(1, 512, 4096, 8192);
        domain.used_kib = 4096 * MIB;
        (void)probe_sample(&probe, &domain, 100 * SEC, false, &distress, 100 * SEC);
        probe_begin(&probe, &domain, false, 101 * SEC);
        domain.tot_kib = 3840 * MIB;
        (void)probe_sample(&probe, &domain, 0, false, &distress, 102 * SEC);
        uint64_t now_usec = 102 * SEC + cases[i].after_usec;
        distress = (struct distress){.level = cases[i].level, .made_usec = now_usec};
        assert_int_equal(probe_sample(&probe, &domain, now_usec, false, &distress, now_usec),
                         cases[i].news);
    }
}

/* For a start, guests in distress are not asked if others can serve it, and are asked if not. */
static void for_a_start(void **state)
{
    (void)state;
    for (int others_suffice = 0; others_suffice < 2; others_suffice++) {
        struct scene scene = {
            .domains = {a_guest(1, 512, 2990, 8192), a_guest(2, 512, 5010, 8192)}};
        open_scene(&scene, 2, 0);
        set_pressure(&scene.domains[0], BALLAST_PRESSURE_SOME, 4000);
        wait_for(&scene, others_suffice ? 3000 : 5000);
        decide(&scene);
        assert_int_equal(scene.domains[0].target_kib < 2990 * MIB, !others_suffice);
        assert_true(scene.domains[1].target_kib < 5010 * MIB);
        close_scene(&scene);
    }
}

/*
 * A guest that has far more than an even share and reports distress for ever does not have guests
 * that report nothing serve a start alone: it frees what it has beyond its share beside them.
 */
static void distress_beyond_a_share(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 8192, 8192), a_guest(2, 512, 2048, 8192),
                                      a_guest(3, 512, 2048, 8192)}};
    open_scene(&scene, 3, 0);
    wait_for(&scene, 2400);
    for (unsigned tick = 0; tick < 300 && scene.waiting; tick++) {
        set_pressure(&scene.domains[0], BALLAST_PRESSURE_SOME, 10000);
        decide(&scene);
        for (size_t i = 0; i < 3; i++)
            follow(&scene, i, 30 * MIB);
    }
    assert_true(scene.granted);
    assert_in_range(scene.domains[0].tot_kib, 4096 * MIB, 7500 * MIB);
    assert_true(scene.domains[1].tot_kib >= 1200 * MIB);
    close_scene(&scene);
}

/* Pressure goes before a report: a guest in distress is served although it reports little use. */
static void distress_is_served(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 2048, 8192), a_guest(2, 512, 6144, 8192)}};
    open_scene(&scene, 2, 0);
    for (size_t i = 0; i < 2; i++) {
        scene.domains[i].used_kib = 1024 * MIB;
        scene.domains[i].report_age_usec = 0;
    }
    for (unsigned tick = 0; tick < 100; tick++) {
        set_pressure(&scene.domains[0], BALLAST_PRESSURE_OOM_KILLS, tick);
        decide(&scene);
        follow(&scene, 0, 30 * MIB);
        follow(&scene, 1, 30 * MIB);
    }
    assert_true(scene.domains[0].tot_kib >= 4000 * MIB);
    close_scene(&scene);
}

/* A guest that reports nothing keeps half of an even share, whatever others need. */
static void a_silent_guest(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 4096, 8192), a_guest(2, 512, 4096, 8192)}};
    open_scene(&scene, 2, 0);
    for (unsigned tick = 0; tick < 300; tick++) {
        scene.domains[1].used_kib = (tick < 20 ? 3000 : 8000) * MIB;
        scene.domains[1].report_age_usec = 0;
        decide(&scene);
        follow(&scene, 0, 30 * MIB);
        follow(&scene, 1, 30 * MIB);
    }
    assert_in_range(scene.domains[0].tot_kib, 2030 * MIB, 2600 * MIB);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sign),
        cmocka_unit_test(it_fades),
        cmocka_unit_test(for_a_start),
        cmocka_unit_test(a_quiet_report_that_stays),
        cmocka_unit_test(a_silent_guest),
        cmocka_unit_test(distress_is_served),
        cmocka_unit_test(distress_beyond_a_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
