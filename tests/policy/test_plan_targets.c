/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a target or a maximum is worth a write, and how domains are matched between samples. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/peers/peers.h"
#include "scene.h"

/* A target on its way is moved for more than a 512th of what the guest holds, 8 MiB here. */
static void test_a_target_is_left_still(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 100);
    decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 3996 * MIB);
    scene.request.need_kib = 108 * MIB;
    decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 3996 * MIB);
    scene.request.need_kib = 120 * MIB;
    decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 3976 * MIB);
    close_scene(&scene);
}

/* The last MiB above the minimum is asked for, however little it is. */
static void test_the_end_is_worth_a_write(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
    open_scene(&scene, 1, 0);
    wait_for(&scene, 3071);
    decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 1025 * MIB);
    scene.request.need_kib = 3072 * MIB;
    decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 1024 * MIB);
    /* That is its minimum: no floor held it. */
    assert_int_equal(scene.sets[0].floor.reason, FLOOR_NONE);
    close_scene(&scene);
}

/* Growth beyond what is aimed at is called off from a 512th on, also at a guest's minimum. */
static void test_growth_at_the_minimum(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 4096, 4096, 4096), a_guest(2, 1024, 2048, 4096)}};
    scene.domains[0].static_max_kib = 8192 * MIB;
    scene.domains[0].target_kib = scene.domains[0].maxmem_kib = 4126 * MIB;
    open_scene(&scene, 2, 100);
    balancer_set_policy(scene.balancer, peers_policy_find("proportional"));
    decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 4096 * MIB);
    assert_int_equal(scene.sets[0].reason, BALANCER_RECLAIM_STOPPED);
    close_scene(&scene);
}

/* Growth into what has been promised to others since is called off, and said to be, also by a
 * policy that moves no domain. */
static void test_growth_is_called_off(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 1024, 4096)}};
    scene.domains[0].target_kib = scene.domains[0].maxmem_kib = 2048 * MIB;
    open_scene(&scene, 1, 1024);
    balancer_set_policy(scene.balancer, policy_find("fixed"));
    scene.host.claimed_kib = 512 * MIB;
    decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 1024 * MIB);
    assert_int_equal(scene.sets[0].reason, BALANCER_RECLAIM_STOPPED);
    close_scene(&scene);
}

/* A maximum follows a target that is moved; where none is, it is left as it is. */
static void test_maxima_follow_targets(void **state)
{
    (void)state;
    for (int moves = 0; moves < 2; moves++) {
        struct scene scene = {.domains = {a_guest(1, 1024, 1024, 1024)}};
        scene.domains[0].static_max_kib = scene.domains[0].maxmem_kib = 4096 * MIB;
        if (moves)
            scene.domains[0].target_kib = 2048 * MIB;
        open_scene(&scene, 1, 4096);
        decide(&scene);
        assert_int_equal(scene.domains[0].target_kib, 1024 * MIB);
        assert_int_equal(scene.domains[0].maxmem_kib, (moves ? 1024 : 4096) * MIB);
        close_scene(&scene);
    }
}

/* One that is in backoff may grow to where it was told to. */
static void test_one_in_backoff_may_grow(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 1024, 4096)}};
    scene.domains[0].stopped_kib = 1024 * MIB;
    scene.domains[0].stopped_usec = BALLAST_SEC_USEC;
    scene.domains[0].stops = 1;
    scene.domains[0].target_kib = 1124 * MIB;
    open_scene(&scene, 1, 1024);
    scene.host.now_usec = 2 * BALLAST_SEC_USEC;
    balancer_set_policy(scene.balancer, policy_find("fixed"));
    decide(&scene);
    assert_true(estimate(&scene, 1).in_backoff);
    assert_int_equal(scene.domains[0].target_kib, 1124 * MIB);
    close_scene(&scene);
}

/* While a start waits, one that the policy leaves alone goes on its way down, and on none up. */
static void test_one_on_its_way(void **state)
{
    (void)state;
    for (uint64_t told_mib = 900; told_mib <= 1100; told_mib += 200) {
        struct scene scene = {
            .domains = {a_guest(1, 512, 1024, 4096), a_guest(2, 512, 2048, 4096)}};
        scene.domains[0].target_kib = told_mib * MIB;
        open_scene(&scene, 2, 200);
        balancer_set_policy(scene.balancer, peers_policy_find("preferred"));
        wait_for(&scene, 600);
        decide(&scene);
        assert_int_equal(scene.domains[0].target_kib, ballast_min_u64(told_mib, 1024) * MIB);
        close_scene(&scene);
    }
}

/* Where maxima leave too much room, those beyond targets come down before growth is called off. */
static void test_idle_room_goes_first(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 1024, 4096), a_guest(2, 1024, 1024, 4096)}};
    scene.domains[0].target_kib = scene.domains[0].maxmem_kib = 1224 * MIB;
    open_scene(&scene, 2, 200);
    balancer_set_policy(scene.balancer, policy_find("fixed"));
    decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 1224 * MIB);
    assert_int_equal(scene.domains[1].maxmem_kib, 1024 * MIB);
    assert_int_equal(scene.sets[1].reason, BALANCER_MAXIMUM_LOWERED);
    assert_int_equal(scene.sets[1].figures.change_kib, 3072 * MIB);
    close_scene(&scene);
}

/* One that was on its way down and needs more is told so, in whole pages. */
static void test_one_that_turns(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 1024, 4096), a_guest(2, 512, 1024, 4096)}};
    scene.domains[0].target_kib = 900 * MIB;
    scene.domains[1].shares = 1700;
    for (size_t i = 0; i < 2; i++) {
        scene.domains[i].used_kib = (1400 + i * 100) * MIB;
        scene.domains[i].reported_free_kib = 0;
        scene.domains[i].report_age_usec = 0;
    }
    open_scene(&scene, 2, 500);
    decide(&scene);
    assert_int_equal(scene.sets[0].reason, BALANCER_NEEDS_MORE);
    for (size_t i = 0; i < 2; i++) {
        assert_true(scene.domains[i].target_kib > 1024 * MIB);
        assert_int_equal(scene.domains[i].target_kib % BALLAST_PAGE_KIB, 0);
    }
    close_scene(&scene);
}

/* One that needs a little more and is not short yet waits for an eighth, or all of it. */
static void test_calm_growth(void **state)
{
    (void)state;
    for (uint64_t free_mib = 60; free_mib <= 100; free_mib += 40) {
        struct scene scene = {.domains = {a_guest(1, 1024, 1024, 4096)}};
        scene.domains[0].used_kib = 1024 * MIB;
        scene.domains[0].reported_free_kib = 0;
        scene.domains[0].report_age_usec = 0;
        open_scene(&scene, 1, free_mib);
        /* On a large host so little is not a surplus. */
        scene.host.total_kib = 64 * 1024 * MIB;
        decide(&scene);
        assert_int_equal(scene.domains[0].target_kib > 1024 * MIB, free_mib > 84);
        close_scene(&scene);
    }
}

/* One that is below its minimum gets what is free, also while a start waits for that. */
static void test_a_minimum_comes_first(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1124, 1024, 4096), a_guest(2, 64, 2048, 2048)}};
    open_scene(&scene, 2, 200);
    wait_for(&scene, 600);
    decide(&scene);
    assert_true(scene.waiting);
    assert_int_equal(scene.domains[0].target_kib, 1124 * MIB);
    assert_int_equal(balancer_kept_kib(scene.balancer), 100 * MIB);
    close_scene(&scene);
    /* Where none waits it need not come to rest there. */
    scene = (struct scene){.domains = {a_guest(1, 1124, 1024, 4096)}};
    open_scene(&scene, 1, 4096);
    decide(&scene);
    assert_true(scene.domains[0].target_kib > 2048 * MIB);
    close_scene(&scene);
}

/* How fast those of its type take counts for one that has not been seen to: a part of growth that
 * is small for a guest of its size is large for a slow one. */
static void test_the_pace_of_its_like(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 1024, 4096), a_guest(2, 64, 1024, 1024)}};
    scene.domains[0].shares = 0;
    scene.domains[0].target_kib = 1030 * MIB;
    scene.domains[0].kind = scene.domains[1].kind = BALLAST_KIND_PVH;
    open_scene(&scene, 2, 12);
    for (int tick = 0; tick < 70; tick++) {
        decide(&scene);
        follow(&scene, 0, MIB / 10);
    }
    scene.domains[1].dynamic_max_kib = scene.domains[1].static_max_kib = 4096 * MIB;
    scene.domains[1].used_kib = 2000 * MIB;
    scene.domains[1].reported_free_kib = 0;
    scene.domains[1].report_age_usec = 0;
    assert_int_equal(scene.domains[1].target_kib, 1024 * MIB);
    decide(&scene);
    assert_in_range(scene.domains[1].target_kib, 1028 * MIB, 1030 * MIB);
    close_scene(&scene);
}

/* A target at a floor is in whole pages, whatever the guest says it uses. */
static void test_a_floor_in_pages(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 1024, 4096), a_guest(2, 64, 2048, 4096)}};
    scene.domains[0].used_kib = 800 * MIB + 2;
    scene.domains[0].reported_free_kib = 224 * MIB - 2;
    scene.domains[0].report_age_usec = 0;
    open_scene(&scene, 2, 0);
    wait_for(&scene, 1900);
    decide(&scene);
    assert_int_equal(scene.domains[0].target_kib, 800 * MIB);
    assert_int_equal(scene.sets[0].floor.reason, FLOOR_REPORTED_USE);
    /* The other is not asked to go as far as its own. */
    assert_true(scene.domains[1].target_kib < 2048 * MIB);
    assert_int_equal(scene.sets[1].floor.reason, FLOOR_NONE);
    assert_int_equal(estimate(&scene, 1).floor.kib, 800 * MIB + 2);
    close_scene(&scene);
}

/* What is gathered for a start is not for one that is not asked and was held before. */
static void test_what_is_gathered_is_kept(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 1024, 4096), a_guest(2, 64, 2048, 2048)}};
    scene.domains[0].shares = 0;
    scene.domains[0].target_kib = 1124 * MIB;
    scene.domains[0].maxmem_kib = 1024 * MIB;
    open_scene(&scene, 2, 200);
    wait_for(&scene, 600);
    decide(&scene);
    assert_int_equal(scene.domains[0].maxmem_kib, 1024 * MIB);
    scene.waiting = false;
    decide(&scene);
    assert_int_equal(scene.domains[0].maxmem_kib, 1124 * MIB);
    close_scene(&scene);
}

/* Two that are below their minima get those, however much more the policy aims at for one. */
static void test_no_more_than_the_minima(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1124, 1024, 8192), a_guest(2, 1124, 1024, 1200),
                                      a_guest(3, 64, 8192, 8192)}};
    open_scene(&scene, 3, 300);
    balancer_set_policy(scene.balancer, peers_policy_find("proportional"));
    wait_for(&scene, 1000);
    decide(&scene);
    assert_true(scene.waiting);
    assert_int_equal(scene.domains[0].target_kib, 1124 * MIB);
    assert_int_equal(scene.domains[1].target_kib, 1124 * MIB);
    close_scene(&scene);
}

/* A floor keeps, it does not give: one that says it uses more than it holds gets nothing by that
 * from a policy that moves no domain. */
static void test_a_floor_does_not_give(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 1024, 4096)}};
    scene.domains[0].used_kib = 1500 * MIB;
    scene.domains[0].reported_free_kib = 0;
    /* When it said so it may have held more: it has no swap by that. */
    scene.domains[0].report_age_usec = 2 * BALLAST_SEC_USEC;
    open_scene(&scene, 1, 1024);
    balancer_set_policy(scene.balancer, policy_find("fixed"));
    decide(&scene);
    assert_true(estimate(&scene, 1).floor.kib > 1024 * MIB);
    assert_int_equal(scene.domains[0].target_kib, 1024 * MIB);
    close_scene(&scene);
}

/* The maximum of one that is not asked is held while a start waits, and else not touched. */
static void test_others_are_held_for_reservations(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 1024, 4096)}};
    scene.domains[0].shares = 0;
    scene.domains[0].target_kib = 1524 * MIB;
    open_scene(&scene, 1, 1024);
    decide(&scene);
    assert_int_equal(scene.domains[0].maxmem_kib, 4096 * MIB);
    wait_for(&scene, 64);
    decide(&scene);
    assert_int_equal(scene.domains[0].maxmem_kib, 1524 * MIB);
    close_scene(&scene);
}

/* One that is not asked and does not take what it is told has its maximum held while anything is
 * promised, and is given no more until nothing is. */
static void test_one_that_does_not_take(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 1024, 4096)}};
    scene.domains[0].shares = 0;
    scene.domains[0].target_kib = 4096 * MIB;
    open_scene(&scene, 1, 4096);
    for (int tick = 0; tick < 80; tick++) {
        scene.host.claimed_kib = tick < 70 ? 64 * MIB : 0;
        decide(&scene);
        if (tick >= 50)
            assert_int_equal(scene.domains[0].maxmem_kib, (tick < 70 ? 1024 : 4096) * MIB);
    }
    close_scene(&scene);
}

/* What is kept for Xen is missing to a promise like what is promised to another. */
static void test_a_deficit(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 1024, 1024)}};
    open_scene(&scene, 1, 100);
    scene.host.slack_kib = 50 * MIB;
    struct balancer_input input = {&scene.host, NULL, 0, 80 * MIB};
    struct balancer_output out;
    assert_int_equal(balancer_decide(scene.balancer, &input, &out, NULL), 0);
    assert_int_equal(out.deficit_kib, 30 * MIB);
    close_scene(&scene);
}

/* So is what a domain lacks to its minimum and cannot be given at once. */
static void test_a_minimum_that_is_missing(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1124, 1024, 4096), a_guest(2, 64, 2048, 2048)}};
    open_scene(&scene, 2, 30);
    struct balancer_input input = {&scene.host, NULL, 0, 0};
    struct balancer_output out;
    assert_int_equal(balancer_decide(scene.balancer, &input, &out, NULL), 0);
    assert_int_equal(out.deficit_kib, 70 * MIB);
    close_scene(&scene);
}

/* A rule of steps of ten seconds makes one step in them. */
static void test_steps_have_their_time(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 8192, 8192)}};
    open_scene(&scene, 1, 0);
    balancer_set_policy(scene.balancer, peers_policy_find("rules"));
    for (int tick = 0; tick < 350; tick++) {
        scene.domains[0].used_kib = 100 * MIB;
        scene.domains[0].reported_free_kib = scene.domains[0].tot_kib - 100 * MIB;
        scene.domains[0].report_age_usec = 0;
        decide(&scene);
        follow(&scene, 0, 50 * MIB);
    }
    assert_int_equal(scene.target_writes, 4);
    close_scene(&scene);
}

/* Of two that are not asked and get the same too little, the first is named. */
static void test_the_first_that_is_held_back(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(7, 1024, 1024, 4096), a_guest(8, 1024, 1024, 4096)}};
    for (size_t i = 0; i < 2; i++) {
        scene.domains[i].shares = 0;
        scene.domains[i].target_kib = 1524 * MIB;
    }
    open_scene(&scene, 2, 64);
    struct balancer_input input = {&scene.host, NULL, 0, 64 * MIB};
    struct balancer_output out;
    assert_int_equal(balancer_decide(scene.balancer, &input, &out, NULL), 0);
    assert_int_equal(out.held_kib, 500 * MIB);
    assert_int_equal(out.held_id, 7);
    assert_int_equal(out.set_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(out.sets[i].maxmem_kib, 1024 * MIB);
        scene.domains[i].maxmem_kib = out.sets[i].maxmem_kib;
    }
    /* Held once, nothing is written any more. */
    assert_int_equal(balancer_decide(scene.balancer, &input, &out, NULL), 0);
    assert_int_equal(out.set_count, 0);
    close_scene(&scene);
}

/* One that sleeps reaches for nothing; one that is built or has no balloon is not held. */
static void test_who_is_held(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct scene scene = {.domains = {a_guest(1, 1024, 1024, 4096)}};
        scene.domains[0].shares = 0;
        /* Two KiB of it are less than a page: no domain is said to lack them. */
        scene.domains[0].target_kib = 1124 * MIB + 2;
        if (i == 1)
            scene.domains[0].state = BALLAST_DOMAIN_PAUSED;
        if (i == 2)
            scene.domains[0].state = BALLAST_DOMAIN_BUILD;
        scene.domains[0].has_balloon = i != 3;
        open_scene(&scene, 1, 1024);
        struct balancer_input input = {&scene.host, NULL, 0, 64 * MIB};
        struct balancer_output out;
        assert_int_equal(balancer_decide(scene.balancer, &input, &out, NULL), 0);
        assert_int_equal(out.set_count, i < 2);
        if (i < 2)
            assert_int_equal(out.sets[0].maxmem_kib, (i == 0 ? 1124 : 1024) * MIB);
        assert_int_equal(out.held_kib, 0);
        close_scene(&scene);
    }
}

/* At its deadline a start is refused where something is missing to it, and granted else. */
static void test_at_its_deadline(void **state)
{
    (void)state;
    for (uint64_t free_mib = 63; free_mib <= 64; free_mib++) {
        struct scene scene = {.domains = {a_guest(1, 64, 1024, 1024)}};
        open_scene(&scene, 1, free_mib);
        wait_for(&scene, 64);
        scene.request.deadline_usec = scene.host.now_usec = BALLAST_SEC_USEC;
        decide(&scene);
        assert_false(scene.waiting);
        assert_int_equal(scene.reason, free_mib < 64 ? BALANCER_TOO_LATE : BALANCER_FITS);
        close_scene(&scene);
    }
}

/* For a start that the donors cannot serve yet none frees anything; it waits for one
 * that may still come up. */
static void test_nothing_is_taken_in_vain(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 1024, 1024), a_guest(2, 64, 4096, 4096)}};
    scene.domains[1].has_balloon = false;
    open_scene(&scene, 2, 0);
    wait_for(&scene, 3000);
    scene.request.deadline_usec = 60 * BALLAST_SEC_USEC;
    decide(&scene);
    assert_true(scene.waiting);
    assert_int_equal(scene.target_writes, 0);
    close_scene(&scene);
}

/* Starts are granted in the order in which they came, whatever order they are listed in. */
static void test_first_come_first_served(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 1024, 1024)}};
    open_scene(&scene, 1, 100);
    const struct balancer_request requests[] = {
        {0, 30 * MIB, 2, BALLAST_NONE},
        {1, 30 * MIB, 2, BALLAST_NONE},
        {2, 40 * MIB, 1, BALLAST_NONE},
        {3, 30 * MIB, 0, BALLAST_NONE},
    };
    scene.host.now_usec = BALLAST_SEC_USEC;
    struct balancer_input input = {&scene.host, requests, 4, 0};
    struct balancer_output out;
    assert_int_equal(balancer_decide(scene.balancer, &input, &out, NULL), 0);
    static const uint64_t order[] = {3, 2, 0};
    unsigned granted = 0;
    for (size_t i = 0; i < out.verdict_count; i++) {
        if (!out.verdicts[i].granted)
            continue;
        assert_true(granted < 3);
        assert_int_equal(out.verdicts[i].request, order[granted++]);
    }
    assert_int_equal(granted, 3);
    close_scene(&scene);
}

/* An id that is there twice is refused, also where no domain is one of the last sample. */
static void test_an_id_is_there_once(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 1024, 4096), a_guest(2, 64, 1024, 4096)}};
    open_scene(&scene, 2, 0);
    decide(&scene);
    scene.domains[0].id = scene.domains[1].id = 5;
    struct balancer_input input = {&scene.host, NULL, 0, 0};
    struct balancer_output out;
    struct ballast_error err;
    assert_int_equal(balancer_decide(scene.balancer, &input, &out, &err), -EINVAL);
    close_scene(&scene);
}

/* Nothing is remembered of a domain that was not there at the last sample. */
static void test_one_that_comes_back_is_new(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 1024, 4096), a_guest(2, 64, 1024, 4096)}};
    open_scene(&scene, 2, 0);
    scene.domains[1].used_kib = 500 * MIB;
    scene.domains[1].reported_free_kib = 524 * MIB;
    scene.domains[1].report_age_usec = 0;
    decide(&scene);
    uint32_t first = estimate(&scene, 2).trust_permyriad;
    decide(&scene);
    scene.host.domain_count = 1;
    decide(&scene);
    scene.domains[1] = a_guest(2, 64, 1024, 4096);
    scene.host.domain_count = 2;
    decide(&scene);
    assert_true(estimate(&scene, 2).trust_permyriad < first);
    close_scene(&scene);
}

/* In another order each is what it was, also where their ids fall into one place of the index. */
static void test_another_order(void **state)
{
    (void)state;
    struct scene scene = {0};
    for (uint32_t i = 0; i < MOST; i++) {
        scene.domains[i] = a_guest(1 + 1024 * i, 64, 1024, 4096);
        scene.domains[i].used_kib = (100 + i) * MIB;
        scene.domains[i].report_age_usec = 0;
    }
    open_scene(&scene, MOST, 0);
    decide(&scene);
    uint32_t first = estimate(&scene, 1).trust_permyriad;
    for (size_t i = 0; i < MOST / 2; i++) {
        struct ballast_domain other = scene.domains[MOST - 1 - i];
        scene.domains[MOST - 1 - i] = scene.domains[i];
        scene.domains[i] = other;
    }
    for (size_t i = 0; i < MOST; i++)
        scene.domains[i].used_kib += MIB;
    scene.host.now_usec += BALLAST_SEC_USEC;
    decide(&scene);
    for (uint32_t i = 0; i < MOST; i++)
        assert_true(estimate(&scene, 1 + 1024 * i).trust_permyriad > first);
    close_scene(&scene);
}

/* More domains and more starts than there is room for at first. */
static void test_many(void **state)
{
    (void)state;
    enum { DOMAINS = 300, STARTS = 70 };
    struct ballast_domain *domains = calloc(DOMAINS, sizeof(*domains));
    struct balancer_request requests[STARTS];
    struct balancer *balancer = balancer_new(policy_find("ballast"), NULL);
    assert_non_null(domains);
    assert_non_null(balancer);
    for (uint32_t i = 0; i < DOMAINS; i++)
        domains[i] = a_guest(i + 1, 64, 128, 256);
    for (uint64_t i = 0; i < STARTS; i++)
        requests[i] = (struct balancer_request){i, MIB, i, BALLAST_NONE};
    struct ballast_host host = {.now_usec = BALLAST_SEC_USEC,
                                .total_kib = (DOMAINS * 128 + STARTS) * MIB,
                                .free_kib = STARTS * MIB,
                                .caps = BALLAST_HOST_CAPS_ALL,
                                .domains = domains,
                                .domain_count = DOMAINS};
    struct balancer_input input = {&host, requests, STARTS, 0};
    struct balancer_output out;
    assert_int_equal(balancer_decide(balancer, &input, &out, NULL), 0);
    assert_int_equal(out.verdict_count, STARTS);
    for (size_t i = 0; i < out.verdict_count; i++)
        assert_true(out.verdicts[i].granted);
    /* And then few of them, the last one first. */
    domains[0] = domains[DOMAINS - 1];
    host.domain_count = 5;
    input.request_count = 1;
    assert_int_equal(balancer_decide(balancer, &input, &out, NULL), 0);
    struct domain_estimate estimate;
    assert_int_equal(balancer_estimate(balancer, DOMAINS, &estimate), 0);
    balancer_free(balancer);
    free(domains);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_target_is_left_still),
        cmocka_unit_test(test_the_end_is_worth_a_write),
        cmocka_unit_test(test_growth_at_the_minimum),
        cmocka_unit_test(test_growth_is_called_off),
        cmocka_unit_test(test_maxima_follow_targets),
        cmocka_unit_test(test_one_in_backoff_may_grow),
        cmocka_unit_test(test_one_on_its_way),
        cmocka_unit_test(test_idle_room_goes_first),
        cmocka_unit_test(test_one_that_turns),
        cmocka_unit_test(test_calm_growth),
        cmocka_unit_test(test_a_minimum_comes_first),
        cmocka_unit_test(test_the_pace_of_its_like),
        cmocka_unit_test(test_a_floor_in_pages),
        cmocka_unit_test(test_what_is_gathered_is_kept),
        cmocka_unit_test(test_no_more_than_the_minima),
        cmocka_unit_test(test_a_floor_does_not_give),
        cmocka_unit_test(test_others_are_held_for_reservations),
        cmocka_unit_test(test_one_that_does_not_take),
        cmocka_unit_test(test_a_deficit),
        cmocka_unit_test(test_a_minimum_that_is_missing),
        cmocka_unit_test(test_steps_have_their_time),
        cmocka_unit_test(test_the_first_that_is_held_back),
        cmocka_unit_test(test_who_is_held),
        cmocka_unit_test(test_at_its_deadline),
        cmocka_unit_test(test_nothing_is_taken_in_vain),
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_an_id_is_there_once),
        cmocka_unit_test(test_one_that_comes_back_is_new),
        cmocka_unit_test(test_another_order),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests_name("policy-plan_targets", tests, NULL, NULL);
}
