/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guests may take of the headroom, and what they may not, whatever the policy aims at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/peers/peers.h"
#include "scene.h"

static void set_use(struct scene *scene, size_t i, uint64_t used_mib)
{
    scene->domains[i].used_kib = used_mib * MIB;
    scene->domains[i].report_age_usec = 0;
}

/* Ticks in which guests follow as fast as they can. */
static void run(struct scene *scene, int ticks)
{
    for (int i = 0; i < ticks; i++) {
        decide(scene);
        for (size_t d = 0; d < scene->host.domain_count; d++)
            follow(scene, d, 1024 * MIB);
    }
}

/* Under any policy that raises targets: all that is free goes to guests, but for the headroom. */
static void test_it_stays_free(void **state)
{
    (void)state;
    for (size_t i = 0; peers_policy_at(i); i++) {
        struct scene scene = {
            .domains = {a_guest(1, 512, 1024, 8192), a_guest(2, 512, 1024, 8192)}};
        open_scene(&scene, 2, 4096);
        balancer_set_policy(scene.balancer, peers_policy_at(i));
        balancer_set_headroom(scene.balancer, 1000 * MIB);
        set_use(&scene, 0, 500);
        set_use(&scene, 1, 500);
        run(&scene, 200);
        assert_true(scene.host.free_kib >= 1000 * MIB);
        if (i == 0)
            assert_true(scene.host.free_kib < 1100 * MIB);
        close_scene(&scene);
    }
}

/* One below its minimum grows to it, and no further. */
static void test_one_below_its_minimum(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 1100, 1024, 4096)}};
    open_scene(&scene, 1, 500);
    balancer_set_headroom(scene.balancer, 500 * MIB);
    set_use(&scene, 0, 1000);
    run(&scene, 20);
    assert_int_equal(scene.domains[0].tot_kib, 1100 * MIB);
    close_scene(&scene);
}

/* One that uses more than it has grows to its need, and no further. */
static void test_one_in_distress(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 1000, 4096)}};
    open_scene(&scene, 1, 1000);
    balancer_set_headroom(scene.balancer, 1000 * MIB);
    set_use(&scene, 0, 1100);
    run(&scene, 100);
    uint64_t need_kib = estimate(&scene, 1).need_kib;
    assert_in_range(scene.domains[0].tot_kib, 1100 * MIB, need_kib);
    assert_int_equal(scene.sets[0].reason, BALANCER_NEEDS_MORE);
    close_scene(&scene);
}

/* One that needs more soon, and has what it uses, is not in distress. */
static void test_one_that_will_need_more(void **state)
{
    (void)state;
    for (uint64_t headroom_mib = 0; headroom_mib <= 1000; headroom_mib += 1000) {
        struct scene scene = {.domains = {a_guest(1, 512, 1000, 4096)}};
        open_scene(&scene, 1, 1000);
        balancer_set_headroom(scene.balancer, headroom_mib * MIB);
        set_use(&scene, 0, 990);
        run(&scene, 100);
        if (headroom_mib)
            assert_int_equal(scene.domains[0].tot_kib, 1000 * MIB);
        else
            assert_true(scene.domains[0].tot_kib > 1000 * MIB);
        close_scene(&scene);
    }
}

/* A pinned target is an administrator's word, which goes before it. */
static void test_a_pinned_guest(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 1000, 4096)}};
    scene.domains[0].pinned_kib = 1300 * MIB;
    open_scene(&scene, 1, 500);
    balancer_set_headroom(scene.balancer, 500 * MIB);
    run(&scene, 20);
    assert_int_equal(scene.domains[0].tot_kib, 1300 * MIB);
    close_scene(&scene);
}

/* A request has it at once, and what it leaves is made good by one that has more than it needs. */
static void test_a_request_has_it(void **state)
{
    (void)state;
    struct scene scene = {.domains = {a_guest(1, 512, 4096, 8192)}};
    open_scene(&scene, 1, 1000);
    balancer_set_headroom(scene.balancer, 1000 * MIB);
    set_use(&scene, 0, 600);
    wait_for(&scene, 900);
    decide(&scene);
    assert_true(scene.granted);
    assert_int_equal(scene.sets[0].reason, BALANCER_RECLAIMED_FOR_HEADROOM);
    assert_int_equal(scene.sets[0].figures.missing_kib, 900 * MIB);
    scene.host.free_kib -= 900 * MIB;
    run(&scene, 50);
    assert_in_range(scene.host.free_kib, 875 * MIB, 1300 * MIB);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_stays_free),   cmocka_unit_test(test_one_below_its_minimum),
        cmocka_unit_test(test_one_in_distress), cmocka_unit_test(test_one_that_will_need_more),
        cmocka_unit_test(test_a_pinned_guest),  cmocka_unit_test(test_a_request_has_it),
    };
    return cmocka_run_group_tests_name("policy-headroom", tests, NULL, NULL);
}
