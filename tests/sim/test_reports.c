/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a simulated guest reports: its use, true or false, and the pressure that it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/sim/score/score.h"

#define MIB BALLAST_MIB_KIB
#define GIB (1024 * MIB)
#define SEC BALLAST_SEC_USEC

struct play {
    struct scenario scenario;
    struct sim *sim;
};

/* A host of 32 GiB with these guests. */
static struct play play_of(const char *guests)
{
    struct play play;
    char text[2000];
    struct ballast_error err = {0};
    int length =
        snprintf(text, sizeof(text), "says \"a test\"\nhost total=32GiB\nduration 1h\n%s", guests);
    if (scenario_parse("test", text, (size_t)length, &play.scenario, &err) < 0 ||
        sim_new(&play.scenario.config, 0, &play.sim, &err) < 0)
        fail_msg("%s", err.text);
    return play;
}

static void run_for(struct play *play, uint64_t usec)
{
    for (; usec > 0; usec -= SIM_TICK_USEC)
        assert_int_equal(sim_step(play->sim, SIM_TICK_USEC, NULL), 0);
}

static const struct ballast_domain *seen(struct play *play, size_t i)
{
    const struct ballast_host *host;
    assert_int_equal(sim_refresh(play->sim, &host, NULL), 0);
    return &host->domains[i];
}

static void end_play(struct play *play)
{
    sim_free(play->sim);
    scenario_release(&play->scenario);
}

static void test_false_reports(void **state)
{
    (void)state;
    struct play play = play_of(
        "guest all tot=4GiB min=1GiB max=8GiB uses=1GiB report=all reclaim-rate=100MiB/s\n"
        "guest constant tot=4GiB min=1GiB max=8GiB report=constant claims=7GiB\n"
        "guest most tot=4GiB min=1GiB max=8GiB report=constant\n"
        "guest scaled tot=4GiB min=1GiB max=8GiB uses=1GiB report=scaled scale=2.5x\n"
        "guest following tot=4GiB min=1GiB max=8GiB report=following reclaim-rate=100MiB/s\n"
        "guest waves tot=4GiB min=1GiB max=8GiB report=oscillating claims=6GiB\n"
        "guest silent tot=4GiB min=1GiB max=8GiB report=scaled\n");
    for (uint32_t id = 1; id <= 5; id++)
        assert_int_equal(sim_set(play.sim, id, 3 * GIB, BALLAST_NONE, NULL), 0);
    run_for(&play, 5 * SEC);
    /* It holds 4 GiB less 4.9 s at 100 MiB/s when it writes its report, and claims all of it. */
    assert_int_equal(seen(&play, 0)->used_kib, seen(&play, 0)->tot_kib);
    assert_int_equal(seen(&play, 0)->reported_free_kib, 0);
    assert_int_equal(seen(&play, 1)->used_kib, 7 * GIB);
    assert_int_equal(seen(&play, 2)->used_kib, 8 * GIB);
    assert_int_equal(seen(&play, 3)->used_kib, 2560 * MIB);
    assert_int_equal(seen(&play, 4)->used_kib, 3 * GIB);
    assert_true(seen(&play, 4)->tot_kib > 3 * GIB);
    assert_int_equal(seen(&play, 5)->used_kib, 6 * GIB);
    assert_int_equal(seen(&play, 6)->used_kib, BALLAST_NONE);
    run_for(&play, 10 * SEC);
    assert_int_equal(seen(&play, 5)->used_kib, 1536 * MIB);
    run_for(&play, 10 * SEC);
    assert_int_equal(seen(&play, 5)->used_kib, 6 * GIB);
    end_play(&play);
}

static void test_sources(void **state)
{
    (void)state;
    struct play play = play_of("guest plain tot=4GiB uses=1GiB\n"
                               "guest none tot=4GiB uses=1GiB report=none\n"
                               "guest agent tot=4GiB uses=1GiB pressure=honest\n"
                               "guest alone tot=4GiB uses=1GiB report=none pressure=honest\n"
                               "guest free tot=1GiB uses=2GiB report=free report-noise=10%\n");
    run_for(&play, 3500000);
    assert_int_equal(seen(&play, 0)->report_source, BALLAST_REPORT_MEMINFO);
    assert_int_equal(seen(&play, 0)->pressure.known, 0);
    assert_int_equal(seen(&play, 1)->report_source, BALLAST_REPORT_NONE);
    assert_int_equal(seen(&play, 2)->report_source, BALLAST_REPORT_BALLAST_AGENT);
    assert_int_equal(seen(&play, 2)->pressure.known, (1 << BALLAST_PRESSURES) - 1);
    /* Reports are made at each whole second. */
    assert_int_equal(seen(&play, 2)->pressure.age_usec, SEC / 2);
    assert_int_equal(seen(&play, 4)->report_source, BALLAST_REPORT_GUEST_AGENT);
    assert_true(seen(&play, 4)->used_kib <= seen(&play, 4)->tot_kib);
    assert_int_equal(seen(&play, 3)->used_kib, BALLAST_NONE);
    assert_int_equal(seen(&play, 3)->report_age_usec, BALLAST_NONE);
    assert_int_not_equal(seen(&play, 3)->pressure.known, 0);
    end_play(&play);
}

/* They hold 1 GiB of 2 GiB that they use, and claim 7 GiB where they claim. */
#define HALF "tot=1GiB min=1GiB max=8GiB uses=2GiB claims=7GiB "

/* Writers of free memory, as every ballast-agent is, cannot say more than they have. */
static void test_free_memory_bounds_use(void **state)
{
    (void)state;
    struct play play = play_of("guest free " HALF "report=free\n"
                               "guest agent " HALF "pressure=honest\n"
                               "guest liar " HALF "report=constant pressure=false\n"
                               "guest qubes " HALF "\n");
    run_for(&play, 5 * SEC);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(seen(&play, i)->used_kib, i < 3 ? 1 * GIB : 2 * GIB);
        assert_int_equal(seen(&play, i)->reported_free_kib, 0);
        assert_int_equal(seen(&play, i)->reported_swap_kib, i < 3 ? 0 : 1 * GIB);
    }
    end_play(&play);
}

/* Qubes' writer reports what is in swap: what is lacking, nothing, or all that is claimed. */
static void test_reported_swap(void **state)
{
    (void)state;
    struct play play = play_of("guest default " HALF "\n"
                               "guest honest " HALF "swap=honest\n"
                               "guest none " HALF "swap=none\n"
                               "guest swapless " HALF "starves=1h\n"
                               "guest liar " HALF "report=constant\n"
                               "guest invents " HALF "report=constant swap=claimed\n"
                               "guest free " HALF "report=free swap=claimed\n"
                               "guest enough tot=2GiB max=4GiB uses=1GiB\n");
    static const uint64_t swap_gib[] = {1, 1, 0, 0, 1, 6, 0, 0};
    run_for(&play, 5 * SEC);
    for (size_t i = 0; i < sizeof(swap_gib) / sizeof(swap_gib[0]); i++)
        assert_int_equal(seen(&play, i)->reported_swap_kib, swap_gib[i] * GIB);
    end_play(&play);
}

static uint64_t value_of(struct play *play, size_t i, enum ballast_pressure_kind kind)
{
    return seen(play, i)->pressure.values[kind];
}

/* It lacks 10,000 pages of its working set. */
#define LACKING "tot=1008576KiB min=1008576KiB max=2GiB uses=1GiB pressure=honest"

static void test_pressure_of_a_lack(void **state)
{
    (void)state;
    struct play play = play_of("guest short " LACKING "\n"
                               "guest enough tot=2GiB uses=2GiB pressure=honest\n"
                               "guest liar tot=2GiB uses=1GiB pressure=false\n"
                               "guest asleep " LACKING " paused=0s..61s\n"
                               "guest nearly tot=2097140KiB uses=2GiB pressure=honest\n");
    run_for(&play, 60 * SEC);
    /* 1,000 reads a second of 0.1 ms each: a tenth of the time. */
    assert_in_range(value_of(&play, 0, BALLAST_PRESSURE_SOME), 980, 1000);
    assert_in_range(value_of(&play, 0, BALLAST_PRESSURE_FULL), 95, 100);
    assert_int_equal(value_of(&play, 0, BALLAST_PRESSURE_REFAULTS), 60000);
    assert_int_equal(value_of(&play, 0, BALLAST_PRESSURE_SWAPINS), 30000);
    assert_int_equal(value_of(&play, 0, BALLAST_PRESSURE_STALLS), 60000 / 32);
    assert_int_equal(value_of(&play, 0, BALLAST_PRESSURE_OOM_KILLS), 0);
    for (int kind = 0; kind < BALLAST_PRESSURES; kind++)
        assert_int_equal(value_of(&play, 1, (enum ballast_pressure_kind)kind), 0);
    assert_int_equal(value_of(&play, 2, BALLAST_PRESSURE_SOME), 6000);
    assert_int_equal(value_of(&play, 2, BALLAST_PRESSURE_FULL), 3000);
    assert_int_equal(value_of(&play, 2, BALLAST_PRESSURE_REFAULTS), 600000);
    /* Three pages in 10 s each: less than one a tick, and not lost. */
    assert_in_range(value_of(&play, 4, BALLAST_PRESSURE_REFAULTS), 17, 18);
    /* A guest that does not run waits for nothing: it has read for a second when it is looked at.
     */
    run_for(&play, 2 * SEC);
    assert_in_range(value_of(&play, 3, BALLAST_PRESSURE_REFAULTS), 900, 1100);
    end_play(&play);
}

static void test_pressure_ends(void **state)
{
    (void)state;
    struct play play = play_of("guest short " LACKING " grow-rate=1GiB/s\n");
    run_for(&play, 60 * SEC);
    assert_int_equal(sim_set(play.sim, 1, 2 * GIB, BALLAST_NONE, NULL), 0);
    run_for(&play, 10 * SEC);
    /* Ten seconds later the average has 1/e of what it had, and the counts stay. */
    assert_in_range(value_of(&play, 0, BALLAST_PRESSURE_SOME), 300, 450);
    assert_in_range(value_of(&play, 0, BALLAST_PRESSURE_REFAULTS), 60000, 60200);
    run_for(&play, 60 * SEC);
    assert_in_range(value_of(&play, 0, BALLAST_PRESSURE_SOME), 0, 2);
    end_play(&play);
}

static void test_pressure_without_swap(void **state)
{
    (void)state;
    struct play play = play_of("guest killed tot=1GiB uses=2GiB pressure=honest starves=1h\n"
                               "guest tight tot=2000MiB uses=2GiB pressure=honest starves=1h\n"
                               "guest swaps tot=1GiB uses=2GiB pressure=honest\n"
                               "guest poor tot=1700MiB uses=2GiB pressure=honest starves=1h\n");
    run_for(&play, 30 * SEC);
    assert_in_range(value_of(&play, 0, BALLAST_PRESSURE_OOM_KILLS), 25, 31);
    assert_int_equal(value_of(&play, 0, BALLAST_PRESSURE_SWAPINS), 0);
    assert_in_range(value_of(&play, 0, BALLAST_PRESSURE_SOME), 9000, 10000);
    assert_int_equal(value_of(&play, 1, BALLAST_PRESSURE_OOM_KILLS), 0);
    assert_int_equal(value_of(&play, 2, BALLAST_PRESSURE_OOM_KILLS), 0);
    /* A sixth is missing; of tight, a fortieth. */
    assert_in_range(value_of(&play, 3, BALLAST_PRESSURE_OOM_KILLS), 25, 31);
    /* No disk reads more than one page in 0.1 ms. */
    assert_int_equal(value_of(&play, 2, BALLAST_PRESSURE_REFAULTS), 300000);
    end_play(&play);
}

static uint64_t need_of(const struct play *play, size_t i)
{
    struct sim_domain_view view;
    sim_domain_view(play->sim, i, &view);
    return view.need_kib;
}

/* Noise is in the report alone: the same guest without it needs the same at each moment. */
static void test_noise(void **state)
{
    (void)state;
    struct play quiet = play_of("guest a tot=4GiB uses=walk:1GiB..3GiB,64MiB/s\n");
    struct play noisy = play_of("guest a tot=4GiB uses=walk:1GiB..3GiB,64MiB/s report-noise=5%\n");
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    for (int second = 0; second < 200; second++) {
        run_for(&quiet, SEC);
        run_for(&noisy, SEC);
        assert_int_equal(need_of(&quiet, 0), need_of(&noisy, 0));
        uint64_t part = ballast_mul_div(seen(&noisy, 0)->used_kib, BALLAST_PERMYRIAD,
                                        seen(&quiet, 0)->used_kib);
        low = ballast_min_u64(low, part);
        high = ballast_max_u64(high, part);
    }
    assert_in_range(low, 9499, 9600);
    assert_in_range(high, 10400, 10500);
    end_play(&quiet);
    end_play(&noisy);
}

static void test_need_ahead(void **state)
{
    (void)state;
    struct play play = play_of("guest steps tot=4GiB uses=steps:0s=1GiB,15s=3GiB,16s=2GiB\n"
                               "guest walk tot=4GiB uses=walk:1GiB..3GiB,64MiB/s report=random\n"
                               "guest none tot=4GiB\n");
    assert_int_equal(sim_need_ahead_kib(play.sim, 0, 14 * SEC), 1 * GIB);
    assert_int_equal(sim_need_ahead_kib(play.sim, 0, 15 * SEC), 3 * GIB);
    assert_int_equal(sim_need_ahead_kib(play.sim, 0, 60 * SEC), 3 * GIB);
    assert_int_equal(sim_need_ahead_kib(play.sim, 2, 60 * SEC), 0);
    /* To see ahead changes nothing of what comes. */
    struct play other = play_of("guest steps tot=4GiB uses=steps:0s=1GiB,15s=3GiB,16s=2GiB\n"
                                "guest walk tot=4GiB uses=walk:1GiB..3GiB,64MiB/s report=random\n"
                                "guest none tot=4GiB\n");
    for (int second = 0; second < 30; second++) {
        assert_true(sim_need_ahead_kib(play.sim, 1, 10 * SEC) >= need_of(&play, 1));
        run_for(&play, SEC);
        run_for(&other, SEC);
        assert_int_equal(need_of(&play, 1), need_of(&other, 1));
    }
    assert_int_equal(sim_need_ahead_kib(play.sim, 0, 60 * SEC), 2 * GIB);
    end_play(&play);
    end_play(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_false_reports),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_free_memory_bounds_use),
        cmocka_unit_test(test_reported_swap),
        cmocka_unit_test(test_pressure_of_a_lack),
        cmocka_unit_test(test_pressure_ends),
        cmocka_unit_test(test_pressure_without_swap),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_need_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
