/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Following a balloon, why one may have stopped, and a running domain's breakdown. */
#include "core/model/breakdown.h"
#include "core/model/follow.h"
#include "core/model/host.h"
#include "core/model/running.h"
#include "unit.h"

#define SEC UINT64_C(1000000)

static struct ballast_follow down(uint64_t from_kib, uint64_t to_kib)
{
    struct ballast_follow follow = {.goal_kib = to_kib,
                                    .tolerance_kib = MIB,
                                    .patience_usec = 10 * SEC,
                                    .until_usec = 60 * SEC};
    ballast_follow_begin(&follow, 0, from_kib);
    return follow;
}

static void test_reached_when_it_rests(void **state)
{
    (void)state;
    struct ballast_follow follow = down(256 * MIB, 128 * MIB);
    assert_int_equal(ballast_follow_sample(&follow, SEC, 192 * MIB), BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_permyriad(&follow), 5000);
    /* Within extra internal, but still on its way. */
    assert_int_equal(ballast_follow_sample(&follow, 2 * SEC, 128 * MIB + 512),
                     BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, 3 * SEC, 128 * MIB + 64),
                     BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, 4 * SEC, 128 * MIB + 64),
                     BALLAST_FOLLOW_REACHED);
    assert_int_equal(ballast_follow_permyriad(&follow), 10000);
    /* It was there from the beginning. */
    follow = down(128 * MIB, 128 * MIB);
    assert_int_equal(ballast_follow_sample(&follow, 1, 128 * MIB), BALLAST_FOLLOW_REACHED);
    /* Beyond extra internal it is not. */
    follow = down(129 * MIB + 4, 128 * MIB);
    assert_int_equal(ballast_follow_sample(&follow, 1, 129 * MIB + 4), BALLAST_FOLLOW_MOVING);
}

static void test_growing(void **state)
{
    (void)state;
    struct ballast_follow follow = down(128 * MIB, 256 * MIB);
    assert_int_equal(ballast_follow_sample(&follow, SEC, 256 * MIB - 8), BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, SEC, 256 * MIB - 8), BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, SEC, 256 * MIB - 3), BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, SEC, 256 * MIB - 3), BALLAST_FOLLOW_REACHED);
}

/* A HVM guest without a video adapter never gets its last pages. */
static void test_some_pages_short(void **state)
{
    (void)state;
    struct ballast_follow follow = down(192 * MIB, 136 * MIB);
    follow.short_kib = BALLAST_HVM_SHORT_KIB;
    assert_int_equal(ballast_follow_sample(&follow, SEC, 136 * MIB - 20), BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, SEC, 136 * MIB - 20), BALLAST_FOLLOW_REACHED);
    follow.last_kib = 136 * MIB - 68;
    assert_int_equal(ballast_follow_sample(&follow, SEC, 136 * MIB - 68), BALLAST_FOLLOW_MOVING);
}

static void test_stopped_without_progress(void **state)
{
    (void)state;
    struct ballast_follow follow = down(256 * MIB, 128 * MIB);
    assert_int_equal(ballast_follow_sample(&follow, 5 * SEC, 200 * MIB), BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, 15 * SEC - 1, 200 * MIB),
                     BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, 15 * SEC, 200 * MIB), BALLAST_FOLLOW_STOPPED);
    /* A page now and then is no progress; neither is the wrong way. */
    follow = down(256 * MIB, 128 * MIB);
    for (uint64_t i = 1; i < 10; i++)
        assert_int_equal(ballast_follow_sample(&follow, i * SEC, 256 * MIB - 4 * i),
                         BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, 10 * SEC, 300 * MIB), BALLAST_FOLLOW_STOPPED);
    assert_int_equal(ballast_follow_permyriad(&follow), 0);
}

static void test_late(void **state)
{
    (void)state;
    struct ballast_follow follow = down(256 * MIB, 128 * MIB);
    for (uint64_t i = 1; i < 60; i++)
        assert_int_equal(ballast_follow_sample(&follow, i * SEC, (256 - i) * MIB),
                         BALLAST_FOLLOW_MOVING);
    assert_int_equal(ballast_follow_sample(&follow, 60 * SEC, 196 * MIB), BALLAST_FOLLOW_LATE);
}

/* A guest that has stopped at 200 MiB on its way to 128, for no reason. */
static struct ballast_stop_facts stopped(void)
{
    return (struct ballast_stop_facts){
        .has_balloon = true,
        .tot_kib = 200 * MIB,
        .goal_kib = 128 * MIB,
        .maximum_kib = 128 * MIB,
        .free_kib = 1000 * MIB,
        .pod_cache_kib = BALLAST_NONE,
        .pod_entries_kib = BALLAST_NONE,
        .used_kib = BALLAST_NONE,
    };
}

static void assert_reason(const struct ballast_stop_facts *facts, enum ballast_stop reason,
                          const char *part)
{
    char text[256];
    assert_int_equal(ballast_stop_reason(facts), reason);
    assert_true(ballast_stop_text(reason, facts, text, sizeof(text)) < sizeof(text));
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, text);
    assert_non_null(ballast_stop_name(reason));
}

static void test_reasons_down(void **state)
{
    (void)state;
    struct ballast_stop_facts facts = stopped();
    assert_reason(&facts, BALLAST_STOP_UNKNOWN, "outside");
    facts.pod_cache_kib = 60 * MIB; /* a cache alone does not say that anything is owed */
    assert_reason(&facts, BALLAST_STOP_UNKNOWN, "outside");
    facts.pod_entries_kib = 0;
    assert_reason(&facts, BALLAST_STOP_UNKNOWN, "outside");
    facts.pod_entries_kib = facts.pod_cache_kib = BALLAST_NONE;
    facts.used_kib = 190 * MIB;
    assert_reason(&facts, BALLAST_STOP_USED, "190 MiB");
    facts.used_kib = 100 * MIB;
    assert_reason(&facts, BALLAST_STOP_UNKNOWN, "outside");
    facts.tot_kib = 86 * MIB;
    facts.goal_kib = 16 * MIB;
    facts.used_kib = BALLAST_NONE;
    assert_reason(&facts, BALLAST_STOP_IDLE_FLOOR, "90 MiB");
    facts.has_balloon = false;
    assert_reason(&facts, BALLAST_STOP_NO_BALLOON, "no balloon driver");
    facts.pod_entries_kib = 700 * MIB;
    facts.pod_cache_kib = 60 * MIB;
    assert_reason(&facts, BALLAST_STOP_POD, "60 MiB");
    facts.paused = true;
    assert_reason(&facts, BALLAST_STOP_PAUSED, "paused");
    facts.dying = true;
    assert_reason(&facts, BALLAST_STOP_DYING, "dying");
}

static void test_reasons_up(void **state)
{
    (void)state;
    struct ballast_stop_facts facts = stopped();
    facts.goal_kib = 256 * MIB;
    facts.maximum_kib = 256 * MIB;
    assert_reason(&facts, BALLAST_STOP_UNKNOWN, "outside");
    facts.has_balloon = false;
    assert_reason(&facts, BALLAST_STOP_NO_BALLOON, "no balloon driver");
    facts.free_kib = 55 * MIB;
    assert_reason(&facts, BALLAST_STOP_HOST_FULL, "55 MiB free, and it needs 56 MiB");
    facts.maximum_kib = 200 * MIB;
    assert_reason(&facts, BALLAST_STOP_MAXIMUM, "200 MiB");
}

/* PVH 256/512 with a pool of 768 pages, ballooned to 200 MiB: 16 pages are beyond its target. */
static struct ballast_running pvh(void)
{
    return (struct ballast_running){
        .type = BALLAST_PVH,
        .vcpus = 1,
        .tot_kib = 200 * MIB + 64,
        .target_kib = 200 * MIB,
        .static_max_kib = 512 * MIB,
        .videoram_kib = 0,
        .pool_kib = 3072,
        .extra_internal_kib = MIB,
        .overhead_kib = BALLAST_NONE,
    };
}

static void test_running(void **state)
{
    (void)state;
    struct ballast_breakdown breakdown;
    struct ballast_error err = unit_clean_error();
    struct ballast_running running = pvh();
    assert_int_equal(ballast_running_breakdown(&running, NULL, NULL, &breakdown, &err), 0);
    unit_assert_clean(err);
    assert_int_equal(breakdown.segment_kib[BALLAST_SHADOW], 3072);
    assert_int_equal(breakdown.segment_kib[BALLAST_EXTRA_EXTERNAL], 2048);
    assert_int_equal(breakdown.segment_kib[BALLAST_EXTRA_INTERNAL], 64);
    assert_int_equal(breakdown.segment_kib[BALLAST_GUEST], 200 * MIB);
    assert_int_equal(breakdown.segment_kib[BALLAST_BALLOON], 312 * MIB);
    assert_int_equal(breakdown.span_kib[BALLAST_STATIC_MAXIMUM], 512 * MIB);
    assert_int_equal(breakdown.span_kib[BALLAST_FOOTPRINT], 200 * MIB + 64 + 3072 + 2048);
    assert_int_equal(ballast_breakdown_check(&breakdown, &err), 0);
}

static void test_running_on_its_way(void **state)
{
    (void)state;
    struct ballast_breakdown breakdown;
    struct ballast_error err;
    struct ballast_running running = pvh();
    running.target_kib = 100 * MIB; /* 100 MiB still to give: at most 1 MiB is extra internal */
    assert_int_equal(ballast_running_breakdown(&running, NULL, NULL, &breakdown, &err), 0);
    assert_int_equal(breakdown.segment_kib[BALLAST_EXTRA_INTERNAL], MIB);
    assert_int_equal(breakdown.segment_kib[BALLAST_GUEST], 199 * MIB + 64);
    assert_int_equal(breakdown.span_kib[BALLAST_STATIC_MAXIMUM], 512 * MIB);
    running.target_kib = 300 * MIB; /* growing: nothing is beyond its target */
    assert_int_equal(ballast_running_breakdown(&running, NULL, NULL, &breakdown, &err), 0);
    assert_int_equal(breakdown.segment_kib[BALLAST_EXTRA_INTERNAL], 0);
    assert_int_equal(breakdown.segment_kib[BALLAST_GUEST], 200 * MIB + 64);
}

static void test_running_types(void **state)
{
    (void)state;
    struct ballast_breakdown breakdown;
    struct ballast_error err;
    struct ballast_running running = pvh();
    running.type = BALLAST_HVM; /* 8 MiB of what it holds are video, 11 pages hvmloader's */
    running.videoram_kib = 8 * MIB;
    running.tot_kib = 208 * MIB + 44;
    assert_int_equal(ballast_running_breakdown(&running, NULL, NULL, &breakdown, &err), 0);
    assert_int_equal(breakdown.segment_kib[BALLAST_VIDEO], 8 * MIB);
    assert_int_equal(breakdown.segment_kib[BALLAST_GUEST], 200 * MIB);
    assert_int_equal(breakdown.segment_kib[BALLAST_EXTRA_INTERNAL], 44);
    assert_int_equal(breakdown.span_kib[BALLAST_STATIC_MAXIMUM], 512 * MIB);
    /* dom0: no nodes, no pool, no video. */
    running = (struct ballast_running){
        .type = BALLAST_PV,
        .vcpus = 1,
        .tot_kib = 1024 * MIB,
        .target_kib = BALLAST_NONE,
        .static_max_kib = BALLAST_NONE,
        .videoram_kib = BALLAST_NONE,
        .pool_kib = BALLAST_NONE,
        .extra_internal_kib = MIB,
        .overhead_kib = BALLAST_NONE,
    };
    assert_int_equal(ballast_running_breakdown(&running, NULL, NULL, &breakdown, &err), 0);
    assert_int_equal(breakdown.segment_kib[BALLAST_GUEST], 1024 * MIB);
    assert_int_equal(breakdown.segment_kib[BALLAST_BALLOON], 0);
    /* What is measured takes the profile's place. */
    running.overhead_kib = 12345;
    assert_int_equal(ballast_running_breakdown(&running, NULL, NULL, &breakdown, &err), 0);
    assert_int_equal(breakdown.segment_kib[BALLAST_EXTRA_EXTERNAL], 12345);
}

static void test_running_overflow(void **state)
{
    (void)state;
    struct ballast_breakdown breakdown;
    struct ballast_error err;
    struct ballast_running running = pvh();
    running.overhead_kib = UINT64_MAX - 100;
    assert_int_equal(ballast_running_breakdown(&running, NULL, NULL, &breakdown, &err), -EOVERFLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reached_when_it_rests),
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_some_pages_short),
        cmocka_unit_test(test_stopped_without_progress),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_reasons_down),
        cmocka_unit_test(test_reasons_up),
        cmocka_unit_test(test_running),
        cmocka_unit_test(test_running_on_its_way),
        cmocka_unit_test(test_running_types),
        cmocka_unit_test(test_running_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
