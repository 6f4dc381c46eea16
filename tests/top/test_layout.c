/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The screen without a terminal: stored screens of every size and number of guests, and the rules
 * that bars and legend follow for any figures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/top/bar.h"
#include "app/top/layout.h"
#include "core/draw/palette.h"
#include "world.h"

static const char *golden;

/* What is kept under that name; where BALLAST_GOLDEN is "write" it is written first. */
static void is_golden(const char *name, char *text)
{
    char path[512];
    char kept[200000];
    const char *write = getenv("BALLAST_GOLDEN");
    (void)snprintf(path, sizeof(path), "%s/%s.txt", golden, name);
    if (write && strcmp(write, "write") == 0) {
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        assert_true(fputs(text, out) >= 0);
        assert_int_equal(fclose(out), 0);
    }
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    kept[fread(kept, 1, sizeof(kept) - 1, in)] = '\0';
    assert_int_equal(fclose(in), 0);
    if (strcmp(kept, text) != 0)
        print_message("%s is not what is kept; it is:\n%s", path, text);
    assert_string_equal(text, kept);
    free(text);
}

static void screens_of_every_size(void **unused)
{
    (void)unused;
    static const unsigned sizes[][2] = {{80, 24}, {120, 40}, {200, 60}};
    static const size_t counts[] = {0, 1, 12, 256};
    for (size_t i = 0; i < 12; i++) {
        struct top_state state = {.sort = TOP_BY_ID};
        const unsigned *size = sizes[i / 4];
        char name[64];
        world_fill(&state, counts[i % 4]);
        (void)snprintf(name, sizeof(name), "%ux%u-%zu", size[0], size[1], counts[i % 4]);
        is_golden(name, world_screen(&state, size[0], size[1]));
        top_state_release(&state);
    }
}

static void colours_only_repeat(void **unused)
{
    (void)unused;
    struct top_state state = {.sort = TOP_BY_ID};
    struct top_cells cells = {0};
    world_fill(&state, 12);
    assert_int_equal(top_cells_resize(&cells, 80, 24), 0);
    assert_int_equal(top_draw(&state, &cells), 0);
    is_golden("styles-80x24-12", world_styles(&cells));
    /* Every segment and part has a glyph of its own: what colour says can be read without it. */
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        for (int j = 0; j < i; j++)
            assert_int_not_equal(draw_segment_look((enum ballast_segment)i)->glyph,
                                 draw_segment_look((enum ballast_segment)j)->glyph);
    }
    for (int i = 0; i < BALLAST_PARTS; i++) {
        for (int j = 0; j < i; j++)
            assert_int_not_equal(draw_part_look((enum ballast_host_part)i)->glyph,
                                 draw_part_look((enum ballast_host_part)j)->glyph);
    }
    top_cells_release(&cells);
    top_state_release(&state);
}

static void pages_and_questions(void **unused)
{
    (void)unused;
    struct top_state state = {.sort = TOP_BY_ID};
    world_fill(&state, 12);
    state.selected_id = 1;
    state.mode = TOP_GUEST;
    is_golden("guest-120x60", world_screen(&state, 120, 60));
    is_golden("guest-80x24", world_screen(&state, 80, 24));
    state.scrolled = 1000;
    is_golden("guest-80x24-end", world_screen(&state, 80, 24));
    assert_true(state.scrolled < 1000);
    state.scrolled = 0;
    state.selected_id = 4; /* its segments are not known */
    is_golden("guest-undivided-120x60", world_screen(&state, 120, 60));
    state.mode = TOP_HELP;
    is_golden("help-120x40", world_screen(&state, 120, 40));
    state.mode = TOP_LIST;
    state.selected_id = 1;
    (void)snprintf(state.lost, sizeof(state.lost), "the daemon at /run/ballast closed");
    is_golden("lost-80x24", world_screen(&state, 80, 24));
    state.lost[0] = '\0';
    (void)snprintf(state.filter, sizeof(state.filter), "data");
    is_golden("filter-80x24", world_screen(&state, 80, 24));
    (void)snprintf(state.filter, sizeof(state.filter), "nobody");
    is_golden("filter-none-80x24", world_screen(&state, 80, 24));
    top_state_release(&state);
}

static void too_small(void **unused)
{
    (void)unused;
    struct top_state state = {.sort = TOP_BY_ID};
    world_fill(&state, 12);
    for (unsigned columns = 1; columns < 75; columns++) {
        for (unsigned rows = 1; rows < 18; rows++) {
            char *text = world_screen(&state, columns, rows);
            bool small = columns < TOP_LEAST_COLUMNS || rows < TOP_LEAST_ROWS;
            if (columns >= 9)
                assert_int_equal(strncmp(text, "too small\n", 10) == 0, small);
            free(text);
        }
    }
    char *text = world_screen(&state, 20, 5);
    assert_string_equal(text, "too small\n70x15 at least\n\n\n\n");
    free(text);
    top_state_release(&state);
}

static uint64_t random_state = 88172645463325252u;

static uint64_t random_below(uint64_t end)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % end;
}

/* The numbers of the legend, each behind its word, and the sum behind "=". */
static void legend_sums(const char *text)
{
    const char *at = strchr(text, ']') + 1;
    const char *end = strchr(at, '=');
    uint64_t sum = 0;
    assert_non_null(end);
    for (const char *c = at; c < end; c++) {
        if (c[-1] == ' ' && *c >= '0' && *c <= '9' && c[1] != ' ')
            sum += strtoull(c, (char **)&c, 10);
        else if (c[-1] == ' ' && *c >= '0' && *c <= '9' && c[-2] != ' ' && c[-2] != '\n')
            sum += strtoull(c, (char **)&c, 10);
    }
    assert_int_equal(sum, strtoull(end + 1, NULL, 10));
}

static void the_host_always_sums(void **unused)
{
    (void)unused;
    for (int round = 0; round < 2000; round++) {
        struct top_state state = {.sort = TOP_BY_ID};
        unsigned columns = TOP_LEAST_COLUMNS + (unsigned)random_below(200);
        for (int i = 0; i < BALLAST_PARTS; i++) {
            uint64_t kib = random_below(4) ? random_below(UINT64_C(1) << random_below(40)) : 0;
            state.host.part_kib[i] = kib;
            state.host.total_kib += kib;
        }
        if (state.host.total_kib == 0)
            continue;
        char *text = world_screen(&state, columns, 30);
        char *bar = strchr(text, '[');
        assert_non_null(bar);
        char *end = strchr(bar, ']');
        assert_int_equal(end - bar, columns - 1);
        for (char *c = bar + 1; c < end; c++)
            assert_int_not_equal(*c, ' ');
        legend_sums(text);
        free(text);
        top_state_release(&state);
    }
}

/* Whatever the parts: they follow each other, all cells are given, what is not nothing is seen. */
static void a_bar_is_divided(void **unused)
{
    (void)unused;
    for (int round = 0; round < 100000; round++) {
        uint64_t kib[10];
        unsigned end[10];
        size_t count = 1 + random_below(10);
        unsigned width = (unsigned)random_below(300);
        uint64_t sum_kib = 0;
        unsigned from = 0;
        unsigned seen = 0;
        for (size_t i = 0; i < count; i++) {
            kib[i] = random_below(3) ? random_below(UINT64_C(1) << random_below(50)) : 0;
            sum_kib += kib[i];
            seen += kib[i] > 0;
        }
        top_bar_divide(kib, count, width, end);
        assert_int_equal(end[count - 1], sum_kib > 0 ? width : 0);
        for (size_t i = 0; i < count; from = end[i++]) {
            assert_true(end[i] >= from);
            if (width >= seen)
                assert_int_equal(end[i] > from, kib[i] > 0);
        }
        unsigned place = top_bar_place(kib, count, end, random_below(sum_kib + 1));
        assert_true(place <= width);
        assert_int_equal(top_bar_place(kib, count, end, sum_kib), end[count - 1]);
    }
}

static void a_guests_bar_is_whole(void **unused)
{
    (void)unused;
    struct top_state state = {.sort = TOP_BY_ID};
    world_fill(&state, 12);
    for (int round = 0; round < 500; round++) {
        struct top_guest *guest = &state.host.guests[1];
        struct top_cells cells = {0};
        unsigned blank = 0;
        unsigned columns = TOP_LEAST_COLUMNS + (unsigned)random_below(150);
        guest->is_divided = true;
        for (int i = 0; i < BALLAST_SEGMENTS; i++)
            guest->segment_kib[i] = 1 + random_below(UINT64_C(1) << random_below(30));
        guest->current_kib = guest->segment_kib[BALLAST_GUEST];
        assert_int_equal(top_cells_resize(&cells, columns, 30), 0);
        assert_int_equal(top_draw(&state, &cells), 0);
        unsigned row = 1 + top_host_rows(&state.host, columns) + 2;
        const struct term_cell *cell = &cells.cell[(size_t)row * columns];
        unsigned from = 0;
        while (from < columns && cell[from].style < TOP_SEGMENT)
            from++;
        for (unsigned x = from; x < columns && cell[x].style >= TOP_SEGMENT; x++)
            blank += cell[x].code == ' ';
        assert_true(from < columns);
        assert_int_equal(blank, 0);
        top_cells_release(&cells);
    }
    top_state_release(&state);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_of_every_size), cmocka_unit_test(colours_only_repeat),
        cmocka_unit_test(pages_and_questions),   cmocka_unit_test(too_small),
        cmocka_unit_test(the_host_always_sums),  cmocka_unit_test(a_bar_is_divided),
        cmocka_unit_test(a_guests_bar_is_whole),
    };
    golden = argc > 1 ? argv[1] : "tests/top/golden";
    world_locale();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
