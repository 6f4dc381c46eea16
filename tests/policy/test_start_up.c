/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is not learned from a guest that has just come up, and what it is asked for all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

static void run(struct scene *scene, unsigned ticks)
{
    for (unsigned i = 0; i < ticks; i++) {
        decide(scene);
        for (size_t d = 0; d < scene->host.domain_count; d++)
            follow(scene, d, 1024 * MIB);
    }
}

/* Its balloon comes up after a second, and it reports hardly any use. */
static void open_fresh(struct scene *scene, uint64_t start_up_sec)
{
    struct balancer_settings settings = {.start_up_usec = start_up_sec * BALLAST_SEC_USEC};
    *scene = (struct scene){.domains = {a_guest(1, 512, 4000, 4000), a_guest(2, 512, 1000, 8000),
                                        a_guest(3, 512, 4000, 4000)}};
    open_scene(scene, 3, 0);
    balancer_set_settings(scene->balancer, &settings);
    scene->domains[0].has_balloon = false;
    run(scene, 10);
    scene->domains[0].has_balloon = true;
    for (size_t i = 0; i < 3; i++) {
        scene->domains[i].used_kib = i == 1 ? 2000 * MIB : 600 * MIB;
        scene->domains[i].report_age_usec = 0;
    }
}

static void test_it_keeps_what_it_has(void **state)
{
    (void)state;
    struct scene scene;
    open_fresh(&scene, 60);
    run(&scene, 300);
    assert_int_equal(scene.domains[0].tot_kib, 4000 * MIB);
    assert_true(scene.domains[1].tot_kib >= 2000 * MIB);
    close_scene(&scene);
    open_fresh(&scene, 0);
    run(&scene, 300);
    assert_true(scene.domains[0].tot_kib < 4000 * MIB);
    close_scene(&scene);
}

/* Not from a start: that has what idle memory of all others does not serve. */
static void test_a_start_is_served(void **state)
{
    (void)state;
    struct scene scene;
    open_fresh(&scene, 60);
    wait_for(&scene, 4500);
    run(&scene, 100);
    assert_true(scene.granted);
    assert_true(scene.domains[0].tot_kib < 4000 * MIB);
    close_scene(&scene);
}

/* A report that is not possible costs it no trust, and one that is gains none. */
static void test_nothing_is_learned(void **state)
{
    (void)state;
    struct scene scene;
    open_fresh(&scene, 60);
    uint32_t trust_permyriad = estimate(&scene, 1).trust_permyriad;
    for (unsigned tick = 0; tick < 550; tick++) {
        scene.domains[0].used_kib = (tick % 2 ? 600 : 90000) * MIB;
        run(&scene, 1);
        assert_int_equal(estimate(&scene, 1).trust_permyriad, trust_permyriad);
    }
    for (unsigned tick = 0; tick < 200; tick++) {
        scene.domains[0].used_kib = (tick % 2 ? 600 : 90000) * MIB;
        run(&scene, 1);
    }
    assert_true(estimate(&scene, 1).trust_permyriad < trust_permyriad);
    close_scene(&scene);
}

/* A guest can hide its balloon driver, and show it again: it starts up once. */
static void test_it_starts_up_once(void **state)
{
    (void)state;
    struct scene scene;
    open_fresh(&scene, 60);
    run(&scene, 650);
    uint32_t trust_permyriad = estimate(&scene, 1).trust_permyriad;
    for (unsigned tick = 0; tick < 100; tick++) {
        scene.domains[0].has_balloon = tick % 2 == 1;
        scene.domains[0].used_kib = (tick % 4 < 2 ? 600 : 90000) * MIB;
        run(&scene, 1);
    }
    assert_true(estimate(&scene, 1).trust_permyriad < trust_permyriad);
    close_scene(&scene);
}

/* Free memory from before the first sample: it is not asked until its agent shows itself. */
static void test_a_report_of_unknown_age(void **state)
{
    (void)state;
    for (int writes = 0; writes < 2; writes++) {
        struct scene scene = {.domains = {a_guest(1, 512, 2000, 4000), a_guest(2, 512, 2000, 4000),
                                          a_guest(3, 512, 2000, 8000)}};
        open_scene(&scene, 3, 0);
        scene.host.now_usec = 500 * BALLAST_SEC_USEC;
        for (size_t i = 0; i < 2; i++) {
            scene.domains[i].used_kib = 600 * MIB;
            scene.domains[i].report_age_usec = 0;
            scene.domains[i].report_source = BALLAST_REPORT_GUEST_AGENT;
        }
        scene.domains[1].report_source = BALLAST_REPORT_MEMINFO;
        wait_for(&scene, 2200);
        for (unsigned tick = 0; tick < 1200; tick++) {
            for (size_t i = 0; i < 2; i++)
                scene.domains[i].report_age_usec = writes && tick > 0 ? 0 : tick * TICK;
            scene.domains[2].has_balloon = false;
            run(&scene, 1);
            if (!writes) {
                assert_true(scene.waiting);
                /* An even share; the start that waits has one, too. */
                assert_true(scene.domains[0].target_kib >= 1490 * MIB);
            }
        }
        assert_int_equal(scene.granted, writes);
        run(&scene, 110);
        assert_true(scene.granted);
        close_scene(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_keeps_what_it_has),    cmocka_unit_test(test_a_start_is_served),
        cmocka_unit_test(test_nothing_is_learned),      cmocka_unit_test(test_it_starts_up_once),
        cmocka_unit_test(test_a_report_of_unknown_age),
    };
    return cmocka_run_group_tests_name("policy-start-up", tests, NULL, NULL);
}
