/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The purpose of the constants in core/policy: each test fails if its constant is 100 times larger
 * or smaller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "scene.h"

/* One sample with two starts that wait; which of them was granted. */
static unsigned decide_two(struct scene *scene, const struct balancer_request requests[2])
{
    struct balancer_input input = {&scene->host, requests, 2, 0};
    struct balancer_output out;
    unsigned granted = 0;
    assert_int_equal(balancer_decide(scene->balancer, &input, &out, NULL), 0);
    for (size_t i = 0; i < out.verdict_count; i++)
        granted |= out.verdicts[i].granted ? 1U << out.verdicts[i].request : 0;
    for (size_t i = 0; i < out.set_count; i++) {
        if (out.sets[i].target_kib != BALLAST_NONE)
            scene->domains[0].target_kib = out.sets[i].target_kib;
        if (out.sets[i].maxmem_kib != BALLAST_NONE)
            scene->domains[0].maxmem_kib = out.sets[i].maxmem_kib;
    }
    return granted;
}

/* A small start overtakes a large one for 30 s, and then no longer. */
static void test_overtaking_has_an_end(void **state)
{
    (void)state;
    for (uint64_t sec = 20; sec <= 40; sec += 20) {
        struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
        open_scene(&scene, 1, 512);
        struct balancer_request requests[2] = {
            {.id = 0, .need_kib = 3072 * MIB, .deadline_usec = BALLAST_NONE},
            {.id = 1, .need_kib = 64 * MIB, .deadline_usec = BALLAST_NONE},
        };
        requests[1].arrived_usec = sec * BALLAST_SEC_USEC;
        struct balancer_request alone[2] = {requests[0], requests[0]};
        alone[1].id = 2;
        alone[1].need_kib = 2048 * MIB;
        for (uint64_t tick = 0; tick < sec * 10; tick++) {
            assert_int_equal(decide_two(&scene, alone), 0);
            follow(&scene, 0, MIB);
            scene.host.now_usec += TICK;
        }
        assert_int_equal(decide_two(&scene, requests), sec < 30 ? 2 : 0);
        close_scene(&scene);
    }
}

/* One that says it needs little keeps half of an even share, whatever another needs. */
static void test_the_modest_keep_half_of_a_share(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 4096, 8192), a_guest(2, 64, 4096, 8192)}};
    open_scene(&scene, 2, 0);
    for (int tick = 0; tick < 600; tick++) {
        for (size_t i = 0; i < 2; i++) {
            struct ballast_domain *domain = &scene.domains[i];
            domain->used_kib = (i == 0 ? 100 : 5500) * MIB;
            domain->reported_free_kib = ballast_sub_floor(domain->tot_kib, domain->used_kib);
            domain->report_age_usec = 0;
        }
        decide(&scene);
        follow(&scene, 0, 20 * MIB);
        follow(&scene, 1, 20 * MIB);
    }
    assert_in_range(scene.domains[0].tot_kib, 1900 * MIB, 2200 * MIB);
    close_scene(&scene);
}

/* One that could not grow is offered nothing for a minute, and then again. */
static void test_a_ceiling_is_tried_again(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 2048, 8192)}};
    open_scene(&scene, 1, 4096);
    bool offered_early = false;
    bool offered_late = false;
    for (int tick = 0; tick < 900; tick++) {
        decide(&scene);
        bool offered = scene.domains[0].target_kib > scene.domains[0].tot_kib;
        if (tick < 40)
            assert_true(offered);
        offered_early |= tick > 80 && tick < 580 && offered;
        offered_late |= tick > 660 && offered;
    }
    assert_false(offered_early);
    assert_true(offered_late);
    close_scene(&scene);
}

/* Offers to one that never grows become rare: about a dozen in two hours. */
static void test_a_ceiling_is_tried_seldom(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 2048, 8192)}};
    open_scene(&scene, 1, 4096);
    unsigned offers = 0;
    bool offered = false;
    for (int tick = 0; tick < 72000; tick++) {
        decide(&scene);
        bool now = scene.domains[0].target_kib > scene.domains[0].tot_kib;
        offers += now && !offered;
        offered = now;
    }
    assert_in_range(offers, 9, 13);
    /* It grows after all, so the next stop is the first one again. */
    for (int tick = 0; tick < 40000 && scene.domains[0].tot_kib < 3000 * MIB; tick++) {
        decide(&scene);
        follow(&scene, 0, 20 * MIB);
    }
    assert_true(scene.domains[0].tot_kib >= 3000 * MIB);
    close_scene(&scene);
}

/* A floor that sinks a little with each report is followed in steps of a 64th. */
static void test_a_floor_is_followed_in_steps(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 64, 1024, 1024), a_guest(2, 64, 4096, 4096)}};
    open_scene(&scene, 2, 0);
    wait_for(&scene, 4600);
    scene.request.deadline_usec = 600 * BALLAST_SEC_USEC;
    unsigned before = 0;
    for (uint64_t tick = 0; tick < 300; tick++) {
        struct ballast_domain *domain = &scene.domains[0];
        domain->used_kib = (800 - (tick < 100 ? 0 : (tick - 100) / 2)) * MIB;
        domain->reported_free_kib = ballast_sub_floor(domain->tot_kib, domain->used_kib);
        domain->report_age_usec = 0;
        decide(&scene);
        follow(&scene, 0, MIB / 2);
        follow(&scene, 1, MIB);
        if (tick == 100)
            before = scene.target_writes;
    }
    assert_in_range(scene.domains[0].target_kib, 700 * MIB, 720 * MIB);
    assert_in_range(scene.target_writes - before, 4, 12);
    close_scene(&scene);
}

/* How long no donor must be able to help before a start is refused: with a deadline longer. */
static void test_infeasible_requests_are_refused(void **state)
{
    (void)state;
    for (int has_deadline = 0; has_deadline < 2; has_deadline++) {
        struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
        open_scene(&scene, 1, 0);
        wait_for(&scene, 2048);
        if (has_deadline)
            scene.request.deadline_usec = 600 * BALLAST_SEC_USEC;
        int tick = 0;
        for (; tick < 5000 && scene.waiting; tick++)
            decide(&scene);
        assert_int_equal(scene.reason, BALANCER_DONORS_STUCK);
        if (has_deadline)
            assert_in_range(tick, 300, 400);
        else
            assert_int_equal(tick, 48);
        close_scene(&scene);
    }
}

/* One without a balloon may still boot for two minutes, and counts as future memory for so long. */
static void test_booting_may_free_memory_later(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
    scene.domains[0].has_balloon = false;
    open_scene(&scene, 1, 0);
    decide(&scene);
    for (uint64_t sec = 60; sec <= 180; sec += 120) {
        scene.host.now_usec = sec * BALLAST_SEC_USEC;
        wait_for(&scene, 2048);
        scene.request.deadline_usec = 1000 * BALLAST_SEC_USEC;
        decide(&scene);
        assert_int_equal(scene.waiting, sec < 120);
    }
    assert_int_equal(scene.reason, BALANCER_NEVER_FITS);
    close_scene(&scene);
}

/* dom0 keeps a tenth more than it is known to need, whatever its minimum says. */
static void test_dom0_keeps_a_tenth_more(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(0, 256, 4096, 4096)}};
    scene.domains[0].is_dom0 = true;
    open_scene(&scene, 1, 0);
    wait_for(&scene, 2800);
    scene.request.deadline_usec = 600 * BALLAST_SEC_USEC;
    uint64_t lowest_kib = BALLAST_NONE;
    for (int tick = 0; tick < 100; tick++) {
        scene.domains[0].used_kib = 1000 * MIB;
        scene.domains[0].reported_free_kib = scene.domains[0].tot_kib - 1000 * MIB;
        scene.domains[0].report_age_usec = 0;
        decide(&scene);
        follow(&scene, 0, 50 * MIB);
        lowest_kib = ballast_min_u64(lowest_kib, scene.domains[0].target_kib);
    }
    /* 1000 MiB, a twentieth of margin, a tenth. */
    assert_in_range(lowest_kib, 1150 * MIB, 1300 * MIB);
    close_scene(&scene);
    struct scene refused = {.domains = {a_guest(0, 256, 4096, 4096)}};
    refused.domains[0].is_dom0 = true;
    refused.domains[0].used_kib = 1000 * MIB;
    refused.domains[0].report_age_usec = 0;
    open_scene(&refused, 1, 0);
    wait_for(&refused, 3400);
    decide(&refused);
    assert_false(refused.waiting);
    assert_int_equal(refused.reason, BALANCER_NEVER_FITS);
    close_scene(&refused);
}

/* What is idle is handed out where it is more than a 64th of the host, 64 MiB here. */
static void test_a_little_surplus_stays_free(void **state)
{
    (void)state;
    for (uint64_t free_mib = 60; free_mib <= 70; free_mib += 10) {
        struct scene scene = {.domains = {a_guest(1, 1024, 4096, 4096)}};
        scene.domains[0].dynamic_max_kib += 10 * MIB;
        scene.domains[0].static_max_kib += 10 * MIB;
        open_scene(&scene, 1, free_mib);
        decide(&scene);
        assert_int_equal(scene.domains[0].target_kib, (free_mib > 65 ? 4106 : 4096) * MIB);
        close_scene(&scene);
    }
}

/*
 * Growth is set in parts of a second, a 16th of what it has at most, and not before it has nearly
 * reached its last target, however much is free.
 */
static void test_growth_is_told_in_parts(void **state)
{
    (void)state;
    static const struct {
        uint64_t told_mib, free_mib;
        bool more;
    } cases[] = {{0, 62, false},
                 {0, 66, true},
                 {15, 15 + 62, false},
                 {15, 15 + 66, true},
                 {30, 30 + 200, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene scene = {.domains = {a_guest(1, 1024, 1024, 4096)}};
        uint64_t before_kib = (1024 + cases[i].told_mib) * MIB;
        open_scene(&scene, 1, cases[i].free_mib);
        scene.domains[0].target_kib = scene.domains[0].maxmem_kib = before_kib;
        scene.domains[0].used_kib = 2000 * MIB;
        scene.domains[0].reported_free_kib = 0;
        scene.domains[0].report_age_usec = 0;
        decide(&scene);
        assert_int_equal(scene.domains[0].target_kib > before_kib, cases[i].more);
        close_scene(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overtaking_has_an_end),
        cmocka_unit_test(test_the_modest_keep_half_of_a_share),
        cmocka_unit_test(test_a_ceiling_is_tried_again),
        cmocka_unit_test(test_a_ceiling_is_tried_seldom),
        cmocka_unit_test(test_a_floor_is_followed_in_steps),
        cmocka_unit_test(test_infeasible_requests_are_refused),
        cmocka_unit_test(test_booting_may_free_memory_later),
        cmocka_unit_test(test_dom0_keeps_a_tenth_more),
        cmocka_unit_test(test_a_little_surplus_stays_free),
        cmocka_unit_test(test_growth_is_told_in_parts),
    };
    return cmocka_run_group_tests_name("policy-constants", tests, NULL, NULL);
}
