/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long it takes until enough is given: against figures by hand, and a clock that ticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/policy/forecast.h"

#define SEC UINT64_C(1000000)

static void by_hand(void **state)
{
    (void)state;
    const struct forecast_giver givers[] = {{1000, 100}, {300, 300}, {50, 0}};
    assert_int_equal(forecast_usec(givers, 3, 0), 0);
    assert_int_equal(forecast_usec(givers, 3, 400), SEC);     /* 100 + 300 in the first second */
    assert_int_equal(forecast_usec(givers, 3, 500), 2 * SEC); /* the second one has no more */
    assert_int_equal(forecast_usec(givers, 3, 1300), 10 * SEC);
    assert_int_equal(forecast_usec(givers, 3, 1301), UINT64_MAX);
    assert_int_equal(forecast_usec(NULL, 0, 0), 0);
    assert_int_equal(forecast_usec(NULL, 0, 1), UINT64_MAX);
}

static void at_the_ends_of_64_bits(void **state)
{
    (void)state;
    const struct forecast_giver slow = {UINT64_MAX, 1};
    const struct forecast_giver fast[] = {{UINT64_MAX, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}};
    assert_int_equal(forecast_usec(&slow, 1, UINT64_MAX), UINT64_MAX); /* not in 285 years */
    assert_int_equal(forecast_usec(fast, 2, UINT64_MAX - 1), 500000);
}

static uint64_t ticked(const struct forecast_giver *givers, size_t count, uint64_t missing_kib)
{
    for (uint64_t usec = 0; usec < 60 * SEC; usec += 1000) {
        uint64_t sum_kib = 0;
        for (size_t i = 0; i < count; i++) {
            uint64_t kib = givers[i].rate_kib * usec / SEC;
            sum_kib += kib < givers[i].gives_kib ? kib : givers[i].gives_kib;
        }
        if (sum_kib >= missing_kib)
            return usec;
    }
    return UINT64_MAX;
}

static void against_a_clock(void **state)
{
    (void)state;
    unsigned seed = 3;
    for (int i = 0; i < 300; i++) {
        struct forecast_giver givers[4];
        uint64_t sum_kib = 0;
        for (size_t j = 0; j < 4; j++) {
            givers[j].gives_kib = (uint64_t)rand_r(&seed) % 4000;
            givers[j].rate_kib = 100 + (uint64_t)rand_r(&seed) % 4000;
            sum_kib += givers[j].gives_kib;
        }
        uint64_t missing_kib = (uint64_t)rand_r(&seed) % (sum_kib + sum_kib / 8 + 1);
        uint64_t usec = forecast_usec(givers, 4, missing_kib);
        uint64_t tick = ticked(givers, 4, missing_kib);
        if (tick == UINT64_MAX)
            assert_true(usec == UINT64_MAX);
        else
            assert_true(usec <= tick && tick - usec < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(at_the_ends_of_64_bits),
        cmocka_unit_test(against_a_clock),
    };
    return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
