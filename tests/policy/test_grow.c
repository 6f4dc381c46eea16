/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who receives memory that is available, in which order and in which parts: grow.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/policy/state.h"
#include "scene.h"

/* So much each guest here has, and so fast it grows. */
#define HAS_MIB  UINT64_C(1024)
#define PACE_MIB 100
/* The least part for one that lacks memory, a 16th, and for one that does not, an eighth. */
#define LEAST_MIB  64
#define LARGER_MIB 128

enum { LACKS, NEEDS, SURPLUS };

struct wish {
    int turn;
    uint64_t mib;
};

/* Guests that wish to grow, as the steps before leave them. */
struct growing {
    struct balancer balancer;
    struct policy_domain views[MOST];
    struct policy_aim aims[MOST];
    struct plan plans[MOST];
};

static void set_wishes(struct growing *growing, const struct wish *wishes, size_t count)
{
    *growing = (struct growing){0};
    for (size_t i = 0; i < count; i++) {
        growing->views[i] = (struct policy_domain){.tot_kib = HAS_MIB * MIB,
                                                   .used_kib = HAS_MIB * MIB,
                                                   .grow_kib_per_sec = PACE_MIB * MIB};
        if (wishes[i].turn == LACKS)
            growing->views[i].used_kib += MIB;
        growing->aims[i].reason =
            wishes[i].turn == SURPLUS ? BALANCER_SHARE_OF_SURPLUS : BALANCER_NEEDS_MORE;
        growing->plans[i] = (struct plan){.target_kib = HAS_MIB * MIB,
                                          .maxmem_kib = HAS_MIB * MIB,
                                          .wish_kib = wishes[i].mib * MIB};
    }
    growing->balancer = (struct balancer){.views = growing->views,
                                          .view_count = count,
                                          .aims = growing->aims,
                                          .plans = growing->plans};
}

static uint64_t given_kib(const struct growing *growing, size_t i)
{
    const struct plan *plan = &growing->plans[i];
    uint64_t kib = plan->target_kib - HAS_MIB * MIB;
    assert_int_equal(plan->grows, kib > 0);
    assert_int_equal(plan->maxmem_kib, plan->target_kib);
    if (kib > 0)
        assert_int_equal(plan->reason, growing->aims[i].reason);
    return kib;
}

/* Hands out so much beyond the headroom, and sees what each has of it. */
static void expect_given(const struct wish wishes[3], uint64_t beyond_kib,
                         const uint64_t expected_mib[3])
{
    struct growing growing;
    set_wishes(&growing, wishes, 3);
    balancer_hand_out(&growing.balancer, beyond_kib, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(given_kib(&growing, i), expected_mib[i] * MIB);
}

/* Those that lack memory now, then those that need more, then those below their share. */
static void those_that_need_it_most(void **state)
{
    (void)state;
    static const struct wish wishes[] = {{SURPLUS, 900}, {NEEDS, 500}, {LACKS, 100}};
    expect_given(wishes, 100 * MIB, (uint64_t[]){0, 0, 100});
    expect_given(wishes, 600 * MIB, (uint64_t[]){0, 500, 100});
    expect_given(wishes, 1500 * MIB, (uint64_t[]){900, 500, 100});
    /* What is too little for one whose turn it is goes to none after it: it is gathered. */
    static const struct wish modest[] = {{SURPLUS, 20}, {NEEDS, 500}, {LACKS, 100}};
    expect_given(modest, 100 * MIB + (LARGER_MIB - 1) * MIB, (uint64_t[]){0, 0, 100});
    expect_given(modest, 100 * MIB + LARGER_MIB * MIB, (uint64_t[]){0, LARGER_MIB, 100});
}

/* Among them the one that wishes most, and so few. */
static void the_largest_wish_first(void **state)
{
    (void)state;
    static const struct wish wishes[] = {{LACKS, 200}, {LACKS, 300}, {LACKS, 600}};
    expect_given(wishes, 600 * MIB, (uint64_t[]){0, 0, 600});
    expect_given(wishes, 600 * MIB + (LEAST_MIB - 1) * MIB, (uint64_t[]){0, 0, 600});
    expect_given(wishes, 600 * MIB + LEAST_MIB * MIB, (uint64_t[]){0, LEAST_MIB, 600});
    expect_given(wishes, 1000 * MIB, (uint64_t[]){100, 300, 600});
}

/* If it is enough for all, each has all, however little; a page less, and one waits. */
static void all_if_it_is_enough(void **state)
{
    (void)state;
    for (int turn = LACKS; turn <= SURPLUS; turn++) {
        const struct wish wishes[] = {{turn, 20}, {turn, 20}, {turn, 20}};
        expect_given(wishes, 60 * MIB, (uint64_t[]){20, 20, 20});
        expect_given(wishes, 60 * MIB - BALLAST_PAGE_KIB, (uint64_t[]){20, 20, 0});
    }
}

/* Out of the headroom: up to the minimum, and to the need of one that lacks memory now. */
static void headroom_is_for_the_entitled(void **state)
{
    (void)state;
    static const struct wish wishes[] = {{LACKS, 300}, {NEEDS, 300}, {NEEDS, 300}, {SURPLUS, 300}};
    for (uint64_t beyond_mib = 0; beyond_mib <= 300; beyond_mib += 300) {
        struct growing growing;
        set_wishes(&growing, wishes, 4);
        for (size_t i = 0; i < 4; i++)
            growing.views[i].need_kib = (HAS_MIB + 200) * MIB;
        growing.views[1].min_kib = (HAS_MIB + 150) * MIB;
        balancer_hand_out(&growing.balancer, beyond_mib * MIB, 1000 * MIB);
        assert_int_equal(given_kib(&growing, 0), (beyond_mib ? 300 : 200) * MIB);
        /* Where one that lacks memory waits for more, none after it has any. */
        assert_int_equal(given_kib(&growing, 1), (beyond_mib ? 150 : 0) * MIB);
        assert_int_equal(given_kib(&growing, 2), 0);
        assert_int_equal(given_kib(&growing, 3), 0);
    }
}

/* It is handed out once. */
static void headroom_is_used_up(void **state)
{
    (void)state;
    static const struct wish wishes[] = {{LACKS, 100}, {LACKS, 100}, {LACKS, 100}};
    struct growing growing;
    set_wishes(&growing, wishes, 3);
    for (size_t i = 0; i < 3; i++)
        growing.views[i].need_kib = (HAS_MIB + 100) * MIB;
    balancer_hand_out(&growing.balancer, 30 * MIB, 150 * MIB);
    assert_int_equal(given_kib(&growing, 0), 100 * MIB);
    assert_int_equal(given_kib(&growing, 1), 80 * MIB);
    assert_int_equal(given_kib(&growing, 2), 0);
}

/* The next part is set when it has its last one within a fifth of a second, 20 MiB here. */
static void one_that_is_on_its_way(void **state)
{
    (void)state;
    for (uint64_t ahead_mib = 20; ahead_mib <= 21; ahead_mib++) {
        struct growing growing;
        set_wishes(&growing, (struct wish[]){{LACKS, 300}}, 1);
        growing.plans[0].target_kib += ahead_mib * MIB;
        balancer_hand_out(&growing.balancer, 1000 * MIB, 0);
        assert_int_equal(growing.plans[0].grows, ahead_mib == 20);
        assert_int_equal(growing.plans[0].target_kib,
                         (HAS_MIB + (ahead_mib == 20 ? UINT64_C(320) : 21)) * MIB);
    }
}

/* A guest that has what it needs and most of its share, and 1 GiB that the other one frees. */
static void open_with_surplus(struct scene *scene, bool at_once)
{
    *scene = (struct scene){.domains = {a_guest(1, 512, 1024, 1500), a_guest(2, 512, 2048, 2048)}};
    open_scene(scene, 2, at_once ? 1024 : 0);
    scene->domains[1].shares = 0;
    scene->domains[0].used_kib = 500 * MIB;
    scene->domains[0].reported_free_kib = 524 * MIB;
    scene->domains[0].report_age_usec = 0;
}

static void free_of_other(struct scene *scene, uint64_t free_mib)
{
    scene->host.free_kib = free_mib * MIB;
    scene->domains[1].tot_kib =
        scene->host.total_kib - scene->domains[0].tot_kib - scene->host.free_kib;
    scene->domains[1].target_kib = scene->domains[1].maxmem_kib = scene->domains[1].tot_kib;
}

/* Memory is handed out that nobody has taken for 7 to 14 s, but at the start at once. */
static void surplus_is_idle_memory(void **state)
{
    (void)state;
    struct scene scene;
    open_with_surplus(&scene, true);
    decide(&scene);
    assert_true(scene.domains[0].target_kib > 1024 * MIB);
    assert_int_equal(scene.sets[0].reason, BALANCER_SHARE_OF_SURPLUS);
    close_scene(&scene);
    open_with_surplus(&scene, false);
    unsigned ticks = 0;
    for (; ticks < 300 && scene.domains[0].target_kib == 1024 * MIB; ticks++) {
        free_of_other(&scene, ticks < 10 ? 0 : 1024);
        decide(&scene);
    }
    assert_in_range(ticks, 10 + 70, 10 + 140 + 1);
    assert_int_equal(scene.sets[0].reason, BALANCER_SHARE_OF_SURPLUS);
    close_scene(&scene);
}

/* What is taken for a moment every six seconds is never idle. */
static void memory_that_others_take(void **state)
{
    (void)state;
    struct scene scene;
    open_with_surplus(&scene, false);
    for (unsigned tick = 0; tick < 600; tick++) {
        free_of_other(&scene, tick % 60 == 0 ? 0 : 1024);
        decide(&scene);
        assert_int_equal(scene.domains[0].target_kib, 1024 * MIB);
    }
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_need_it_most), cmocka_unit_test(the_largest_wish_first),
        cmocka_unit_test(all_if_it_is_enough),     cmocka_unit_test(headroom_is_for_the_entitled),
        cmocka_unit_test(headroom_is_used_up),     cmocka_unit_test(one_that_is_on_its_way),
        cmocka_unit_test(surplus_is_idle_memory),  cmocka_unit_test(memory_that_others_take),
    };
    return cmocka_run_group_tests_name("policy-grow", tests, NULL, NULL);
}
