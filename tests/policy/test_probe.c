/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A report is believed by what the balloon shows: probe.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/policy/probe.h"
#include "core/policy/state.h"
#include "scene.h"

#define REPORT_TICKS 10
#define EACH_TICK    (30 * MIB)

/* How a guest reports: `used_kib`, or all that it has. */
struct reporter {
    uint64_t used_kib;
    bool all;
};

enum { NEEDY, CLAIMS, OTHER };

/*
 * The first guest has shown free memory, and then needs 5 GiB of its 4; the second one reports as
 * `second`, the third the same.
 */
static void open_needy(struct scene *scene, uint64_t free_mib)
{
    *scene = (struct scene){.domains = {a_guest(1, 1024, 4096, 8192), a_guest(2, 1024, 4096, 8192),
                                        a_guest(3, 1024, 4096, 8192)}};
    open_scene(scene, 3, free_mib);
}

static void report(struct scene *scene, size_t i, struct reporter as)
{
    struct ballast_domain *domain = &scene->domains[i];
    domain->used_kib = as.all ? domain->tot_kib : as.used_kib;
    domain->reported_free_kib = ballast_sub_floor(domain->tot_kib, domain->used_kib);
    domain->report_age_usec = 0;
}

/* One tick; each guest reports every tenth, and its report ages in between. */
static void one_tick(struct scene *scene, unsigned tick, const struct reporter as[3])
{
    for (size_t i = 0; i < 3; i++) {
        if (tick % REPORT_TICKS == 0)
            report(scene, i, as[i]);
        else
            scene->domains[i].report_age_usec += TICK;
    }
    decide(scene);
    for (size_t i = 0; i < 3; i++)
        follow(scene, i, EACH_TICK);
}

static const struct distress unknown;
static const struct reporter idle = {.used_kib = 3072 * MIB};
static const struct reporter needs_5_gib = {.used_kib = 5120 * MIB};
static const struct reporter all_it_has = {.all = true};
static const struct reporter always_6_gib = {.used_kib = 6144 * MIB};

static void run_ticks(struct scene *scene, unsigned from, unsigned to, struct reporter needy,
                      struct reporter claims, struct reporter other)
{
    const struct reporter as[] = {needy, claims, other};
    for (unsigned tick = from; tick < to; tick++)
        one_tick(scene, tick, as);
}

/* A report that falls with what is freed frees more, step by step, until others have enough. */
static void a_report_that_follows(void **state)
{
    (void)state;
    struct scene scene;
    open_needy(&scene, 0);
    run_ticks(&scene, 0, 50, idle, all_it_has, all_it_has);
    run_ticks(&scene, 50, 600, needs_5_gib, all_it_has, all_it_has);
    assert_true(scene.domains[NEEDY].tot_kib >= 5120 * MIB);
    assert_true(scene.domains[CLAIMS].tot_kib >= 2048 * MIB);
    close_scene(&scene);
}

/* Each step is a sixteenth, and the next waits for a report about the new size. */
static void a_step_at_a_time(void **state)
{
    (void)state;
    struct scene scene;
    open_needy(&scene, 0);
    run_ticks(&scene, 0, 50, idle, all_it_has, always_6_gib);
    const struct reporter as[] = {needs_5_gib, all_it_has, always_6_gib};
    uint64_t at_report_kib = BALLAST_NONE;
    for (unsigned tick = 50; tick < 600; tick++) {
        if (tick % REPORT_TICKS == 0)
            at_report_kib = scene.domains[CLAIMS].tot_kib;
        one_tick(&scene, tick, as);
        uint64_t lowest_kib = at_report_kib - at_report_kib / PROBE_STEP_PART - BALLAST_PAGE_KIB;
        assert_true(scene.domains[CLAIMS].target_kib >= lowest_kib);
    }
    close_scene(&scene);
}

/* Of the memory at its report: the most that a probe asked for, in a host of that state. */
static uint64_t deepest_step_kib(enum host_state wanted)
{
    struct balancer_settings settings = {.soft_permyriad = BALLAST_PERMYRIAD};
    struct scene scene;
    open_needy(&scene, 0);
    if (wanted == HOST_HARD)
        settings.hard_permyriad = BALLAST_PERMYRIAD;
    balancer_set_settings(scene.balancer, &settings);
    run_ticks(&scene, 0, 50, idle, all_it_has, always_6_gib);
    const struct reporter as[] = {needs_5_gib, all_it_has, always_6_gib};
    uint64_t at_report_kib = BALLAST_NONE;
    uint64_t most_kib = 0;
    for (unsigned tick = 50; tick < 600; tick++) {
        if (tick % REPORT_TICKS == 0)
            at_report_kib = scene.domains[CLAIMS].tot_kib;
        one_tick(&scene, tick, as);
        uint64_t step_kib = ballast_sub_floor(at_report_kib, scene.domains[CLAIMS].target_kib);
        most_kib = ballast_max_u64(most_kib, ballast_mul_div(step_kib, 960, at_report_kib));
    }
    assert_int_equal(balancer_outlook(scene.balancer).state, wanted);
    close_scene(&scene);
    return most_kib;
}

/* A 24th where memory is not scarce, a sixteenth where it is. */
static void a_gentler_step(void **state)
{
    (void)state;
    assert_in_range(deepest_step_kib(HOST_SOFT), 38, 40);
    assert_in_range(deepest_step_kib(HOST_HARD), 58, 60);
}

static struct probe *probe_of_claims(const struct scene *scene)
{
    return &scene->balancer->tracks[CLAIMS].probe;
}

/* For a start that waits a step is not gentle, wherever memory is not scarce. */
static void a_step_for_a_start(void **state)
{
    (void)state;
    struct balancer_settings settings = {.soft_permyriad = BALLAST_PERMYRIAD};
    struct scene scene;
    open_needy(&scene, 0);
    balancer_set_settings(scene.balancer, &settings);
    run_ticks(&scene, 0, 50, idle, all_it_has, always_6_gib);
    for (unsigned tick = 50; tick < 600 && probe_of_claims(&scene)->from_kib == 0; tick++)
        run_ticks(&scene, tick, tick + 1, needs_5_gib, all_it_has, always_6_gib);
    struct probe *probe = probe_of_claims(&scene);
    struct census census = census_of(&scene.host);
    assert_true(probe->from_kib > 0);
    for (int start_waits = 0; start_waits < 2; start_waits++) {
        probe->from_kib = 0;
        balancer_begin_probes(scene.balancer, &scene.host, &census, start_waits);
        assert_int_equal(probe->from_kib, scene.domains[CLAIMS].tot_kib);
        assert_int_equal(probe->step_kib, probe->from_kib / (start_waits ? PROBE_STEP_PART
                                                                         : PROBE_GENTLE_STEP_PART));
    }
    close_scene(&scene);
}

/* An even share of three guests, and of them and a start that waits. */
static void a_start_has_a_share(void **state)
{
    (void)state;
    struct scene scene;
    open_needy(&scene, 300);
    struct census census = census_of(&scene.host);
    for (uint64_t start_waits = 0; start_waits < 2; start_waits++) {
        struct even even = even_share(&census, 300 * MIB, start_waits > 0);
        uint64_t all_kib = (3 * 4096 + 300) * MIB;
        assert_in_range(even_kib(&even, &scene.domains[0]), all_kib / (3 + start_waits) - 2 * MIB,
                        all_kib / (3 + start_waits));
    }
    close_scene(&scene);
}

/* A report that stays gets its memory back, and is left in peace for longer and longer. */
static void a_report_that_stays(void **state)
{
    (void)state;
    struct scene scene;
    open_needy(&scene, 0);
    run_ticks(&scene, 0, 50, idle, always_6_gib, always_6_gib);
    const struct reporter as[] = {needs_5_gib, always_6_gib, always_6_gib};
    unsigned below = 0;
    for (unsigned tick = 50; tick < 2050; tick++) {
        one_tick(&scene, tick, as);
        below += scene.domains[CLAIMS].tot_kib < 4000 * MIB;
    }
    assert_in_range(below, 1, 200);
    assert_true(scene.domains[CLAIMS].tot_kib >= 4000 * MIB);
    close_scene(&scene);
}

/* While no other domain lacks memory, or free memory covers that, nothing is probed. */
static void only_for_others(void **state)
{
    (void)state;
    for (int has_free = 0; has_free < 2; has_free++) {
        struct scene scene;
        open_needy(&scene, has_free ? 4096 : 0);
        uint64_t lowest_kib = BALLAST_NONE;
        const struct reporter as[] = {has_free ? needs_5_gib : idle, all_it_has, all_it_has};
        run_ticks(&scene, 0, 50, idle, all_it_has, all_it_has);
        for (unsigned tick = 50; tick < 300; tick++) {
            one_tick(&scene, tick, as);
            lowest_kib = ballast_min_u64(lowest_kib, scene.domains[CLAIMS].target_kib);
        }
        assert_true(lowest_kib >= 4096 * MIB);
        close_scene(&scene);
    }
}

/* A guest that reports nothing, or free memory beside its use and a margin, is not probed. */
static void who_is_not_probed(void **state)
{
    (void)state;
    struct probe probe = {0};
    struct ballast_domain domain = a_guest(1, 1024, 4096, 8192);
    assert_false(probe_may_begin(&probe, &domain, &unknown, 0));
    domain.used_kib = 4096 * MIB * 95 / 100;
    assert_false(probe_may_begin(&probe, &domain, &unknown, 0));
    const struct distress quiet = {.level = DISTRESS_QUIET};
    domain.used_kib = 4096 * MIB * 97 / 100;
    assert_true(probe_may_begin(&probe, &domain, &quiet, 0));
    /* It may have no swap, and die. */
    assert_false(probe_may_begin(&probe, &domain, &unknown, 0));
    domain.reported_swap_kib = MIB;
    assert_true(probe_may_begin(&probe, &domain, &unknown, 0));
    domain.reported_swap_kib = 0;
    domain.used_kib = domain.tot_kib - 39 * MIB;
    assert_true(probe_may_begin(&probe, &domain, &unknown, 0));
    domain.tot_kib = 65536 * MIB;
    domain.used_kib = domain.tot_kib - 65 * MIB;
    assert_false(probe_may_begin(&probe, &domain, &unknown, 0));
    domain.used_kib = domain.tot_kib;
    assert_true(probe_may_begin(&probe, &domain, &unknown, 0));
    domain.pinned_kib = 4096 * MIB;
    assert_false(probe_may_begin(&probe, &domain, &unknown, 0));
    domain.pinned_kib = 0;
    domain.is_dom0 = true;
    assert_false(probe_may_begin(&probe, &domain, &unknown, 0));
}

/* A step under way whose balloon stops, or that no report answers, is over. */
static void a_step_ends(void **state)
{
    (void)state;
    for (int stops = 0; stops < 2; stops++) {
        struct probe probe = {0};
        struct ballast_domain domain = a_guest(1, 1024, 4096, 8192);
        domain.used_kib = 4096 * MIB;
        probe_begin(&probe, &domain, false, BALLAST_SEC_USEC);
        assert_int_equal(probe_most_kib(&probe, &domain), 3840 * MIB);
        domain.tot_kib = 3900 * MIB;
        assert_int_equal(probe_sample(&probe, &domain, 0, stops, &unknown, 2 * BALLAST_SEC_USEC),
                         stops ? PROBE_WITHSTOOD : PROBE_NO_NEWS);
        assert_int_equal(probe_sample(&probe, &domain, 0, false, &unknown, 11 * BALLAST_SEC_USEC),
                         stops ? PROBE_NO_NEWS : PROBE_UNANSWERED);
        assert_int_equal(probe_most_kib(&probe, &domain), BALLAST_NONE);
        assert_false(probe_may_begin(&probe, &domain, &unknown, 12 * BALLAST_SEC_USEC));
    }
}

/*
 * data/meminfo_free tells what is free: use that follows from it falls with the memory of a guest
 * that needs all of it, and the rest is in swap. Only quiet pressure can tell. A report that counts
 * swap, such as Qubes', cannot fall for want of memory.
 */
static void use_that_cannot_exceed_memory(void **state)
{
    (void)state;
    static const enum ballast_report_source sources[] = {
        BALLAST_REPORT_MEMINFO, BALLAST_REPORT_GUEST_AGENT, BALLAST_REPORT_BALLAST_AGENT};
    for (size_t i = 0; i < 3; i++) {
        struct scene scene;
        open_needy(&scene, 0);
        scene.domains[CLAIMS].report_source = scene.domains[OTHER].report_source = sources[i];
        run_ticks(&scene, 0, 50, idle, all_it_has, all_it_has);
        run_ticks(&scene, 50, 600, needs_5_gib, all_it_has, all_it_has);
        uint64_t has_kib = scene.domains[CLAIMS].tot_kib;
        if (sources[i] == BALLAST_REPORT_MEMINFO)
            assert_true(has_kib < 3900 * MIB);
        else
            assert_int_equal(has_kib, 4096 * MIB);
        close_scene(&scene);
    }
}

/* A guest that swaps for a step has not shown that it does not need its memory. */
static void swap_ends_a_step(void **state)
{
    (void)state;
    for (int swaps = 0; swaps < 2; swaps++) {
        struct probe probe = {0};
        struct ballast_domain domain = a_guest(1, 1024, 4096, 8192);
        uint64_t sec = BALLAST_SEC_USEC;
        domain.used_kib = 4096 * MIB;
        domain.reported_swap_kib = 512 * MIB;
        (void)probe_sample(&probe, &domain, sec, false, &unknown, sec);
        probe_begin(&probe, &domain, false, 2 * sec);
        domain.tot_kib = 3840 * MIB;
        (void)probe_sample(&probe, &domain, 0, false, &unknown, 3 * sec);
        domain.used_kib = 3950 * MIB;
        domain.reported_swap_kib += swaps ? 110 * MIB : 10 * MIB;
        assert_int_equal(probe_sample(&probe, &domain, 4 * sec, false, &unknown, 4 * sec),
                         swaps ? PROBE_WITHSTOOD : PROBE_FOLLOWED);
        assert_int_equal(probe_most_kib(&probe, &domain), swaps ? BALLAST_NONE : 3840 * MIB);
    }
}

/*
 * A step of a probe is down and the report has stayed: a claim of Qubes' writer has neither memory
 * nor swap behind it then, unless swap or pressure rose. Of another writer that is not known.
 */
static void a_claim_with_nothing_behind(void **state)
{
    (void)state;
    static const struct distress some = {.level = DISTRESS_SOME};
    static const struct {
        enum ballast_report_source source;
        uint64_t swap_mib; /* beside 512 MiB that were there before */
        const struct distress *distress;
        enum probe_news news;
    } cases[] = {{BALLAST_REPORT_MEMINFO, 0, &unknown, PROBE_FOLLOWED},
                 {BALLAST_REPORT_MEMINFO, 60, &unknown, PROBE_FOLLOWED},
                 {BALLAST_REPORT_MEMINFO, 70, &unknown, PROBE_WITHSTOOD},
                 {BALLAST_REPORT_MEMINFO, 0, &some, PROBE_WITHSTOOD},
                 {BALLAST_REPORT_NONE, 0, &unknown, PROBE_WITHSTOOD}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct probe probe = {0};
        struct ballast_domain domain = a_guest(1, 1024, 4096, 8192);
        uint64_t sec = BALLAST_SEC_USEC;
        domain.report_source = cases[i].source;
        domain.used_kib = 6144 * MIB;
        domain.reported_swap_kib = 512 * MIB;
        (void)probe_sample(&probe, &domain, sec, false, &unknown, sec);
        probe_begin(&probe, &domain, false, 2 * sec);
        domain.target_kib = domain.tot_kib = 3840 * MIB;
        (void)probe_sample(&probe, &domain, 0, false, &unknown, 3 * sec);
        domain.reported_swap_kib += cases[i].swap_mib * MIB;
        assert_int_equal(probe_sample(&probe, &domain, 4 * sec, false, cases[i].distress, 4 * sec),
                         cases[i].news);
        bool found = cases[i].news == PROBE_FOLLOWED;
        assert_int_equal(probe.findings, found);
        assert_int_equal(probe_most_kib(&probe, &domain), found ? 3840 * MIB : BALLAST_NONE);
    }
}

/* A step that its domain was never asked for is no finding, and the next one need not wait. */
static void a_step_that_nobody_wanted(void **state)
{
    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        struct probe probe = {0};
        struct ballast_domain domain = a_guest(1, 1024, 4096, 8192);
        uint64_t sec = BALLAST_SEC_USEC;
        domain.used_kib = 4096 * MIB;
        probe_begin(&probe, &domain, false, sec);
        if (asked)
            domain.target_kib = 3840 * MIB;
        uint64_t end_usec = sec + PROBE_UNANSWERED_USEC;
        assert_int_equal(probe_sample(&probe, &domain, 0, false, &unknown, end_usec - 1),
                         PROBE_NO_NEWS);
        assert_int_equal(probe_most_kib(&probe, &domain), 3840 * MIB);
        assert_int_equal(probe_sample(&probe, &domain, 0, false, &unknown, end_usec),
                         asked ? PROBE_UNANSWERED : PROBE_NO_NEWS);
        assert_int_equal(probe_most_kib(&probe, &domain), BALLAST_NONE);
        assert_int_equal(probe.findings + probe.follows + probe.stays, 0);
        domain.target_kib = 4096 * MIB;
        assert_int_equal(probe_may_begin(&probe, &domain, &unknown, end_usec), !asked);
    }
}

/* What was found is forgotten after five minutes, and sooner when memory is reported free. */
static void it_is_forgiven(void **state)
{
    (void)state;
    for (int reports_free = 0; reports_free < 2; reports_free++) {
        struct probe probe = {0};
        struct ballast_domain domain = a_guest(1, 1024, 4096, 8192);
        domain.used_kib = domain.tot_kib;
        uint64_t sec = BALLAST_SEC_USEC;
        (void)probe_sample(&probe, &domain, 0, false, &unknown, 10 * sec);
        (void)probe_sample(&probe, &domain, 11 * sec, false, &unknown, 11 * sec);
        domain.tot_kib -= domain.tot_kib / PROBE_STEP_PART;
        domain.target_kib = domain.tot_kib;
        domain.used_kib = domain.tot_kib;
        (void)probe_sample(&probe, &domain, 0, false, &unknown, 12 * sec);
        assert_int_equal(probe_sample(&probe, &domain, 13 * sec, false, &unknown, 13 * sec),
                         PROBE_FOLLOWED);
        assert_int_equal(probe_most_kib(&probe, &domain), domain.tot_kib);
        if (reports_free) {
            domain.used_kib = domain.tot_kib / 2;
            (void)probe_sample(&probe, &domain, 14 * sec, false, &unknown, 14 * sec);
            assert_true(probe.proven);
        } else {
            (void)probe_sample(&probe, &domain, 0, false, &unknown, 312 * sec);
            assert_int_equal(probe_most_kib(&probe, &domain), domain.tot_kib);
            (void)probe_sample(&probe, &domain, 0, false, &unknown, 313 * sec);
        }
        assert_int_equal(probe_most_kib(&probe, &domain), BALLAST_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_that_follows),
        cmocka_unit_test(a_step_at_a_time),
        cmocka_unit_test(a_gentler_step),
        cmocka_unit_test(a_report_that_stays),
        cmocka_unit_test(only_for_others),
        cmocka_unit_test(who_is_not_probed),
        cmocka_unit_test(a_step_ends),
        cmocka_unit_test(it_is_forgiven),
        cmocka_unit_test(swap_ends_a_step),
        cmocka_unit_test(use_that_cannot_exceed_memory),
        cmocka_unit_test(a_claim_with_nothing_behind),
        cmocka_unit_test(a_step_that_nobody_wanted),
        cmocka_unit_test(a_step_for_a_start),
        cmocka_unit_test(a_start_has_a_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
