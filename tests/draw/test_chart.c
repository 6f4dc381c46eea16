/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The chart of a run: complete in any buffer, with correct figures, safe with any name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/draw/chart.h"

enum { SAMPLES = 5, ROOM = 1 << 16 };

static const uint64_t usec[SAMPLES] = {0, 1000000, 2000000, 3000000, 4000000};
static const uint64_t free_kib[SAMPLES] = {1 << 20, 1 << 20, 3 << 19, 1 << 20, 0};
static const uint64_t current_kib[SAMPLES] = {4 << 20, 4 << 20, 3 << 20, 2 << 20, 2 << 20};
static const uint64_t target_kib[SAMPLES] = {4 << 20, 2 << 20, 2 << 20, 2 << 20, 2 << 20};
static const uint64_t need_kib[SAMPLES] = {1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20};
static const uint64_t nothing[SAMPLES];

static struct chart a_chart(void)
{
    static const struct chart_strip strips[] = {{"web", current_kib, target_kib, need_kib, NULL},
                                                {"gone", nothing, nothing, NULL, NULL}};
    static const struct chart_span spans[] = {{"new", 1000000, 3000000, 1 << 20, CHART_GRANTED},
                                              {"no", 3500000, 3500000, 9 << 20, CHART_REFUSED}};
    return (struct chart){.title = "t",
                          .subtitle = "A sentence.",
                          .usec = usec,
                          .free_kib = free_kib,
                          .samples = SAMPLES,
                          .strips = strips,
                          .strip_count = 2,
                          .spans = spans,
                          .span_count = 2};
}

static char *drawn(const struct chart *chart)
{
    char *text = malloc(ROOM);
    assert_non_null(text);
    assert_true(ballast_chart_svg(chart, text, ROOM) < ROOM);
    return text;
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (; (text = strstr(text, word)); text++)
        count++;
    return count;
}

/* The host's parts: an area each, broken where nothing is known, named where they end. */
static void test_layers(void **state)
{
    (void)state;
    static const uint64_t part_a[SAMPLES] = {1 << 20, 1 << 20, 0, 1 << 20, 2 << 20};
    static const uint64_t part_b[SAMPLES] = {3 << 20, 3 << 20, 0, 3 << 20, 2 << 20};
    const struct chart_layer layers[] = {{"low&er", "#111111", "#222222", false, part_a},
                                         {"upper", "#333333", "#444444", true, part_b},
                                         {"never", "#555555", "#666666", false, nothing}};
    struct chart chart = a_chart();
    char *strips = drawn(&chart);
    chart.free_kib = NULL;
    chart.layers = layers;
    chart.layer_count = 3;
    char *text = drawn(&chart);
    assert_null(strstr(strips, "class=\"layer"));
    assert_int_equal(count_of(text, "<path class=\"layer l"), 3);
    assert_int_equal(count_of(text, "<rect class=\"layer l"), 2);
    assert_int_equal(count_of(text, "<pattern id=\"p"), 3);
    assert_int_equal(count_of(text, "class=\"hatch\""), 1);
    assert_non_null(strstr(text, ">low&amp;er 2 GiB<"));
    assert_null(strstr(text, ">never"));
    /* The upper one: two stretches, whose top is the whole. */
    char *upper = strstr(text, "layer l1\" d=\"M");
    assert_non_null(upper);
    *strchr(upper, '>') = '\0';
    assert_int_equal(count_of(upper, "M"), 2);
    assert_int_equal(count_of(upper, "Z"), 2);
    free(strips);
    free(text);
}

/* Without the host's strip there is only the guest's; each mark is there, the first ones in words.
 */
static void test_marks(void **state)
{
    (void)state;
    static struct chart_mark marks[40];
    static const struct chart_tick ticks[] = {{0, "10:00"}, {4000000, "10:0<4"}};
    static char long_text[400];
    memset(long_text, 'x', sizeof(long_text) - 1);
    for (size_t i = 0; i < 40; i++)
        marks[i] = (struct chart_mark){i * 100000, "10:02", i ? "target & limit" : long_text};
    struct chart chart = a_chart();
    chart.free_kib = NULL;
    chart.ticks = ticks;
    chart.tick_count = 2;
    chart.marks = marks;
    chart.mark_count = 40;
    char *text = drawn(&chart);
    assert_null(strstr(text, ">host<"));
    assert_null(strstr(text, "> s<"));
    assert_non_null(strstr(text, ">10:00<"));
    assert_non_null(strstr(text, ">10:0&lt;4<"));
    assert_int_equal(count_of(text, "class=\"mark\""), 40);
    assert_int_equal(count_of(text, "10:02  target &amp; limit"), 23);
    /* A word that is longer than the line is not shown at all, and not cut into. */
    assert_null(strstr(text, "10:02  xx"));
    free(text);
}

/* How high it went between the samples counts for the scale. */
static void test_peak(void **state)
{
    (void)state;
    static const uint64_t peak_kib[SAMPLES] = {4 << 20, 16 << 20, 3 << 20, 2 << 20, 2 << 20};
    static const struct chart_strip strip = {"web", current_kib, target_kib, need_kib, peak_kib};
    struct chart chart = a_chart();
    chart.strips = &strip;
    chart.strip_count = 1;
    char *text = drawn(&chart);
    assert_non_null(strstr(text, "class=\"peak\""));
    assert_non_null(strstr(text, ">16 GiB<"));
    free(text);
}

static void test_words(void **state)
{
    (void)state;
    struct chart chart = a_chart();
    char *text = drawn(&chart);
    assert_non_null(strstr(text, ">new wants 1 GiB: granted after 2.0 s<"));
    assert_non_null(strstr(text, ">no wants 9 GiB: refused after 0.0 s<"));
    assert_non_null(strstr(text, ">holds 2 GiB<"));
    assert_non_null(strstr(text, ">target 2 GiB<"));
    assert_non_null(strstr(text, ">needs 1 GiB<"));
    assert_non_null(strstr(text, ">free 0 KiB<"));
    assert_non_null(strstr(text, ">is gone<"));
    assert_non_null(strstr(text, "prefers-color-scheme:dark"));
    free(text);
}

static void test_any_buffer(void **state)
{
    (void)state;
    struct chart chart = a_chart();
    char *whole = drawn(&chart);
    size_t length = strlen(whole);
    assert_int_equal(ballast_chart_svg(&chart, NULL, 0), length);
    for (size_t size = 1; size <= length + 1; size += 97) {
        char *part = malloc(size);
        assert_int_equal(ballast_chart_svg(&chart, part, size), length);
        assert_int_equal(strlen(part), size - 1);
        assert_memory_equal(part, whole, size - 1);
        free(part);
    }
    free(whole);
}

static void test_hostile_words(void **state)
{
    (void)state;
    char longest[2000];
    struct chart chart = a_chart();
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    chart.title = "<script>&\"'\x01";
    chart.subtitle = longest;
    char *text = drawn(&chart);
    assert_null(strstr(text, "<script>"));
    assert_null(strchr(text, '\x01'));
    assert_non_null(strstr(text, "&lt;script&gt;&amp;"));
    free(text);
}

static void test_extremes(void **state)
{
    (void)state;
    static const uint64_t most[SAMPLES] = {UINT64_MAX, 0, UINT64_MAX, 1, UINT64_MAX};
    static const struct chart_strip strip = {"all", most, most, most, most};
    struct chart chart = a_chart();
    chart.free_kib = most;
    chart.strips = &strip;
    chart.strip_count = 1;
    chart.span_count = 0;
    char *text = drawn(&chart);
    assert_null(strstr(text, "L-")); /* no point left of or above the page */
    assert_null(strstr(text, " -"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),      cmocka_unit_test(test_marks),
        cmocka_unit_test(test_layers),     cmocka_unit_test(test_peak),
        cmocka_unit_test(test_any_buffer), cmocka_unit_test(test_hostile_words),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
