/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pictures, read back: brackets must embrace the boxes that the original pictures of libxl
 * show, every size must be there, nothing may be wider than a terminal or lie on something else.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ballast/ballast.h>

#define MIB UINT64_C(1024)

enum { TEXT = 65536 };

static uint64_t random_state = 1;

static uint64_t random_u64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Sizes of every magnitude, zero among them; eight of them never overflow. */
static uint64_t random_kib(void)
{
    return (random_u64() >> 3) >> (random_u64() % 62);
}

static struct ballast_breakdown *make(enum ballast_guest_type type,
                                      const uint64_t kib[BALLAST_SEGMENTS])
{
    static const struct ballast_xenstore_kib xenstore = {0};
    struct ballast_breakdown *breakdown = ballast_breakdown_new();
    assert_non_null(breakdown);
    struct ballast_error err;
    assert_int_equal(
        ballast_breakdown_from_segments(breakdown, type, NULL, kib, 0, &xenstore, &err), 0);
    return breakdown;
}

static struct ballast_breakdown *make_random(void)
{
    enum ballast_guest_type type = (enum ballast_guest_type)(random_u64() % BALLAST_GUEST_TYPES);
    uint64_t kib[BALLAST_SEGMENTS];
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        bool applies = ballast_segment_applies((enum ballast_segment)i, type);
        kib[i] = applies && random_u64() % 4 ? random_kib() : 0;
    }
    return make(type, kib);
}

/* One line of a text, terminated, into out; returns where the next begins, or NULL at the end. */
static const char *next_line(const char *text, char out[TEXT])
{
    if (!*text)
        return NULL;
    size_t length = strcspn(text, "\n");
    memcpy(out, text, length);
    out[length] = '\0';
    return text + length + (text[length] == '\n');
}

struct bracket {
    int top; /* the border of the stack it begins at, counted from 0 at the top */
    int bottom;
};

/* A picture as columns of characters, padded with spaces. */
struct grid {
    char cell[64][81];
    int rows;
    int border[64]; /* the number of the border in that row, or -1 */
    size_t box;
    size_t box_end;
};

static void read_grid(const char *text, struct grid *grid)
{
    static char line[TEXT];
    memset(grid, 0, sizeof(*grid));
    memset(grid->cell, ' ', sizeof(grid->cell));
    int borders = 0;
    for (const char *at = text; (at = next_line(at, line)) != NULL; grid->rows++) {
        assert_true(grid->rows < 64 && strlen(line) <= 80);
        memcpy(grid->cell[grid->rows], line, strlen(line));
        if (grid->rows == 0) {
            grid->box = (size_t)(strstr(line, "+-") - line);
            grid->box_end = (size_t)(strstr(line, "-+") - line) + 1;
        }
        bool border = memcmp(&grid->cell[grid->rows][grid->box], "+-", 2) == 0;
        grid->border[grid->rows] = border ? borders++ : -1;
    }
}

/* The brackets of one column of a picture, in `out`; how many there are. */
static int read_column(const struct grid *grid, size_t x, struct bracket out[8])
{
    int count = 0;
    int open = -1;
    for (int row = 0; row < grid->rows; row++) {
        char c = grid->cell[row][x];
        if (c == '+') {
            assert_int_not_equal(grid->border[row], -1);
            if (open >= 0)
                out[count++] = (struct bracket){open, grid->border[row]};
            /* The end of one may be the beginning of the next. */
            bool more = row + 1 < grid->rows && grid->cell[row + 1][x] == '|';
            open = more ? grid->border[row] : -1;
        } else if (open >= 0) {
            assert_int_equal(c, '|');
        }
    }
    assert_int_equal(open, -1);
    return count;
}

static void expect_brackets(enum ballast_guest_type type, const uint64_t kib[BALLAST_SEGMENTS],
                            const struct bracket expected[BALLAST_SPANS])
{
    struct ballast_breakdown *breakdown = make(type, kib);
    static char text[TEXT];
    assert_true(ballast_draw_diagram(breakdown, NULL, text, sizeof(text)) < sizeof(text));
    struct grid grid;
    read_grid(text, &grid);
    struct bracket found[BALLAST_SPANS + 8];
    int count = 0;
    for (size_t x = 0; x < 80; x++) {
        if ((x < grid.box || x > grid.box_end) && count <= BALLAST_SPANS)
            count += read_column(&grid, x, &found[count]);
    }
    assert_int_equal(count, BALLAST_SPANS);
    for (int i = 0; i < BALLAST_SPANS; i++) {
        assert_int_equal(found[i].top, expected[i].top);
        assert_int_equal(found[i].bottom, expected[i].bottom);
    }
    ballast_breakdown_free(breakdown);
}

/*
 * From left to right as in the comment of libxl_internal.h: overhead over static maximum, then
 * build maximum, build start, actual target, xen maximum, footprint.
 */
static void brackets_are_those_of_the_original(void **state)
{
    (void)state;
    static const uint64_t hvm[] = {9 * MIB, 0, 2 * MIB, MIB, 8 * MIB, 1016 * MIB, 512 * MIB};
    static const struct bracket hvm_brackets[] = {{0, 3}, {3, 6}, {4, 6}, {4, 5},
                                                  {3, 5}, {2, 5}, {0, 5}};
    expect_brackets(BALLAST_HVM, hvm, hvm_brackets);
    static const uint64_t iommu[] = {9 * MIB, MIB, 2 * MIB, MIB, 8 * MIB, 1016 * MIB, 0};
    static const struct bracket iommu_brackets[] = {{0, 4}, {4, 7}, {5, 7}, {5, 6},
                                                    {4, 6}, {3, 6}, {0, 6}};
    expect_brackets(BALLAST_HVM, iommu, iommu_brackets);
    static const uint64_t pv[] = {0, 0, MIB, MIB, 0, 1024 * MIB, 0};
    static const struct bracket pv_brackets[] = {{0, 2}, {2, 4}, {2, 4}, {2, 3},
                                                 {2, 3}, {1, 3}, {0, 3}};
    expect_brackets(BALLAST_PV, pv, pv_brackets);
    static const uint64_t pvh[] = {9 * MIB, 0, 2 * MIB, MIB, 0, 1024 * MIB, 1024 * MIB};
    static const struct bracket pvh_brackets[] = {{0, 3}, {3, 5}, {3, 5}, {3, 4},
                                                  {3, 4}, {2, 4}, {0, 4}};
    expect_brackets(BALLAST_PVH, pvh, pvh_brackets);
}

static void expect_word(const char *text, const char *word)
{
    if (!strstr(text, word))
        fail_msg("'%s' is not in\n%s", word, text);
}

/* The number, with no other digit before or behind it. */
static void expect_size(const char *text, uint64_t kib)
{
    char digits[32];
    (void)snprintf(digits, sizeof(digits), "%" PRIu64, kib);
    for (const char *at = text; (at = strstr(at, digits)) != NULL; at++) {
        bool before = at > text && strchr("0123456789", at[-1]) != NULL;
        if (!before && strspn(at, "0123456789") == strlen(digits))
            return;
    }
    fail_msg("'%s' is not in\n%s", digits, text);
}

static void expect_everything(const struct ballast_breakdown *breakdown, const char *text)
{
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        enum ballast_segment segment = (enum ballast_segment)i;
        if (ballast_segment_applies(segment, ballast_breakdown_guest_type(breakdown)) &&
            segment != BALLAST_IOMMU)
            expect_size(text, ballast_breakdown_segment_kib(breakdown, segment));
    }
    for (int i = 0; i < BALLAST_SPANS; i++)
        expect_size(text, ballast_breakdown_span_kib(breakdown, (enum ballast_span)i));
}

static void any_guest_fits_80_columns(void **state)
{
    (void)state;
    static char text[TEXT], line[TEXT];
    size_t in_kib = 0;
    for (int i = 0; i < 20000; i++) {
        struct ballast_breakdown *breakdown = make_random();
        assert_true(ballast_draw_diagram(breakdown, NULL, text, sizeof(text)) < sizeof(text));
        for (const char *at = text; (at = next_line(at, line)) != NULL;) {
            if (strlen(line) > 80)
                fail_msg("wider than 80 columns:\n%s", text);
            if (*line && line[strlen(line) - 1] == ' ')
                fail_msg("trailing space:\n%s", text);
        }
        if (strstr(text, "sizes in KiB")) {
            in_kib++;
            expect_everything(breakdown, text);
        }
        ballast_breakdown_free(breakdown);
    }
    assert_true(in_kib > 1000);
}

/* Nine digits each are 953 GiB: the largest real guests are still told to the KiB. */
static void nine_digits_are_kib(void **state)
{
    (void)state;
    static char text[TEXT];
    static const uint64_t kib[] = {100000000, 100000000, 100000000, 100000000,
                                   100000000, 100000000, 100000000};
    struct ballast_breakdown *breakdown = make(BALLAST_HVM, kib);
    assert_true(ballast_draw_diagram(breakdown, NULL, text, sizeof(text)) < sizeof(text));
    expect_word(text, "sizes in KiB");
    expect_everything(breakdown, text);
    ballast_breakdown_free(breakdown);
}

static void larger_ones_are_mib_with_a_mark_for_rounded(void **state)
{
    (void)state;
    static char text[TEXT];
    static const uint64_t kib[] = {34359740416, 0, 2048, 1024, 8192, 17179860992, 1500};
    struct ballast_breakdown *breakdown = make(BALLAST_HVM, kib);
    assert_true(ballast_draw_diagram(breakdown, NULL, text, sizeof(text)) < sizeof(text));
    expect_word(text, "sizes in MiB, ~ rounded");
    expect_word(text, " 33554434M"); /* 34359740416 / 1024 */
    expect_word(text, " 2M");
    expect_word(text, " 16777208M");
    expect_word(text, " ~1M"); /* 1500 KiB */
    expect_word(text, " 33554437M");
    ballast_breakdown_free(breakdown);
}

static void a_small_buffer_is_told_the_length(void **state)
{
    (void)state;
    static char text[TEXT], part[TEXT];
    struct ballast_breakdown *breakdown = make_random();
    size_t length = ballast_draw_diagram(breakdown, NULL, text, sizeof(text));
    size_t svg_length = ballast_draw_svg(breakdown, "web", NULL, 0);
    assert_int_equal(length, strlen(text));
    assert_int_equal(ballast_draw_diagram(breakdown, NULL, NULL, 0), length);
    for (size_t size = 1; size <= length + 1; size += 7) {
        memset(part, 'x', sizeof(part));
        assert_int_equal(ballast_draw_diagram(breakdown, NULL, part, size), length);
        assert_int_equal(strlen(part), size - 1 < length ? size - 1 : length);
        assert_memory_equal(part, text, strlen(part));
        assert_int_equal(part[size], 'x');
    }
    assert_int_equal(ballast_draw_svg(breakdown, "web", text, sizeof(text)), svg_length);
    assert_int_equal(strlen(text), svg_length);
    ballast_breakdown_free(breakdown);
}

static void strip_escapes(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == '\033')
            from += strcspn(from, "m");
        else
            *to++ = *from;
    }
    *to = '\0';
}

static void colour_changes_nothing_but_colour(void **state)
{
    (void)state;
    static char plain[TEXT], coloured[TEXT];
    static const struct ballast_draw_style style = {.colour = true};
    for (int i = 0; i < 200; i++) {
        struct ballast_breakdown *breakdown = make_random();
        (void)ballast_draw_diagram(breakdown, NULL, plain, sizeof(plain));
        (void)ballast_draw_diagram(breakdown, &style, coloured, sizeof(coloured));
        assert_null(strchr(plain, '\033'));
        assert_non_null(strchr(coloured, '\033'));
        strip_escapes(coloured);
        assert_string_equal(coloured, plain);
        ballast_breakdown_free(breakdown);
    }
}

static int rows_of(const struct ballast_breakdown *breakdown, int box)
{
    static char text[TEXT];
    (void)ballast_draw_diagram(breakdown, NULL, text, sizeof(text));
    struct grid grid;
    read_grid(text, &grid);
    int from = -1;
    for (int row = 0; row < grid.rows; row++) {
        if (grid.border[row] == box)
            from = row;
        if (grid.border[row] == box + 1)
            return row - from - 1;
    }
    return -1;
}

static void heights_hint_at_proportion(void **state)
{
    (void)state;
    static const uint64_t small_balloon[] = {0, 0, MIB, MIB, 0, 4096 * MIB, 256 * MIB};
    static const uint64_t large_balloon[] = {0, 0, MIB, MIB, 0, 256 * MIB, 4096 * MIB};
    struct ballast_breakdown *small = make(BALLAST_PV, small_balloon);
    struct ballast_breakdown *large = make(BALLAST_PV, large_balloon);
    assert_true(rows_of(small, 2) > rows_of(small, 3));
    assert_true(rows_of(large, 3) > rows_of(large, 2));
    assert_int_equal(rows_of(small, 2), rows_of(large, 3));
    ballast_breakdown_free(small);
    ballast_breakdown_free(large);
}

struct area {
    long left, top, right, bottom;
};

/* Seven units a character is what the sans-serif of 13 px needs on average; 17 px: nine. */
static struct area text_area(const char *tag)
{
    long x = 0, y = 0;
    assert_int_equal(sscanf(tag, "<text x=\"%ld\" y=\"%ld\"", &x, &y), 2);
    const char *content = strchr(tag, '>') + 1;
    long width = (long)strcspn(content, "<") * (strstr(tag, "name\">") == content - 6 ? 9 : 7);
    const char *end = strchr(tag, '>');
    bool left = end - tag > 6 && memcmp(end - 5, "left\"", 5) == 0;
    return (struct area){left ? x - width : x, y - 10, left ? x : x + width, y + 3};
}

static void expect_apart(const char *svg)
{
    struct area areas[64];
    size_t count = 0;
    long width = 0, height = 0;
    assert_int_equal(sscanf(strstr(svg, "width="), "width=\"%ld\" height=\"%ld\"", &width, &height),
                     2);
    for (const char *at = svg; (at = strstr(at, "<text ")) != NULL; at++) {
        assert_true(count < 64);
        struct area here = text_area(at);
        assert_true(here.left >= 0 && here.top >= 0);
        assert_true(here.right <= width && here.bottom <= height);
        for (size_t i = 0; i < count; i++) {
            bool apart = here.right <= areas[i].left || areas[i].right <= here.left ||
                         here.bottom <= areas[i].top || areas[i].bottom <= here.top;
            if (!apart)
                fail_msg("two texts lie on each other, the second is %.60s in\n%s", at, svg);
        }
        areas[count++] = here;
    }
    assert_true(count >= 2 * (4 + BALLAST_SPANS) + 3);
}

static void no_label_of_an_svg_lies_on_another(void **state)
{
    (void)state;
    static char svg[TEXT];
    for (int i = 0; i < 3000; i++) {
        struct ballast_breakdown *breakdown = make_random();
        assert_true(ballast_draw_svg(breakdown, "guest", svg, sizeof(svg)) < sizeof(svg));
        expect_apart(svg);
        ballast_breakdown_free(breakdown);
    }
}

static void names_in_an_svg_are_harmless(void **state)
{
    (void)state;
    static char svg[TEXT];
    struct ballast_breakdown *breakdown = make_random();
    (void)ballast_draw_svg(breakdown, "</text><script>\"&", svg, sizeof(svg));
    expect_word(svg, "&lt;/text&gt;&lt;script&gt;&quot;&amp;");
    assert_null(strstr(svg, "<script"));
    /* Overlong, cut short, a surrogate, U+FFFF, a stray continuation; then a good one. */
    (void)ballast_draw_svg(breakdown,
                           "\xc0\x80|\xe2\x82|\xed\xa0\x80|\xef\xbf\xbf|\x80|\xe2\x82\xac", svg,
                           sizeof(svg));
    expect_word(svg, "Memory of ??|??|???|???|?|\xe2\x82\xac</title>");
    char name[256];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    (void)ballast_draw_svg(breakdown, name, svg, sizeof(svg));
    expect_word(svg, name);
    expect_word(svg, "nnn\xe2\x80\xa6</text>");
    ballast_breakdown_free(breakdown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brackets_are_those_of_the_original),
        cmocka_unit_test(any_guest_fits_80_columns),
        cmocka_unit_test(nine_digits_are_kib),
        cmocka_unit_test(larger_ones_are_mib_with_a_mark_for_rounded),
        cmocka_unit_test(a_small_buffer_is_told_the_length),
        cmocka_unit_test(colour_changes_nothing_but_colour),
        cmocka_unit_test(heights_hint_at_proportion),
        cmocka_unit_test(no_label_of_an_svg_lies_on_another),
        cmocka_unit_test(names_in_an_svg_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
