/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the balancer learns by observing a guest, and how it uses its reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scene.h"

static void test_rate_is_measured(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 2048);
    for (int tick = 0; tick < 60; tick++) {
        decide(&scene);
        follow(&scene, 0, 10 * MIB);
    }
    assert_in_range(estimate(&scene, 1).reclaim_kib_per_sec, 95 * MIB, 105 * MIB);
    assert_int_equal(estimate(&scene, 1).balloon_status, BALLOON_FOLLOWS);
    close_scene(&scene);
}

/* What is not known of a guest is taken from those of its type here, and never from its size. */
static void test_a_pace_is_of_its_like(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096), a_guest(2, 512, 1024, 1024),
                                      a_guest(3, 1024, 999999, 999999),
                                      a_guest(0, 64, 8192, 8192)}};
    scene.domains[0].kind = scene.domains[1].kind = scene.domains[3].kind = BALLAST_KIND_PVH;
    scene.domains[2].kind = BALLAST_KIND_HVM;
    scene.domains[3].is_dom0 = true;
    open_scene(&scene, 4, 0);
    for (size_t i = 1; i < 4; i++)
        scene.domains[i].shares = 0;
    wait_for(&scene, 2048);
    for (int tick = 0; tick < 60; tick++) {
        decide(&scene);
        follow(&scene, 0, 10 * MIB);
    }
    assert_int_equal(estimate(&scene, 1).down.basis, PACE_MEASURED);
    assert_int_equal(estimate(&scene, 1).down.min_kib_per_sec,
                     estimate(&scene, 1).reclaim_kib_per_sec);
    assert_int_equal(estimate(&scene, 2).down.basis, PACE_LIKE);
    assert_int_equal(estimate(&scene, 2).down.max_kib_per_sec,
                     estimate(&scene, 1).reclaim_kib_per_sec);
    /* Neither another type nor dom0 is its like, however large. */
    assert_int_equal(estimate(&scene, 3).down.basis, PACE_RANGE);
    assert_int_equal(estimate(&scene, 3).down.max_kib_per_sec, 2048 * MIB);
    assert_int_equal(estimate(&scene, 0).down.basis, PACE_RANGE);
    close_scene(&scene);
}

/* By the slow end of the guess a start would be late; nothing is refused for that before it is. */
static void test_a_guess_refuses_nothing(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 2048);
    scene.request.deadline_usec = 3 * BALLAST_SEC_USEC;
    for (int tick = 0; tick < 40 && scene.waiting; tick++) {
        decide(&scene);
        follow(&scene, 0, 100 * MIB);
    }
    assert_true(scene.granted);
    close_scene(&scene);
}

/* No start waits for the one that does nothing: the others are asked for all of it from the start.
 */
static void test_stuck_guest_costs_nothing(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096), a_guest(2, 1024, 4096, 4096)}};
    open_scene(&scene, 2, 0);
    wait_for(&scene, 1024);
    int tick = 0;
    for (; tick < 600 && scene.waiting; tick++) {
        decide(&scene);
        follow(&scene, 1, 20 * MIB);
    }
    assert_true(scene.granted);
    assert_in_range(tick, 52, 54); /* 1024 MiB at 200 MiB/s, seen one tick later */
    assert_in_range(scene.target_writes, 2, 4);
    close_scene(&scene);
}

/* Samples may be far apart. All have freed what they were asked for, another domain took some of
 * it: the donors can free more, and the start is feasible. */
static void test_who_has_given_may_give_more(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096), a_guest(2, 1024, 4096, 4096)}};
    open_scene(&scene, 2, 0);
    wait_for(&scene, 1024);
    decide(&scene);
    scene.host.now_usec += 10 * BALLAST_SEC_USEC;
    follow(&scene, 0, 4096 * MIB);
    follow(&scene, 1, 4096 * MIB);
    assert_true(scene.host.free_kib >= 1024 * MIB);
    uint64_t taken_kib = scene.host.free_kib - 1004 * MIB;
    scene.host.free_kib -= taken_kib;
    scene.host.total_kib -= taken_kib;
    for (int tick = 0; tick < 10 && scene.waiting; tick++) {
        decide(&scene);
        follow(&scene, 0, 4096 * MIB);
        follow(&scene, 1, 4096 * MIB);
    }
    assert_true(scene.granted);
    close_scene(&scene);
}

/* A page now and then is not progress: the start is not kept waiting for ever. */
static void test_a_page_now_and_then(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 2048);
    int tick = 0;
    for (; tick < 1200 && scene.waiting; tick++) {
        decide(&scene);
        if (tick % 49 == 48)
            follow(&scene, 0, BALLAST_PAGE_KIB);
    }
    assert_false(scene.waiting);
    assert_false(scene.granted);
    assert_int_equal(scene.reason, BALANCER_DONORS_STUCK);
    assert_in_range(tick, 40, 160);
    close_scene(&scene);
}

/* Gives so much each `every` ticks, and is asked for 7 GiB of its 8: how long until it is stuck? */
static int ticks_until_stuck(uint64_t kib, int every, int most)
{
    struct scene scene = {.domains = {a_guest(1, 1024, 8192, 8192)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 7000);
    int tick = 0;
    for (; tick < most && scene.waiting; tick++) {
        decide(&scene);
        if (tick % every == every - 1)
            follow(&scene, 0, kib);
    }
    if (!scene.waiting)
        assert_int_equal(scene.reason, BALANCER_DONORS_STUCK);
    close_scene(&scene);
    return tick;
}

/* At 2 MiB a second it takes an hour, at a quarter of that four; each of them keeps giving. */
static void test_slow_is_not_stuck(void **state)
{
    (void)state;
    assert_int_equal(ticks_until_stuck(205, 1, 3000), 3000);    /* 2 MiB/s */
    assert_int_equal(ticks_until_stuck(52, 1, 3000), 3000);     /* 0.5 MiB/s */
    assert_int_equal(ticks_until_stuck(8, 1, 3000), 3000);      /* 80 KiB/s */
    assert_int_equal(ticks_until_stuck(8192, 40, 3000), 3000);  /* 2 MiB/s, every 4 s at once */
    assert_int_equal(ticks_until_stuck(512, 7, 3000), 3000);    /* 0.7 MiB/s, now and then */
    assert_in_range(ticks_until_stuck(0, 1, 3000), 46, 50);     /* nothing at all: as ever */
    assert_in_range(ticks_until_stuck(4, 1, 3000), 46, 100);    /* a page each tick */
    assert_in_range(ticks_until_stuck(128, 44, 3000), 46, 100); /* something to look alive */
}

/* One that was fast and is slow now gives still, at the pace that it has now. */
static void test_slow_after_fast(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 8192, 8192)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 7000);
    for (int tick = 0; tick < 600; tick++) {
        decide(&scene);
        follow(&scene, 0, tick < 50 ? 40 * MIB : 205);
    }
    assert_true(scene.waiting);
    assert_int_equal(estimate(&scene, 1).balloon_status, BALLOON_FOLLOWS);
    assert_in_range(estimate(&scene, 1).reclaim_kib_per_sec, 1900, 2200);
    close_scene(&scene);
}

/* A pause is not death: three seconds on, three off, and no start is refused. */
static void test_a_pause_is_not_death(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 2048);
    for (int tick = 0; tick < 600 && scene.waiting; tick++) {
        decide(&scene);
        if (tick / 30 % 2 == 0)
            follow(&scene, 0, 10 * MIB);
    }
    assert_true(scene.granted);
    assert_int_equal(estimate(&scene, 1).balloon_status, BALLOON_SLOW);
    close_scene(&scene);
}

static void test_the_floor_is_learned(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 2048);
    for (int tick = 0; tick < 300 && scene.waiting; tick++) {
        decide(&scene);
        if (scene.domains[0].tot_kib > 3072 * MIB)
            follow(&scene, 0, 16 * MIB);
    }
    assert_false(scene.granted);
    assert_in_range(estimate(&scene, 1).floor.kib, 3056 * MIB, 3072 * MIB);
    assert_int_equal(balancer_stop_changes(scene.balancer), 1);
    /* It is not left with a target that it tries for in vain. */
    decide(&scene);
    assert_true(scene.domains[0].target_kib >= scene.domains[0].tot_kib);
    close_scene(&scene);
}

static void run_reports(struct scene *scene, uint64_t used_kib, uint64_t free_kib, int ticks)
{
    for (int i = 0; i < ticks; i++) {
        scene->domains[0].used_kib = used_kib + (uint64_t)(i % 2) * BALLAST_PAGE_KIB;
        scene->domains[0].reported_free_kib = free_kib;
        scene->domains[0].report_age_usec = 0;
        decide(scene);
    }
}

/* The same, and in what follows: alone for 10 s, then asked for a sixteenth less, then for 20 s. */
static void test_backoff_after_a_stop(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 4096, 4096), a_guest(2, 1024, 4096, 4096)}};
    open_scene(&scene, 2, 0);
    uint64_t lowest_kib = BALLAST_NONE;
    int asked = 0;
    bool was_asked = false;
    for (int tick = 0; tick < 400; tick++) {
        /* A start that never fits, and is asked for again and again. */
        if (!scene.waiting)
            wait_for(&scene, 7000);
        decide(&scene);
        bool now_asked = scene.domains[0].target_kib < scene.domains[0].tot_kib;
        asked += now_asked && !was_asked;
        was_asked = now_asked;
        if (estimate(&scene, 1).last_stop.kib > 0)
            lowest_kib = ballast_min_u64(lowest_kib, scene.domains[0].target_kib);
        if (scene.domains[0].tot_kib > 3072 * MIB)
            follow(&scene, 0, 128 * MIB);
    }
    /* Asked at 0 s, stopped at about 5 s, asked again at 15 s, stopped at 20 s and alone to 40 s.
     */
    assert_in_range(asked, 2, 3);
    assert_in_range(estimate(&scene, 1).last_stop.stops, 2, 3);
    assert_in_range(lowest_kib, 2850 * MIB, 3072 * MIB);
    assert_int_equal(estimate(&scene, 1).floor.reason, FLOOR_LAST_STOP);
    close_scene(&scene);
}

/* A balloon that was asked, freed memory and takes it back, has a guest in need. */
static void test_backoff_after_taking_back(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 4096, 4096)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 3000);
    for (int tick = 0; tick < 10; tick++) {
        decide(&scene);
        follow(&scene, 0, 100 * MIB);
    }
    assert_false(estimate(&scene, 1).in_backoff);
    scene.domains[0].tot_kib += 200 * MIB;
    scene.host.free_kib -= 200 * MIB;
    decide(&scene);
    assert_true(estimate(&scene, 1).in_backoff);
    assert_true(scene.domains[0].target_kib >= scene.domains[0].tot_kib);
    assert_int_equal(scene.sets[0].reason, BALANCER_BACKOFF);
    close_scene(&scene);
}

/* No start is worth what a guest says it uses, as long as that is no more than its even share. */
static void test_its_report_holds(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 1024, 4096), a_guest(2, 64, 4096, 4096)}};
    open_scene(&scene, 2, 0);
    scene.domains[0].used_kib = 800 * MIB;
    scene.domains[0].reported_free_kib = 224 * MIB;
    uint64_t lowest_kib = BALLAST_NONE;
    wait_for(&scene, 4150);
    for (int tick = 0; tick < 100; tick++) {
        scene.domains[0].report_age_usec = (uint64_t)(tick % 10) * TICK;
        if (tick % 10 == 0)
            scene.domains[0].reported_free_kib = scene.domains[0].tot_kib - 800 * MIB;
        decide(&scene);
        lowest_kib = ballast_min_u64(lowest_kib, scene.domains[0].target_kib);
        follow(&scene, 0, 20 * MIB);
        follow(&scene, 1, 20 * MIB);
    }
    assert_in_range(lowest_kib, 780 * MIB, 800 * MIB);
    assert_int_equal(estimate(&scene, 1).floor.reason, FLOOR_REPORTED_USE);
    assert_in_range(estimate(&scene, 1).floor.kib, 780 * MIB, 800 * MIB);
    close_scene(&scene);
}

/* What it says it uses leaves out its video memory, and what it holds does not: its floor and its
 * need count both, and an honest one is no liar for it. */
static void test_its_video_is_counted(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 1024, 4096), a_guest(2, 64, 4096, 4096)}};
    open_scene(&scene, 2, 0);
    scene.domains[0].video_kib = 384 * MIB;
    uint64_t lowest_kib = BALLAST_NONE;
    wait_for(&scene, 4150);
    for (int tick = 0; tick < 100; tick++) {
        scene.domains[0].used_kib = 600 * MIB;
        scene.domains[0].reported_free_kib = scene.domains[0].tot_kib - (600 + 384) * MIB;
        scene.domains[0].report_age_usec = 0;
        decide(&scene);
        lowest_kib = ballast_min_u64(lowest_kib, scene.domains[0].target_kib);
        follow(&scene, 0, 20 * MIB);
        follow(&scene, 1, 20 * MIB);
    }
    assert_int_equal(estimate(&scene, 1).floor.kib, 984 * MIB);
    assert_int_equal(estimate(&scene, 1).trust_permyriad, 10000);
    assert_int_equal(estimate(&scene, 1).need_kib, 984 * MIB * 105 / 100);
    assert_int_equal(lowest_kib, 984 * MIB);
    close_scene(&scene);
}

/* One that says it uses all that it has, whatever that is, keeps its even share by it and no more.
 */
static void test_its_report_is_bounded(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 6144, 8192), a_guest(2, 64, 1024, 4096),
                                      a_guest(3, 64, 1024, 4096), a_guest(4, 64, 1024, 4096)}};
    open_scene(&scene, 4, 0);
    wait_for(&scene, 3000);
    for (int tick = 0; tick < 600 && scene.waiting; tick++) {
        scene.domains[0].used_kib = scene.domains[0].tot_kib - (uint64_t)(tick % 2) * 4;
        scene.domains[0].reported_free_kib = (uint64_t)(tick % 2) * 4;
        scene.domains[0].report_age_usec = 0;
        decide(&scene);
        follow(&scene, 0, 20 * MIB);
    }
    assert_true(scene.granted);
    assert_true(scene.domains[0].tot_kib >= (6144 + 3 * 1024) / 4 * MIB);
    /* What its report alone would keep for it is shown beside that. */
    assert_true(estimate(&scene, 1).report_floor.kib > estimate(&scene, 1).floor.kib);
    close_scene(&scene);
}

/* What it was seen to live without is in swap, and is no part of its floor. */
static void test_swap_is_learned(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 2048, 4096), a_guest(2, 64, 8192, 8192)}};
    open_scene(&scene, 2, 0);
    scene.host.free_kib = 0;
    scene.domains[1].shares = 0;
    run_reports(&scene, 3000 * MIB, 0, 40);
    assert_in_range(estimate(&scene, 1).floor.kib, 1900 * MIB, 2100 * MIB);
    run_reports(&scene, 1500 * MIB, 500 * MIB, 10);
    /* 952 MiB, and an eighth of that which it has to show. */
    assert_in_range(estimate(&scene, 1).floor.kib, 425 * MIB, 433 * MIB);
    close_scene(&scene);
}

/* Populated on demand and not covered: to raise it costs at once, to lower it brings nothing. */
static void test_uncovered_pod_is_not_asked(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 256, 512, 1024), a_guest(2, 256, 2048, 2048)}};
    open_scene(&scene, 2, 2048);
    scene.domains[0].pod_entries_kib = 1024 * MIB;
    scene.domains[0].pod_cache_kib = 512 * MIB;
    scene.domains[0].maxmem_kib = 513 * MIB;
    for (int tick = 0; tick < 20; tick++)
        decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 512 * MIB);
    wait_for(&scene, 3840);
    decide(&scene);
    /* What it may give once it is covered is not counted as available. */
    assert_true(scene.waiting);
    assert_int_equal(scene.domains[0].target_kib, 512 * MIB);
    assert_true(scene.domains[0].maxmem_kib <= 512 * MIB);
    scene.domains[0].pod_entries_kib = scene.domains[0].pod_cache_kib;
    decide(&scene);
    assert_true(scene.domains[0].target_kib < 512 * MIB);
    close_scene(&scene);
}

static void test_impossible_is_refused_at_once(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
    open_scene(&scene, 1, 512);
    wait_for(&scene, 512 + 3072 + 1);
    decide(&scene);
    assert_false(scene.waiting);
    assert_int_equal(scene.reason, BALANCER_NEVER_FITS);
    assert_int_equal(scene.target_writes, 0);
    close_scene(&scene);
}

static void test_honest_reports_earn_trust(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 8192)}};
    open_scene(&scene, 1, 0);
    run_reports(&scene, 3000 * MIB, 1096 * MIB, 50);
    assert_int_equal(estimate(&scene, 1).trust_permyriad, 10000);
    assert_in_range(estimate(&scene, 1).need_kib, 3100 * MIB, 3200 * MIB);
    close_scene(&scene);
}

static void test_nonsense_loses_trust(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 8192)}};
    open_scene(&scene, 1, 0);
    run_reports(&scene, UINT64_MAX / 2, UINT64_MAX / 2, 10);
    assert_in_range(estimate(&scene, 1).trust_permyriad, 0, 100);
    assert_int_equal(estimate(&scene, 1).need_kib, 1024 * MIB);
    /* It claims to use 4000 MiB, and as many to be free: what it holds belies it. */
    run_reports(&scene, 4000 * MIB, 4000 * MIB, 10);
    assert_in_range(estimate(&scene, 1).trust_permyriad, 0, 100);
    close_scene(&scene);
}

static void test_peers_and_dom0_are_not_asked(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(0, 1024, 2048, 4096), a_guest(1, 0, 4096, 4096),
                                      a_guest(2, 0, 4096, 4096), a_guest(3, 0, 4096, 4096)}};
    scene.domains[0].is_dom0 = true;
    scene.domains[0].used_kib = 1800 * MIB;
    scene.domains[0].reported_free_kib = 248 * MIB;
    scene.domains[1].state = BALLAST_DOMAIN_PAUSED;
    scene.domains[2].has_balloon = false;
    scene.domains[3].state = BALLAST_DOMAIN_MIGRATING;
    open_scene(&scene, 4, 0);
    scene.host.now_usec = 1000 * BALLAST_SEC_USEC;
    wait_for(&scene, 64);
    decide(&scene);
    assert_int_equal(scene.domains[1].target_kib, 4096 * MIB);
    assert_int_equal(scene.domains[2].target_kib, 4096 * MIB);
    assert_int_equal(scene.domains[3].target_kib, 4096 * MIB);
    assert_true(scene.domains[0].target_kib >= 1800 * MIB);
    close_scene(&scene);
}

/* One that migrates is not asked, has its maximum held, and makes no request infeasible: that is
 * over soon. */
static void test_migrating_may_free_memory_later(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 3072, 4096), a_guest(2, 1024, 2048, 2048)}};
    scene.domains[0].state = BALLAST_DOMAIN_MIGRATING;
    open_scene(&scene, 2, 512);
    wait_for(&scene, 2560);
    for (int tick = 0; tick < 100; tick++) {
        decide(&scene);
        follow(&scene, 1, 100 * MIB);
    }
    assert_true(scene.waiting);
    assert_int_equal(scene.domains[0].target_kib, 3072 * MIB);
    assert_int_equal(scene.domains[0].maxmem_kib, 3072 * MIB);
    scene.domains[0].state = BALLAST_DOMAIN_RUN;
    for (int tick = 0; tick < 30; tick++) {
        decide(&scene);
        follow(&scene, 0, 100 * MIB);
    }
    assert_true(scene.granted);
    close_scene(&scene);
}

/* One that is not asked and does not grow to its target keeps nothing from a start, once that is
 * seen, and its maximum is held to what it holds. */
static void test_what_nobody_takes_is_available(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 1024, 4096)}};
    scene.domains[0].target_kib = 4096 * MIB;
    scene.domains[0].shares = 0;
    open_scene(&scene, 1, 4096);
    wait_for(&scene, 1025);
    scene.request.deadline_usec = 60 * BALLAST_SEC_USEC;
    decide(&scene);
    assert_true(scene.waiting);
    assert_int_equal(balancer_kept_kib(scene.balancer), 3072 * MIB);
    assert_int_equal(scene.domains[0].maxmem_kib, 4096 * MIB);
    int tick = 0;
    for (; tick < 100 && scene.waiting; tick++)
        decide(&scene);
    assert_in_range(tick, 40, 60);
    assert_true(scene.granted);
    assert_int_equal(balancer_kept_kib(scene.balancer), 0);
    assert_int_equal(scene.domains[0].maxmem_kib, 1024 * MIB);
    close_scene(&scene);
}

/* What Xen takes for itself between two samples breaks no promise. */
static void test_a_guard_is_kept(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 128, 4096)}};
    scene.domains[0].maxmem_kib = scene.domains[0].tot_kib;
    open_scene(&scene, 1, 100);
    balancer_free(scene.balancer);
    struct balancer_options options = {.inaccuracy_kib = 4, .guard_kib = 2 * MIB};
    scene.balancer = balancer_new(policy_find("ballast"), &options);
    assert_non_null(scene.balancer);
    for (int i = 0; i < 100; i++) {
        decide(&scene);
        uint64_t room_kib = scene.domains[0].maxmem_kib - scene.domains[0].tot_kib;
        assert_true(room_kib + 2 * MIB <= scene.host.free_kib);
        follow(&scene, 0, 10 * MIB);
    }
    /* All but the guard was used, and a start may have that too. */
    assert_in_range(scene.host.free_kib, 2 * MIB, 6 * MIB);
    close_scene(&scene);
}

static void test_sentences(void **state)
{
    (void)state;
    char text[256];
    struct balancer_set set = {.id = 1,
                               .target_kib = 1024,
                               .maxmem_kib = 1024,
                               .reason = BALANCER_RECLAIMED_FOR_START,
                               .figures = {.missing_kib = 2048, .current_kib = 2048}};
    balancer_set_text(&set, "web", text, sizeof(text));
    assert_string_equal(text,
                        "web: it does not use all of its memory, and 2 MiB are missing to start "
                        "a guest: target 1 MiB");
    set.floor = (struct floor){
        .kib = 1024, .reason = FLOOR_REPORTED_USE, .used_kib = 1024, .justified_kib = 4096};
    balancer_set_text(&set, "web", text, sizeof(text));
    assert_string_equal(text,
                        "web: it does not use all of its memory, and 2 MiB are missing to start "
                        "a guest: target 1 MiB; not below its floor of 1 MiB, the memory that "
                        "it reports in use");
    /* Of one that is in backoff where it stopped it would be said twice. */
    set.reason = BALANCER_BACKOFF;
    balancer_set_text(&set, "web", text, sizeof(text));
    assert_string_equal(
        text, "web: its balloon stopped at 2 MiB; it is in backoff and not asked for less: "
              "target 1 MiB");
    for (int i = 0; i < BALANCER_REASONS; i++)
        assert_non_null(balancer_reason_name((enum balancer_reason)i));
    assert_null(balancer_reason_name(BALANCER_REASONS));
    struct balancer_verdict verdict = {.reason = BALANCER_NEVER_FITS,
                                       .figures = {.needed_kib = 4096, .possible_kib = 1024}};
    balancer_verdict_text(&verdict, "db", text, sizeof(text));
    assert_string_equal(text, "db cannot start: it needs 4 MiB; with every domain at its minimum "
                              "1 MiB would be free");
}

static bool has_hole(const char *pattern, const char *name)
{
    char hole[64];
    (void)snprintf(hole, sizeof(hole), "{%s}", name);
    return strstr(pattern, hole);
}

/* Whatever a pattern has a hole for, its reason has a figure for; and the sentence is whole. */
static void test_patterns(void **state)
{
    (void)state;
    const struct balancer_figures values = {.missing_kib = 3,
                                            .current_kib = 3,
                                            .needed_kib = 3,
                                            .share_kib = 3,
                                            .pinned_kib = 3,
                                            .change_kib = 3,
                                            .left_kib = 3,
                                            .possible_kib = 3,
                                            .used_kib = 3,
                                            .held_kib = 3};
    for (enum balancer_reason reason = 0; reason < BALANCER_REASONS; reason++) {
        struct pattern_figure figures[BALANCER_FIGURES + 1] = {{.name = "detail", .text = "db"}};
        const char *pattern = balancer_reason_pattern(reason);
        char buf[256];
        struct ballast_text text = ballast_text_over(buf, sizeof(buf));
        balancer_reason_figures(reason, &values, figures + 1);
        pattern_fill(&text, pattern, figures, BALANCER_FIGURES + 1);
        assert_null(strchr(buf, '{'));
        assert_true(figures[1].name && has_hole(pattern, figures[1].name));
        struct balancer_set set = {.reason = reason, .figures = values};
        balancer_set_text(&set, "it", buf, sizeof(buf));
        assert_null(strchr(buf, '{'));
        assert_non_null(strstr(buf, "3 KiB"));
        set.floor.reason = FLOOR_REPORTED_USE;
        assert_true(balancer_set_pattern(&set, buf, sizeof(buf)) < BALANCER_PATTERN);
        assert_true(balancer_verdict_pattern(reason, buf, sizeof(buf)) < BALANCER_PATTERN);
    }
    assert_null(balancer_reason_pattern(BALANCER_REASONS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_is_measured),
        cmocka_unit_test(test_a_pace_is_of_its_like),
        cmocka_unit_test(test_a_guess_refuses_nothing),
        cmocka_unit_test(test_stuck_guest_costs_nothing),
        cmocka_unit_test(test_who_has_given_may_give_more),
        cmocka_unit_test(test_a_page_now_and_then),
        cmocka_unit_test(test_slow_is_not_stuck),
        cmocka_unit_test(test_slow_after_fast),
        cmocka_unit_test(test_a_pause_is_not_death),
        cmocka_unit_test(test_the_floor_is_learned),
        cmocka_unit_test(test_backoff_after_a_stop),
        cmocka_unit_test(test_backoff_after_taking_back),
        cmocka_unit_test(test_its_report_holds),
        cmocka_unit_test(test_its_video_is_counted),
        cmocka_unit_test(test_its_report_is_bounded),
        cmocka_unit_test(test_swap_is_learned),
        cmocka_unit_test(test_uncovered_pod_is_not_asked),
        cmocka_unit_test(test_impossible_is_refused_at_once),
        cmocka_unit_test(test_honest_reports_earn_trust),
        cmocka_unit_test(test_nonsense_loses_trust),
        cmocka_unit_test(test_peers_and_dom0_are_not_asked),
        cmocka_unit_test(test_migrating_may_free_memory_later),
        cmocka_unit_test(test_what_nobody_takes_is_available),
        cmocka_unit_test(test_a_guard_is_kept),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests_name("policy-balloon", tests, NULL, NULL);
}
