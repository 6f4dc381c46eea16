/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts of /proc as kernels write them, and as none does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "edge/proc/parse.h"

enum { TOTAL = 1, AVAILABLE = 2 }; /* what the outputs have before */

static int read_meminfo(const char *text, uint64_t *total, uint64_t *available)
{
    *total = TOTAL;
    *available = AVAILABLE;
    return proc_parse_meminfo(text, strlen(text), total, available);
}

static void meminfo_is_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t total_kib;
        uint64_t available_kib;
    } rows[] = {
        {"MemTotal:        4030464 kB\nMemFree:         3515248 kB\nMemAvailable:    3697956 kB\n"
         "Buffers:            2188 kB\n",
         4030464, 3697956},
        {"MemTotal: 100 kB\nMemFree: 20 kB\n", 100, 20}, /* before Linux 3.14 */
        {"MemTotal: 100 kB\nMemAvailable: 101 kB\n", 100, 100},
        {"MemTotal: 100 kB\nMemFree: 7 kB\nMemAvailable: 5", 100, 7}, /* cut */
        {"HugePages_Total: 5\nMemTotal:100 kB\nMemAvailable:0 kB\n", 100, 0},
        {"MemTotal: 18446744073709551615 kB\nMemAvailable: 1 kB\n", UINT64_MAX, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint64_t total = 0;
        uint64_t available = 0;
        assert_int_equal(read_meminfo(rows[i].text, &total, &available), 0);
        assert_true(total == rows[i].total_kib);
        assert_true(available == rows[i].available_kib);
    }
}

static void meminfo_without_a_size_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "MemTotal: 100 kB\n",
        "MemAvailable: 100 kB\n",
        "MemTotal: 0 kB\nMemAvailable: 0 kB\n",
        "MemTotal: 100 MB\nMemAvailable: 5 kB\n",
        "MemTotal: 100\nMemAvailable: 5 kB\n",
        "MemTotal: -100 kB\nMemAvailable: 5 kB\n",
        "MemTotal: 100 kB x\nMemAvailable: 5 kB\n",
        "MemTotal: 18446744073709551616 kB\nMemAvailable: 5 kB\n",
        "MemTotal: 99999999999999999999999 kB\nMemAvailable: 5 kB\n",
        " MemTotal: 100 kB\nMemAvailable: 5 kB\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        uint64_t total = 0;
        uint64_t available = 0;
        assert_int_equal(read_meminfo(texts[i], &total, &available), -EBADMSG);
        assert_int_equal(total, TOTAL);
        assert_int_equal(available, AVAILABLE);
    }
}

static struct ballast_pressure read_vmstat(const char *text)
{
    struct ballast_pressure pressure = {0};
    proc_parse_vmstat(text, strlen(text), &pressure);
    return pressure;
}

static void expect_pressure(const struct ballast_pressure *seen, enum ballast_pressure_kind kind,
                            uint64_t value)
{
    assert_true(seen->known & UINT32_C(1) << kind);
    assert_true(seen->values[kind] == value);
}

static void vmstat_of_today_is_summed(void **state)
{
    (void)state;
    struct ballast_pressure seen = read_vmstat("nr_free_pages 878812\n"
                                               "workingset_nodes 17\n"
                                               "workingset_refault_anon 3\n"
                                               "workingset_refault_file 40\n"
                                               "workingset_activate_file 9\n"
                                               "pswpin 5\npswpout 6\n"
                                               "allocstall_dma 1\nallocstall_normal 2\n"
                                               "allocstall_movable 4\noom_kill 8\n");
    expect_pressure(&seen, BALLAST_PRESSURE_REFAULTS, 43);
    expect_pressure(&seen, BALLAST_PRESSURE_SWAPINS, 5);
    expect_pressure(&seen, BALLAST_PRESSURE_STALLS, 7);
    expect_pressure(&seen, BALLAST_PRESSURE_OOM_KILLS, 8);
    assert_false(seen.known & UINT32_C(1) << BALLAST_PRESSURE_SOME);
}

static void vmstat_of_old_kernels_has_other_names(void **state)
{
    (void)state;
    struct ballast_pressure seen = read_vmstat("workingset_refault 12\nallocstall 3\n");
    expect_pressure(&seen, BALLAST_PRESSURE_REFAULTS, 12);
    expect_pressure(&seen, BALLAST_PRESSURE_STALLS, 3);
    assert_int_equal(seen.known, UINT32_C(1) << BALLAST_PRESSURE_REFAULTS |
                                     UINT32_C(1) << BALLAST_PRESSURE_STALLS);
}

static void vmstat_that_is_none_is_unknown(void **state)
{
    static const char *const texts[] = {
        "",
        "pswpin",
        "pswpin 1",
        "pswpin\n",
        "pswpin \n",
        "pswpin 1x\n",
        "pswpin -1\n",
        "pswpin  1\n",
        "pswpin 1 kB\n",
        "allocstall_\n",
        "allocstall_dma\n",
        "allocstall_123\n",
        "oom_kill_x 1\n",
        "pswpin 18446744073709551616\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_int_equal(read_vmstat(texts[i]).known, 0);
}

static void a_sum_that_does_not_fit_stays_at_its_end(void **state)
{
    (void)state;
    struct ballast_pressure seen =
        read_vmstat("allocstall_dma 18446744073709551615\nallocstall_normal 2\n");
    expect_pressure(&seen, BALLAST_PRESSURE_STALLS, UINT64_MAX);
}

static void pressure_is_read_in_permyriad(void **state)
{
    static const char text[] = "some avg10=12.34 avg60=0.10 avg300=0.00 total=4711\n"
                               "full avg10=100.00 avg60=0.00 avg300=0.00 total=0\n";
    struct ballast_pressure seen = {0};
    (void)state;
    proc_parse_pressure(text, strlen(text), &seen);
    expect_pressure(&seen, BALLAST_PRESSURE_SOME, 1234);
    expect_pressure(&seen, BALLAST_PRESSURE_FULL, 10000);
    /* Only its own two. */
    assert_int_equal(seen.known & ~UINT32_C(3), 0);
}

static void pressure_that_is_none_is_unknown(void **state)
{
    static const char *const texts[] = {
        "",
        "some avg10=1.00",
        "some avg10=1.00\n",
        "some avg10=100.01 avg60=0.00\n",
        "some avg10=101.00 avg60=0.00\n",
        "some avg10=1.0 avg60=0.00\n",
        "some avg10=1.000 avg60=0.00\n",
        "some avg10=1 avg60=0.00\n",
        "some avg10=-1.00 avg60=0.00\n",
        "some avg60=1.00 avg10=1.00 \n",
        "some  avg10=1.00 avg60=0.00\n",
        "some avg10=99999999999999999999.00 avg60=0.00\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct ballast_pressure seen = {0};
        proc_parse_pressure(texts[i], strlen(texts[i]), &seen);
        assert_int_equal(seen.known, 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(meminfo_is_read),
        cmocka_unit_test(meminfo_without_a_size_is_refused),
        cmocka_unit_test(vmstat_of_today_is_summed),
        cmocka_unit_test(vmstat_of_old_kernels_has_other_names),
        cmocka_unit_test(vmstat_that_is_none_is_unknown),
        cmocka_unit_test(a_sum_that_does_not_fit_stays_at_its_end),
        cmocka_unit_test(pressure_is_read_in_permyriad),
        cmocka_unit_test(pressure_that_is_none_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
