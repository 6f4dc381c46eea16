/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The oracle of bench/perturb: what it sees, and what binds it all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "oracle.h"

#define GIB (UINT64_C(1) << 20)
#define SEC BALLAST_SEC_USEC

/* Runs a host of 12 GiB under it; the score, and how the first start ended. */
static struct sim_score play(const char *guests, uint64_t ahead_usec, struct sim_start *start)
{
    char text[2000];
    struct scenario scenario;
    struct sim *sim;
    struct sim_score score;
    struct ballast_error err = {0};
    int length = snprintf(text, sizeof(text), "says \"a test\"\nhost total=12GiB\n%s", guests);
    if (scenario_parse("test", text, (size_t)length, &scenario, &err) < 0 ||
        oracle_run(&scenario, ahead_usec, &sim, &err) < 0)
        fail_msg("%s", err.text);
    sim_score(sim, &score);
    if (start)
        *start = *sim_start_at(sim, 0);
    sim_free(sim);
    scenario_release(&scenario);
    return score;
}

/* Neither report tells the truth; 2 GiB take 10 s to come. */
static const char jump[] =
    "guest a tot=6GiB min=1GiB max=8GiB uses=3GiB report=all reclaim-rate=205MiB/s\n"
    "guest b tot=6GiB min=1GiB max=9GiB uses=steps:0s=4GiB,20s=8GiB report=none "
    "grow-rate=205MiB/s\nduration 60s\n";

static void test_sees_ahead(void **state)
{
    (void)state;
    struct sim_score score = play(jump, 10 * SEC, NULL);
    assert_in_range(score.shortfall_kibms, 0, GIB * 1000 / 2);
    /* Two GiB too late, at a steady rate: 2 GiB x 10 s / 2. */
    score = play(jump, 0, NULL);
    assert_in_range(score.shortfall_kibms, 9 * GIB * 1000, 12 * GIB * 1000);
    assert_int_equal(score.builds_died + score.guests_died, 0);
}

static void test_serves_starts_fast(void **state)
{
    (void)state;
    struct sim_start start;
    /* To spare a would take 20 s, b alone would free 4 GiB; both together take 10 s. */
    struct sim_score score =
        play("guest a tot=6GiB min=1GiB max=8GiB uses=6GiB reclaim-rate=205MiB/s\n"
             "guest b tot=6GiB min=1GiB max=8GiB uses=1GiB reclaim-rate=205MiB/s\n"
             "start new at=5s need=4GiB deadline=60s\nduration 60s\n",
             10 * SEC, &start);
    assert_true(start.state == SIM_START_BUILT);
    assert_true(scenario_ratio_permyriad(&start) <= 10500);
    assert_true(score.shortfall_kibms > 0);
    assert_int_equal(score.below_min_ms + score.builds_died, 0);
    (void)play("guest a tot=11GiB min=11GiB max=11GiB uses=6GiB\n"
               "start new at=5s need=4GiB deadline=60s\nduration 60s\n",
               10 * SEC, &start);
    assert_true(start.state == SIM_START_REFUSED && !start.gave_up);
}

/* What all need exceeds the host: each has its part, and the host keeps its sum at each step. */
static void test_shares_a_lack(void **state)
{
    (void)state;
    struct sim_score score =
        play("guest g*4 tot=3GiB min=1GiB max=6GiB uses=4GiB\nduration 60s\n", 10 * SEC, NULL);
    assert_in_range(score.shortfall_kibms, 4 * GIB * 59900, 4 * GIB * 60100);
    assert_int_equal(score.shortfall_kibms, score.unavoidable_kibms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sees_ahead),
        cmocka_unit_test(test_serves_starts_fast),
        cmocka_unit_test(test_shares_a_lack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
