/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bars of a whole: the text of each line, that the bars join, and that nothing exceeds its
 * bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/draw/bars.h"

#include "../seeds/seed.h"

enum { SIZE = 8192, COLUMNS = 80 };

static void drawn(const struct draw_bar *bars, size_t count, uint64_t whole_kib, char out[SIZE])
{
    size_t length = draw_bars(bars, count, whole_kib, false, out, SIZE);
    assert_true(length < SIZE);
    assert_int_equal(strlen(out), length);
}

static void an_example(void **state)
{
    (void)state;
    static const struct draw_bar bars[] = {{"xen", 250, '#', 0},
                                           {"gr\xc3\xbc\xc3\x9f", 499, '#', 0},
                                           {"tiny", 1, '?', 0},
                                           {"none", 0, '+', 0},
                                           {"free", 250, '.', 0}};
    char text[SIZE];
    drawn(bars, 5, 1000, text);
    /* 80 - 5 for the label - 4 for a size - 6 for a share - 7 = 58 columns of bar. */
    assert_string_equal(
        text,
        "xen     250   25.0% |##############                                            |\n"
        "gr\xc3\xbc\xc3\x9f    499   49.9% |              #############################               |\n"
        "tiny      1    0.1% |                                           :              |\n"
        "none      0    0.0% |                                                          |\n"
        "free    250   25.0% |                                           ...............|\n"
        "total  1000  100.0%\n");
}

static void colour_is_only_ink(void **state)
{
    (void)state;
    static const struct draw_bar bars[] = {{"a", 1, '#', 31}, {"b", 1, '#', 0}, {"c", 0, '#', 32}};
    char plain[SIZE];
    char ink[SIZE];
    drawn(bars, 3, 2, plain);
    (void)draw_bars(bars, 3, 2, true, ink, SIZE);
    char *from = strstr(ink, "\033[31m");
    assert_non_null(from);
    memmove(from, from + 5, strlen(from + 5) + 1);
    char *end = strstr(ink, "\033[0m");
    assert_non_null(end);
    memmove(end, end + 4, strlen(end + 4) + 1);
    assert_string_equal(ink, plain);
}

/* Each line is 80 columns, its bar begins where the one before ended, within a column. */
static void check_lines(const char *text, size_t count)
{
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        const char *newline = strchr(text, '\n');
        assert_non_null(newline);
        assert_int_equal(newline - text, COLUMNS);
        const char *bar = memchr(text, '|', COLUMNS) + 1;
        size_t width = (size_t)(newline - 1 - bar);
        size_t from = strspn(bar, " ");
        size_t length = strspn(bar + from, "#:");
        assert_int_equal(strspn(bar + from + length, " ") + from + length, width);
        if (length > 0) {
            assert_true(from <= end && from + 1 >= end);
            end = from + length;
        }
        text = newline + 1;
    }
    assert_memory_equal(text, "total", 5);
}

static uint64_t seed = 5;

static void any_parts(void **state)
{
    (void)state;
    unsigned chance = (unsigned)seed;
    for (int i = 0; i < 5000; i++) {
        struct draw_bar bars[9];
        size_t count = (size_t)rand_r(&chance) % 10;
        for (size_t j = 0; j < count; j++) {
            uint64_t kib = (uint64_t)rand_r(&chance) << 33 ^ (uint64_t)rand_r(&chance);
            bars[j] = (struct draw_bar){j % 2 ? "b" : "a name of far more than 24 characters",
                                        kib >> (rand_r(&chance) % 64), '#', 0};
        }
        char text[SIZE];
        drawn(bars, count, (uint64_t)rand_r(&chance) << (rand_r(&chance) % 34), text);
        check_lines(text, count);
        char small[40];
        size_t length = draw_bars(bars, count, 0, false, small, sizeof(small));
        assert_true(strlen(small) <= length && strlen(small) < sizeof(small));
    }
}

int main(int argc, char **argv)
{
    seed_from(argc, argv, &seed, "any_parts");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_example),
        cmocka_unit_test(colour_is_only_ink),
        cmocka_unit_test(any_parts),
    };
    return cmocka_run_group_tests_name("bars", tests, NULL, NULL);
}
