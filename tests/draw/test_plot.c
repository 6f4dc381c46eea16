/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plot of characters: each value in its row, complete in any buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/draw/plot.h"

enum { COLUMNS = 6 };

static const uint64_t held[COLUMNS] = {0, 4 << 20, 4 << 20, 2 << 20, 2 << 20, 2 << 20};
static const uint64_t peak[COLUMNS] = {0, 4 << 20, 4 << 20, 2 << 20, 4 << 20, 2 << 20};
static const uint64_t target[COLUMNS] = {0, 4 << 20, 2 << 20, 2 << 20, 2 << 20, 2 << 20};
static const uint64_t need[COLUMNS] = {0, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20};

static const struct draw_plot whole = {.columns = COLUMNS,
                                       .rows = 4,
                                       .current_kib = held,
                                       .peak_kib = peak,
                                       .target_kib = target,
                                       .need_kib = need,
                                       .marks = "  ^   "};

static void test_rows(void **state)
{
    (void)state;
    char text[512];
    assert_true(draw_plot(&whole, text, sizeof(text)) < sizeof(text));
    assert_string_equal(text, "    4 GiB | -# ' \n"
                              "          | ## ' \n"
                              "    2 GiB | #----\n"
                              "          | .....\n"
                              "        0 +------\n"
                              "             ^   \n");
}

static void test_only_one(void **state)
{
    (void)state;
    char text[512];
    struct draw_plot plot = {.columns = COLUMNS, .rows = 2, .current_kib = held};
    draw_plot(&plot, text, sizeof(text));
    assert_string_equal(text, "    4 GiB | ##   \n"
                              "    2 GiB | #####\n"
                              "        0 +------\n");
    /* Nothing at all is no division by nothing. */
    static const uint64_t nothing[COLUMNS];
    plot.current_kib = nothing;
    assert_true(draw_plot(&plot, text, sizeof(text)) > 0);
    assert_null(strchr(text, '#'));
}

static void test_colour_and_size(void **state)
{
    (void)state;
    char text[1024];
    char part[64];
    struct draw_plot plot = whole;
    size_t plain = draw_plot(&plot, NULL, 0);
    plot.colour = true;
    size_t length = draw_plot(&plot, text, sizeof(text));
    assert_true(length > plain && length == strlen(text));
    assert_non_null(strstr(text, "\033[33m-\033[34m#"));
    assert_int_equal(draw_plot(&plot, part, sizeof(part)), length);
    assert_int_equal(strlen(part), sizeof(part) - 1);
    assert_memory_equal(part, text, sizeof(part) - 1);
}

/* One part on the other; what is not known is empty, what is in no middle of a cell is not drawn.
 */
static void test_stack(void **state)
{
    (void)state;
    char text[512];
    static const uint64_t low[COLUMNS] = {0, 1 << 20, 1 << 20, 1 << 20, 2 << 20, 3 << 19};
    static const uint64_t thin[COLUMNS] = {0, 4, 4, 4, 4, 4};
    static const uint64_t high[COLUMNS] = {0, (3 << 20) - 4, (3 << 20) - 4, 2 << 20, 0, 5 << 19};
    const struct draw_plot_layer layers[] = {{low, 'x', 35}, {thin, 't', 0}, {high, '.', 32}};
    struct draw_plot_stack stack = {
        .columns = COLUMNS, .rows = 4, .layers = layers, .layer_count = 3, .marks = "  ^   "};
    assert_true(draw_plot_stack(&stack, text, sizeof(text)) < sizeof(text));
    assert_string_equal(text, "    4 GiB | ..  .\n"
                              "          | ... .\n"
                              "    2 GiB | ...xt\n"
                              "          | xxxxx\n"
                              "        0 +------\n"
                              "             ^   \n");
    stack.colour = true;
    draw_plot_stack(&stack, text, sizeof(text));
    assert_non_null(strstr(text, "\033[35mx"));
    /* Sizes that no host has are no overflow. */
    static const uint64_t vast[COLUMNS] = {UINT64_MAX, UINT64_MAX, 1, 1, 1, 1};
    const struct draw_plot_layer all[] = {{vast, 'a', 0}, {vast, 'b', 0}};
    stack =
        (struct draw_plot_stack){.columns = COLUMNS, .rows = 2, .layers = all, .layer_count = 2};
    assert_true(draw_plot_stack(&stack, text, sizeof(text)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_only_one),
                                       cmocka_unit_test(test_colour_and_size),
                                       cmocka_unit_test(test_stack)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
