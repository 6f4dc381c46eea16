/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The low-memory notifications of a simulated Xen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sim/sim_low.h"

#define MIB UINT64_C(1024)

static void said_at_each_half(void **state)
{
    (void)state;
    struct sim_low low = {0};
    assert_false(sim_low_note(&low, 1000 * MIB));
    assert_false(sim_low_note(&low, 64 * MIB + 4));
    assert_true(sim_low_note(&low, 64 * MIB));
    assert_false(sim_low_note(&low, 64 * MIB));
    assert_false(sim_low_note(&low, 33 * MIB));
    assert_true(sim_low_note(&low, 32 * MIB));
    assert_true(sim_low_note(&low, 0));
}

static void not_said_again_for_a_wobble(void **state)
{
    (void)state;
    struct sim_low low = {0};
    assert_true(sim_low_note(&low, 60 * MIB));
    assert_false(sim_low_note(&low, 127 * MIB));
    assert_false(sim_low_note(&low, 60 * MIB));
    /* Twice the mark brings it back. */
    assert_false(sim_low_note(&low, 128 * MIB));
    assert_true(sim_low_note(&low, 60 * MIB));
}

static void marks_come_up_one_by_one(void **state)
{
    (void)state;
    struct sim_low low = {0};
    assert_true(sim_low_note(&low, 60 * MIB));
    assert_true(sim_low_note(&low, 30 * MIB));
    assert_true(sim_low_note(&low, 10 * MIB));
    assert_false(sim_low_note(&low, 32 * MIB)); /* twice 16: the mark is 16 again */
    assert_true(sim_low_note(&low, 16 * MIB));
    assert_false(sim_low_note(&low, 1000 * MIB));
    assert_false(sim_low_note(&low, 1000 * MIB));
    assert_false(sim_low_note(&low, 1000 * MIB));
    assert_false(sim_low_note(&low, 65 * MIB));
    assert_true(sim_low_note(&low, 64 * MIB));
}

static void nothing_is_below_a_page(void **state)
{
    (void)state;
    struct sim_low low = {0};
    for (int i = 0; i < 100; i++)
        assert_true(sim_low_note(&low, 4));
    assert_false(sim_low_note(&low, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(said_at_each_half),
        cmocka_unit_test(not_said_again_for_a_wobble),
        cmocka_unit_test(marks_come_up_one_by_one),
        cmocka_unit_test(nothing_is_below_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
