/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How scarce memory is: bounds, and what swings about one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/policy/host_state.h"

#define TOTAL UINT64_C(1000000)
#define SEC   BALLAST_SEC_USEC

/* Soft below 80000, hard below 40000, low below 20000. */
static void update(struct host_outlook *outlook, uint64_t kib, uint64_t now_usec)
{
    host_outlook_update(outlook, &BALANCER_SETTINGS_DEFAULT, kib, TOTAL, now_usec);
}

static enum host_state first(uint64_t kib)
{
    struct host_outlook outlook = {0};
    update(&outlook, kib, 5 * SEC);
    assert_int_equal(outlook.unneeded_kib, kib);
    return outlook.state;
}

static void test_bounds(void **state)
{
    (void)state;
    assert_int_equal(first(TOTAL), HOST_PLENTY);
    assert_int_equal(first(80000), HOST_PLENTY);
    assert_int_equal(first(79999), HOST_SOFT);
    assert_int_equal(first(40000), HOST_SOFT);
    assert_int_equal(first(39999), HOST_HARD);
    assert_int_equal(first(19999), HOST_LOW);
    assert_int_equal(first(0), HOST_LOW);
}

static void test_worse_at_once_better_after_a_while(void **state)
{
    (void)state;
    struct host_outlook outlook = {0};
    update(&outlook, 90000, 0);
    update(&outlook, 10000, 1);
    assert_int_equal(outlook.state, HOST_LOW);
    /* Beyond the bound of hard, and not by a quarter. */
    for (uint64_t second = 1; second < 100; second++)
        update(&outlook, 24999, second * SEC);
    assert_int_equal(outlook.state, HOST_LOW);
    /* By a quarter beyond that of soft; not for half a minute, then for that. */
    update(&outlook, 60000, 100 * SEC);
    update(&outlook, 10000, 120 * SEC);
    update(&outlook, 60000, 121 * SEC);
    update(&outlook, 60000, 151 * SEC - 1);
    assert_int_equal(outlook.state, HOST_LOW);
    update(&outlook, 60000, 151 * SEC);
    assert_int_equal(outlook.state, HOST_SOFT);
}

/* What was there for a moment is no better state: half a minute of soft, and then two of plenty. */
static void test_better_by_the_worst_of_that_time(void **state)
{
    (void)state;
    struct host_outlook outlook = {0};
    update(&outlook, 10000, 0);
    for (uint64_t second = 1; second < 31; second++)
        update(&outlook, 60000, second * SEC);
    update(&outlook, 110000, 31 * SEC);
    assert_int_equal(outlook.state, HOST_SOFT);
    for (uint64_t second = 32; second < 62; second++)
        update(&outlook, 110000, second * SEC);
    assert_int_equal(outlook.state, HOST_SOFT);
    update(&outlook, 110000, 62 * SEC);
    assert_int_equal(outlook.state, HOST_PLENTY);
}

static void test_a_swing_about_a_bound_changes_once(void **state)
{
    (void)state;
    struct host_outlook outlook = {0};
    unsigned changes = 0;
    for (uint64_t second = 0; second < 600; second++) {
        enum host_state before = outlook.state;
        update(&outlook, second % 20 < 10 ? 70000 : 110000, second * SEC);
        changes += outlook.state != before;
    }
    assert_int_equal(changes, 1);
}

static void test_a_bound_of_0_is_never_passed(void **state)
{
    (void)state;
    struct host_outlook outlook = {0};
    host_outlook_update(&outlook, &(struct balancer_settings){0}, 0, TOTAL, 0);
    assert_int_equal(outlook.state, HOST_PLENTY);
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < HOST_STATES; i++)
        assert_int_equal(host_state_find(host_state_name((enum host_state)i)), i);
    assert_null(host_state_name(HOST_STATES));
    assert_true(host_state_find("clear") < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_worse_at_once_better_after_a_while),
        cmocka_unit_test(test_better_by_the_worst_of_that_time),
        cmocka_unit_test(test_a_swing_about_a_bound_changes_once),
        cmocka_unit_test(test_a_bound_of_0_is_never_passed),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("policy-host-state", tests, NULL, NULL);
}
