/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long it takes until enough is freed: compared with figures by hand, and with a simulated
 * clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/policy/forecast.h"

#include "../seeds/seed.h"

#define SEC UINT64_C(1000000)

#define AT(kib)                                                                                    \
    {                                                                                              \
        (kib), (kib), PACE_MEASURED                                                                \
    }
#define GIB (UINT64_C(1024) * 1024)
#define MIN (60 * SEC)

static uint64_t forecast_usec(const struct forecast_donor *donors, size_t count,
                              uint64_t missing_kib)
{
    struct forecast forecast = forecast_of(donors, count, missing_kib);
    assert_int_equal(forecast.min_usec, forecast.max_usec);
    return forecast.max_usec;
}

static void by_hand(void **state)
{
    (void)state;
    const struct forecast_donor donors[] = {{1000, AT(100)}, {300, AT(300)}, {50, AT(0)}};
    assert_int_equal(forecast_usec(donors, 3, 0), 0);
    assert_int_equal(forecast_usec(donors, 3, 400), SEC);     /* 100 + 300 in the first second */
    assert_int_equal(forecast_usec(donors, 3, 500), 2 * SEC); /* the second one has no more */
    assert_int_equal(forecast_usec(donors, 3, 1300), 10 * SEC);
    assert_int_equal(forecast_usec(donors, 3, 1301), UINT64_MAX);
    assert_int_equal(forecast_usec(NULL, 0, 0), 0);
    assert_int_equal(forecast_usec(NULL, 0, 1), UINT64_MAX);
}

static void at_the_ends_of_64_bits(void **state)
{
    (void)state;
    const struct forecast_donor slow = {UINT64_MAX, AT(1)};
    const struct forecast_donor fast[] = {{UINT64_MAX, AT(UINT64_MAX)},
                                          {UINT64_MAX, AT(UINT64_MAX)}};
    assert_int_equal(forecast_usec(&slow, 1, UINT64_MAX), UINT64_MAX); /* not in 285 years */
    assert_int_equal(forecast_usec(fast, 2, UINT64_MAX - 1), 500000);
}

/* Never begins beyond 2^53 us. */
static void never_is_beyond_285_years(void **state)
{
    (void)state;
    const uint64_t most_sec = (UINT64_C(1) << 53) / SEC;
    const struct forecast_donor slow = {UINT64_MAX, AT(1)};
    assert_int_equal(forecast_usec(&slow, 1, most_sec), most_sec * SEC);
    assert_int_equal(forecast_usec(&slow, 1, most_sec + 1), UINT64_MAX);
}

static uint64_t ticked(const struct forecast_donor *donors, size_t count, uint64_t missing_kib)
{
    for (uint64_t usec = 0; usec < 60 * SEC; usec += 1000) {
        uint64_t sum_kib = 0;
        for (size_t i = 0; i < count; i++) {
            uint64_t kib = donors[i].pace.min_kib_per_sec * usec / SEC;
            sum_kib += kib < donors[i].reclaim_kib ? kib : donors[i].reclaim_kib;
        }
        if (sum_kib >= missing_kib)
            return usec;
    }
    return UINT64_MAX;
}

static uint64_t first_seed = 3;

static void against_a_clock(void **state)
{
    (void)state;
    unsigned seed = (unsigned)first_seed;
    for (int i = 0; i < 300; i++) {
        struct forecast_donor donors[4];
        uint64_t sum_kib = 0;
        for (size_t j = 0; j < 4; j++) {
            donors[j].reclaim_kib = (uint64_t)rand_r(&seed) % 4000;
            uint64_t rate_kib = 100 + (uint64_t)rand_r(&seed) % 4000;
            donors[j].pace = (struct pace)AT(rate_kib);
            sum_kib += donors[j].reclaim_kib;
        }
        uint64_t missing_kib = (uint64_t)rand_r(&seed) % (sum_kib + sum_kib / 8 + 1);
        uint64_t usec = forecast_usec(donors, 4, missing_kib);
        uint64_t tick = ticked(donors, 4, missing_kib);
        if (tick == UINT64_MAX)
            assert_true(usec == UINT64_MAX);
        else
            assert_true(usec <= tick && tick - usec < 1000);
    }
}

/* 1023 GiB out of a dom0 of 1.5 TiB at 100 MiB/s to 2 GiB/s. */
static void a_guess_is_a_range(void **state)
{
    (void)state;
    const struct forecast_donor donor = {1600 * GIB, PACE_NONE};
    struct forecast forecast = forecast_of(&donor, 1, 1023 * GIB);
    char text[96];
    assert_int_equal(forecast.min_usec, 511500000);
    assert_int_equal(forecast.max_usec, 10475520000);
    (void)forecast_text(&forecast, text, sizeof(text));
    assert_string_equal(text, "about 9 min to 3 h");
}

static void in_words(void **state)
{
    (void)state;
    static const struct {
        struct forecast is;
        const char *text;
    } cases[] = {
        {{0, 0}, "less than 1 s"},
        {{SEC / 2, SEC - 1}, "less than 1 s"},
        {{SEC / 2, SEC}, "about 1 s"},
        {{26800000, 26800000}, "about 27 s"},
        {{5 * SEC, 101 * SEC}, "about 5 to 101 s"},
        {{119 * SEC, 2 * MIN}, "about 119 s to 2 min"},
        {{9 * MIN, 119 * MIN}, "about 9 to 119 min"},
        {{2 * 60 * MIN, 2 * 60 * MIN + 1}, "about 2 to 3 h"},
        {{47 * 60 * MIN, 48 * 60 * MIN}, "about 47 h to 2 days"},
        {{UINT64_MAX, UINT64_MAX}, "never"},
        {{SEC, UINT64_MAX}, "never"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[96];
        (void)forecast_text(&cases[i].is, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
    }
}

/* Measured of it; of its like, from the slowest to the fastest; the range of any balloon. */
static void what_a_pace_rests_on(void **state)
{
    (void)state;
    char text[96];
    struct pace like = PACE_NONE;
    struct pace is = pace_of(0, &like);
    assert_int_equal(is.min_kib_per_sec, 100 * 1024);
    assert_int_equal(is.max_kib_per_sec, 2048 * 1024);
    (void)pace_text(&is, text, sizeof(text));
    assert_string_equal(text, "100.00 to 2048.00 MiB/s (a guess: the range of any balloon)");
    pace_learn(&like, 0);
    assert_int_equal(like.basis, PACE_RANGE);
    pace_learn(&like, 20480);
    pace_learn(&like, 10240);
    pace_learn(&like, 15360);
    is = pace_of(0, &like);
    (void)pace_text(&is, text, sizeof(text));
    assert_string_equal(text, "10.00 to 20.00 MiB/s (as measured for guests of its type here)");
    is = pace_of(2 * 1024, &like);
    (void)pace_text(&is, text, sizeof(text));
    assert_string_equal(text, "2.00 MiB/s (measured)");
    for (int i = 0; i < PACE_BASES; i++)
        assert_non_null(pace_basis_name((enum pace_basis)i));
    assert_null(pace_basis_name(PACE_BASES));
}

int main(int argc, char **argv)
{
    seed_from(argc, argv, &first_seed, "against_a_clock");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(at_the_ends_of_64_bits),
        cmocka_unit_test(never_is_beyond_285_years),
        cmocka_unit_test(against_a_clock),
        cmocka_unit_test(a_guess_is_a_range),
        cmocka_unit_test(in_words),
        cmocka_unit_test(what_a_pace_rests_on),
    };
    return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
