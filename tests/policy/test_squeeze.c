/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast one guest is asked for memory, and for what it is asked all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/peers/peers.h"
#include "scene.h"

/* A guest with far more than it needs, and one that lacks as much. */
static void open_two(struct scene *scene, uint32_t squeeze_permyriad)
{
    struct balancer_settings settings = {.squeeze_permyriad = squeeze_permyriad};
    *scene = (struct scene){.domains = {a_guest(1, 512, 8000, 8000), a_guest(2, 512, 1000, 8000)}};
    open_scene(scene, 2, 0);
    scene->domains[0].used_kib = 1000 * MIB;
    scene->domains[1].used_kib = 5000 * MIB;
    scene->domains[0].report_age_usec = scene->domains[1].report_age_usec = 0;
    balancer_set_settings(scene->balancer, &settings);
}

static void run(struct scene *scene, unsigned ticks)
{
    for (unsigned i = 0; i < ticks; i++) {
        decide(scene);
        for (size_t d = 0; d < scene->host.domain_count; d++)
            follow(scene, d, 1024 * MIB);
    }
}

static uint64_t freed_in(uint32_t squeeze_permyriad, unsigned ticks)
{
    struct scene scene;
    open_two(&scene, squeeze_permyriad);
    run(&scene, ticks);
    close_scene(&scene);
    return 8000 * MIB - scene.domains[0].tot_kib;
}

/* A tenth: 800 MiB at first, and 10 s later a tenth of what is left. */
static void test_a_part_in_ten_seconds(void **state)
{
    (void)state;
    assert_true(freed_in(0, 50) > 2500 * MIB);
    assert_in_range(freed_in(1000, 90), 780 * MIB, 800 * MIB);
    assert_in_range(freed_in(1000, 190), 1480 * MIB, 1520 * MIB);
}

/* A thousandth is less than a target moves by: it is asked for more, and not again for long. */
static void test_a_small_part_is_asked_for_seldom(void **state)
{
    (void)state;
    assert_in_range(freed_in(10, 90), 240 * MIB, 260 * MIB);
    assert_in_range(freed_in(10, 3000), 240 * MIB, 260 * MIB);
    assert_in_range(freed_in(10, 3600), 480 * MIB, 510 * MIB);
}

/* So is every policy that moves memory, whatever it aims at. */
static void test_every_policy(void **state)
{
    (void)state;
    for (size_t i = 0; peers_policy_at(i); i++) {
        struct scene scene;
        open_two(&scene, 1000);
        balancer_set_policy(scene.balancer, peers_policy_at(i));
        run(&scene, 95);
        assert_true(scene.domains[0].tot_kib >= 7200 * MIB);
        close_scene(&scene);
    }
}

/* A start is due all that it needs at once. */
static void test_a_start_does_not_wait(void **state)
{
    (void)state;
    struct scene scene;
    open_two(&scene, 100);
    wait_for(&scene, 4000);
    run(&scene, 50);
    assert_true(scene.granted);
    close_scene(&scene);
}

/* Nor does what an administrator pins, or a range that was lowered. */
static void test_an_administrator_does_not_wait(void **state)
{
    (void)state;
    struct scene scene;
    open_two(&scene, 100);
    scene.domains[0].pinned_kib = 4000 * MIB;
    run(&scene, 20);
    assert_int_equal(scene.domains[0].tot_kib, 4000 * MIB);
    close_scene(&scene);
    open_two(&scene, 100);
    scene.domains[0].dynamic_max_kib = 5000 * MIB;
    run(&scene, 30);
    assert_true(scene.domains[0].tot_kib <= 5000 * MIB);
    close_scene(&scene);
}

/* Twice as fast where the host is hard, without a limit where it is low. */
static void test_the_state_of_the_host(void **state)
{
    (void)state;
    uint64_t freed_kib[HOST_STATES];
    for (int at = 0; at < HOST_STATES; at++) {
        struct balancer_settings settings = {.squeeze_permyriad = 1000,
                                             .soft_permyriad = at >= HOST_SOFT ? 10000 : 0,
                                             .hard_permyriad = at >= HOST_HARD ? 10000 : 0,
                                             .low_permyriad = at >= HOST_LOW ? 10000 : 0};
        struct scene scene;
        open_two(&scene, 0);
        balancer_set_settings(scene.balancer, &settings);
        /* The first decision knows no state, so it has nothing to move. */
        scene.domains[0].used_kib = scene.domains[1].used_kib = BALLAST_NONE;
        balancer_set_policy(scene.balancer, policy_find("fixed"));
        decide(&scene);
        balancer_set_policy(scene.balancer, policy_find("ballast"));
        assert_int_equal(balancer_outlook(scene.balancer).state, at);
        scene.domains[0].used_kib = 1000 * MIB;
        scene.domains[1].used_kib = 5000 * MIB;
        run(&scene, 90);
        freed_kib[at] = 8000 * MIB - scene.domains[0].tot_kib;
        close_scene(&scene);
    }
    assert_in_range(freed_kib[HOST_PLENTY], 780 * MIB, 800 * MIB);
    assert_int_equal(freed_kib[HOST_SOFT], freed_kib[HOST_PLENTY]);
    assert_in_range(freed_kib[HOST_HARD], 1480 * MIB, 1600 * MIB);
    assert_true(freed_kib[HOST_LOW] > 2500 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_part_in_ten_seconds),
        cmocka_unit_test(test_a_small_part_is_asked_for_seldom),
        cmocka_unit_test(test_every_policy),
        cmocka_unit_test(test_a_start_does_not_wait),
        cmocka_unit_test(test_an_administrator_does_not_wait),
        cmocka_unit_test(test_the_state_of_the_host),
    };
    return cmocka_run_group_tests_name("policy-squeeze", tests, NULL, NULL);
}
