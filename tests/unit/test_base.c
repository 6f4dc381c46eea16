/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* core/base: checked arithmetic, the error record, bounded text, growing arrays. */
#include "unit.h"

#include <stdlib.h>

#include "core/base/array.h"
#include "core/base/nearest.h"
#include "core/base/error.h"
#include "core/base/pattern.h"
#include "core/base/quantity.h"
#include "core/base/text.h"
#include "core/base/units.h"

typedef int (*binary)(uint64_t, uint64_t, uint64_t *, struct ballast_error *);

static const struct {
    binary call;
    uint64_t a, b, want;
} fine[] = {
    {ballast_kib_add, 0, 0, 0},
    {ballast_kib_add, UINT64_MAX - 1, 1, UINT64_MAX},
    {ballast_kib_sub, 5, 5, 0},
    {ballast_kib_sub, UINT64_MAX, 1, UINT64_MAX - 1},
    {ballast_kib_mul, 0, UINT64_MAX, 0},
    {ballast_kib_mul, UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1, UINT64_C(0xffffffff00000000)},
    {ballast_kib_round_up, 0, 2048, 0},
    {ballast_kib_round_up, 1, 2048, 2048},
    {ballast_kib_round_up, 2048, 2048, 2048},
    {ballast_kib_round_up, 2049, 2048, 4096},
    {ballast_kib_round_up, UINT64_MAX, 1, UINT64_MAX},
};

static const struct {
    binary call;
    uint64_t a, b;
    int code;
    const char *text; /* both operands are in it */
} refused[] = {
    {ballast_kib_add, UINT64_MAX, 1, -EOVERFLOW, "18446744073709551615 KiB + 1 KiB"},
    {ballast_kib_add, 2, UINT64_MAX, -EOVERFLOW, "2 KiB + 18446744073709551615 KiB"},
    {ballast_kib_sub, 3, 4, -ERANGE, "3 KiB - 4 KiB"},
    {ballast_kib_mul, UINT64_C(1) << 32, UINT64_C(1) << 32, -EOVERFLOW,
     "4294967296 KiB x 4294967296"},
    {ballast_kib_round_up, UINT64_MAX, 2048, -EOVERFLOW, "18446744073709551615 KiB + 1 KiB"},
};

static void arithmetic(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        struct ballast_error err = unit_clean_error();
        uint64_t out = 1;
        assert_int_equal(fine[i].call(fine[i].a, fine[i].b, &out, &err), 0);
        assert_int_equal(out, fine[i].want);
        unit_assert_clean(err);
    }
}

static void arithmetic_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct ballast_error err = unit_clean_error();
        uint64_t out = 4711;
        assert_int_equal(refused[i].call(refused[i].a, refused[i].b, &out, &err), refused[i].code);
        assert_int_equal(out, 4711);
        assert_int_equal(err.code, refused[i].code);
        assert_int_equal(err.subject, BALLAST_ERROR_NO_SUBJECT);
        unit_assert_text(err, refused[i].text);
        assert_int_equal(refused[i].call(refused[i].a, refused[i].b, &out, NULL), refused[i].code);
    }
}

static void conversions(void **state)
{
    (void)state;
    struct ballast_error err = unit_clean_error();
    uint64_t out = 4711;
    assert_int_equal(ballast_kib_from_mib(3, &out, &err), 0);
    assert_int_equal(out, 3072);
    assert_int_equal(ballast_kib_from_pages(3, &out, &err), 0);
    assert_int_equal(out, 12);
    unit_assert_clean(err);
    assert_int_equal(ballast_kib_from_mib(UINT64_C(1) << 54, &out, &err), -EOVERFLOW);
    unit_assert_text(err, "18014398509481984");
    assert_int_equal(ballast_kib_from_pages(UINT64_C(1) << 62, &out, &err), -EOVERFLOW);
    assert_int_equal(out, 12);
}

static void unchecked_helpers(void **state)
{
    (void)state;
    assert_int_equal(ballast_div_up(0, 7), 0);
    assert_int_equal(ballast_div_up(1, 7), 1);
    assert_int_equal(ballast_div_up(7, 7), 1);
    assert_int_equal(ballast_div_up(UINT64_MAX, 1), UINT64_MAX);
    assert_int_equal(ballast_div_up(UINT64_MAX, 2), UINT64_C(1) << 63);
    assert_int_equal(ballast_mul_div(UINT64_MAX, UINT64_MAX, UINT64_MAX), UINT64_MAX);
    assert_int_equal(ballast_mul_div(UINT64_MAX, 2, 1), UINT64_MAX);
    assert_int_equal(ballast_mul_div(7, 3, 2), 10);
    assert_int_equal(ballast_min_u64(1, 2), 1);
    assert_int_equal(ballast_max_u64(1, 2), 2);
    assert_int_equal(ballast_sub_floor(1, 2), 0);
    assert_int_equal(ballast_sub_floor(2, 1), 1);
    assert_int_equal(ballast_add_ceil(UINT64_MAX, 1), UINT64_MAX);
    assert_int_equal(ballast_add_ceil(1, 1), 2);
}

static void error_record(void **state)
{
    (void)state;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_fail(&err, -EINVAL, "%s is %d", "it", 7), -EINVAL);
    assert_int_equal(err.code, -EINVAL);
    assert_int_equal(err.subject, BALLAST_ERROR_NO_SUBJECT);
    assert_string_equal(err.text, "it is 7");
    assert_int_equal(ballast_fail_at(&err, -ERANGE, BALLAST_VGA, "no"), -ERANGE);
    assert_int_equal(err.code, -ERANGE);
    assert_int_equal(err.subject, BALLAST_VGA);
    assert_int_equal(ballast_fail(NULL, -EIO, "nobody listens"), -EIO);
}

static void error_text_is_cut(void **state)
{
    (void)state;
    char longer[2 * BALLAST_ERROR_TEXT];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    struct ballast_error err;
    assert_int_equal(ballast_fail(&err, -EINVAL, "%s", longer), -EINVAL);
    assert_int_equal(strlen(err.text), BALLAST_ERROR_TEXT - 1);
}

static void text_truncates(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 12; size++) {
        char buf[16];
        memset(buf, '#', sizeof(buf));
        struct ballast_text text = ballast_text_over(size ? buf : NULL, size);
        ballast_text_add(&text, "%s-", "hello");
        ballast_text_add(&text, "%d", 1234);
        assert_int_equal(text.length, 10);
        assert_int_equal(buf[size], '#'); /* not a byte past the end */
        if (size > 0) {
            size_t there = size - 1 < 10 ? size - 1 : 10;
            assert_int_equal(strlen(buf), there);
            assert_memory_equal(buf, "hello-1234", there);
        }
    }
    char buf[4] = "###";
    ballast_text_over(buf, sizeof(buf));
    assert_string_equal(buf, "");
}

static const struct {
    const char *raw;
    const char *escaped;
} escapes[] = {
    {"", ""},
    {"plain name_1.2", "plain name_1.2"},
    {"<a href=\"x\">&'</a>", "&lt;a href=&quot;x&quot;&gt;&amp;&apos;&lt;/a&gt;"},
    {"tab\tline\nbell\a del\x7f", "tab?line?bell? del?"},
    {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7",
     "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7"},
    {"latin1 \xfc!", "latin1 ?!"},
    {"cut \xe2\x82", "cut ??"},
    {"cut \xf0\x9f\x90<", "cut ???&lt;"},
    {"overlong \xc0\xbc", "overlong ??"},
    {"overlong \xe0\x80\xbc \xf0\x80\x80\xbc", "overlong ??? ????"},
    {"surrogate \xed\xa0\x80", "surrogate ???"},
    {"noncharacter \xef\xbf\xbe\xef\xbf\xbf", "noncharacter ??????"},
    {"beyond \xf4\x90\x80\x80 \xf5\x80\x80\x80", "beyond ???? ????"},
    {"last \xf4\x8f\xbf\xbf", "last \xf4\x8f\xbf\xbf"},
    {"c1 \xc2\x9b", "c1 ??"},
    {"turned \xe2\x80\xae, isolated \xe2\x81\xa7", "turned ???, isolated ???"},
    {"marks \xe2\x80\x8e\xd8\x9c", "marks ?????"},
    {"hidden \xe2\x80\x8b\xef\xbb\xbf\xc2\xad", "hidden ????????"},
    {"lines \xe2\x80\xa8\xe2\x80\xa9", "lines ??????"},
    {"tag \xf3\xa0\x81\x81", "tag ????"},
    {"beside \xe2\x80\xa7 \xe2\x80\xaf \xe2\x80\x8a \xe2\x81\xb0",
     "beside \xe2\x80\xa7 \xe2\x80\xaf \xe2\x80\x8a \xe2\x81\xb0"},
};

static void xml_escape(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        char buf[128];
        struct ballast_text text = ballast_text_over(buf, sizeof(buf));
        ballast_text_add_xml(&text, escapes[i].raw);
        assert_string_equal(buf, escapes[i].escaped);
        assert_int_equal(text.length, strlen(escapes[i].escaped));
    }
    char name[] = "\xe2\x80\xaegnp.\x1b[31m \xe2\x82\xac";
    ballast_text_make_showable(name);
    assert_string_equal(name, "???gnp.?[31m \xe2\x82\xac");
}

static const struct {
    const char *text;
    uint64_t kib;
} sizes[] = {
    {"0", 0},
    {"4096", UINT64_C(4096) << 10},
    {"4096K", 4096},
    {"512M", 512 * 1024},
    {"512m", 512 * 1024},
    {"512MiB", 512 * 1024},
    {"512 MiB", 512 * 1024},
    {"2430.00 MiB", UINT64_C(2430) << 10},
    {"1.5G", UINT64_C(1536) << 10},
    {"1.5 gib", UINT64_C(1536) << 10},
    {"0.000001T", 1073}, /* 1073.741824 KiB */
    {"4096.0", UINT64_C(4096) << 10},
    {"536870912b", 512 * 1024},
    {"1025B", 1},
    {"0b", 0},
    {"007G", UINT64_C(7) << 20},
    {"2t", UINT64_C(2) << 30},
    {"18446744073709551614K", UINT64_MAX - 1},
    {"17179869183T", ((UINT64_C(1) << 34) - 1) << 30},
};

/* The table of RFC 3629, section 4, at its edges; none may be longer than what is there. */
static void utf8_characters(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
        {"\x01", 1},
        {"\x7f", 1},
        {"\x80", 0},
        {"\xc1\xbf", 0},
        {"\xc2\x80", 2},
        {"\xdf\xbf", 2},
        {"\xdf\xc0", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xed\xa0\x80", 0},
        {"\xef\xbf\xbf", 3},
        {"\xe1\x80", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ballast_text_utf8(rows[i].bytes, 4), rows[i].length);
        if (rows[i].length > 1)
            assert_int_equal(ballast_text_utf8(rows[i].bytes, rows[i].length - 1), 0);
    }
}

static void size_texts(void **state)
{
    (void)state;
    struct ballast_error err = unit_clean_error();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t kib = 77;
        assert_int_equal(ballast_size_parse(sizes[i].text, &kib, &err), 0);
        assert_int_equal(kib, sizes[i].kib);
    }
    unit_assert_clean(err);
}

static void size_texts_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",      " ",    "K",   "1 ",    " 1",  "+1",    "-1",         "1e3",      "0x1",
        "1KK",   "1bB",  "1P",  "1,024", "1G ", "1\n",   "G1",         "1M2",      "1MiX",
        "1MiBs", "1biB", "1.G", "1.",    ".5G", "1..5G", "1.1234567G", "\xd9\xa1", "1  M"};
    static const char *const large[] = {"18446744073709551615K", "18446744073709551616K",
                                        "17179869184T", "99999999999999999999999999999999",
                                        "18446744073709551617"};
    uint64_t kib = 77;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct ballast_error err = unit_clean_error();
        assert_int_equal(ballast_size_parse(wrong[i], &kib, &err), -EINVAL);
        unit_assert_text(err, "K, M, G or T");
    }
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        struct ballast_error err = unit_clean_error();
        assert_int_equal(ballast_size_parse(large[i], &kib, &err), -EOVERFLOW);
        unit_assert_text(err, "64 bits");
    }
    static const char *const small[] = {"1KB", "1b", "0.5K", "1023b"};
    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        struct ballast_error err = unit_clean_error();
        assert_int_equal(ballast_size_parse(small[i], &kib, &err), -EINVAL);
        unit_assert_text(err, "is less than 1 KiB: use 1K or more");
    }
    assert_int_equal(kib, 77);
    assert_int_equal(ballast_size_parse("x", &kib, NULL), -EINVAL);
}

/* The nearest, whatever the order; of equals the first; far is none. */
static void nearest_words(void **state)
{
    static const char *const known[] = {"explain", "plan",   "replay",  "reserve",   "release",
                                        "fits",    "free",   "list",    "host",      "top",
                                        "why",     "record", "set-max", "set-target"};
    static const struct {
        const char *word, *found;
    } rows[] = {
        {"explian", "explain"}, {"lst", "list"},      {"resreve", "reserve"},
        {"relase", "release"},  {"rplay", "replay"},  {"hots", "host"},
        {"tpo", "top"},         {"hst", "host"},      {"setmax", "set-max"},
        {"set-mix", "set-max"}, {"frobnicate", NULL}, {"", NULL},
        {"xyz", NULL},          {"ab", NULL},         {"recrd", "record"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ballast_nearest nearest = ballast_nearest_to(rows[i].word);
        for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
            ballast_nearest_try(&nearest, known[j]);
        if (rows[i].found)
            assert_string_equal(nearest.found ? nearest.found : rows[i].word, rows[i].found);
        else
            assert_null(nearest.found);
    }
    char longest[200];
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    struct ballast_nearest nearest = ballast_nearest_to(longest);
    ballast_nearest_try(&nearest, longest);
    assert_null(nearest.found);
}

/* The figures fill the holes; what they bring with them is text, also where it looks like a hole.
 */
static void patterns_are_filled(void **state)
{
    (void)state;
    static const char pattern[] = "{name} of {size_kib}: {count} {kib} {none_kib} {{count}} {open";
    const struct pattern_figure figures[] = {
        {.name = "name", .text = "%s {count}"},
        {.name = NULL, .value = 1},
        {.name = "size_kib", .value = 3 << 20},
        {.name = "count", .value = 7},
        {.name = "kib", .value = 5},
    };
    char buf[128];
    struct ballast_text text = ballast_text_over(buf, sizeof(buf));
    pattern_fill(&text, pattern, figures, 5);
    assert_string_equal(buf, "%s {count} of 3 GiB: 7 5 {none_kib} {7} {open");
    assert_int_equal(text.length, strlen(buf));
    text = ballast_text_over(buf, 4);
    pattern_fill(&text, pattern, figures, 5);
    assert_string_equal(buf, "%s ");
    assert_true(text.length > 4);
}

/* Entries stay where they are told to be, and too many leave all as it is. */
static void arrays_grow(void **state)
{
    (void)state;
    uint32_t *array = NULL;
    size_t room = 0;
    assert_true(array_reserve(&array, &room, 0, sizeof(*array)));
    assert_int_equal(room, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(array_reserve(&array, &room, i + 1, sizeof(*array)));
        assert_true(room > i && (room & (room - 1)) == 0);
        array[i] = i;
    }
    const uint32_t *before = array;
    size_t had = room;
    assert_false(array_reserve(&array, &room, SIZE_MAX, sizeof(*array)));
    assert_ptr_equal(array, before);
    assert_int_equal(room, had);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(array[i], i);
    free(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_grow),     cmocka_unit_test(nearest_words),
        cmocka_unit_test(arithmetic),      cmocka_unit_test(arithmetic_refuses),
        cmocka_unit_test(conversions),     cmocka_unit_test(unchecked_helpers),
        cmocka_unit_test(error_record),    cmocka_unit_test(error_text_is_cut),
        cmocka_unit_test(text_truncates),  cmocka_unit_test(xml_escape),
        cmocka_unit_test(size_texts),      cmocka_unit_test(size_texts_refused),
        cmocka_unit_test(utf8_characters), cmocka_unit_test(patterns_are_filled),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
