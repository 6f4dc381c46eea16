/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/top/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/top/bar.h"
#include "core/base/units.h"
#include "core/draw/palette.h"
#include "core/model/breakdown.h"

/* The columns of the table that do not grow, and what the others have at least. */
enum {
    ID = 6, /* with the mark of what is selected */
    STATE = 9,
    SIZE = 7,
    WAY = 3,
    RANGE = 13,
    NEED = 7,
    WIDE_NAME = 12, /* before the bar is wider */
    WIDEST_NAME = 28,
    LEAST_WHY = 20,
    CELL = 48,
};

struct plan {
    unsigned name;
    unsigned bar;
    unsigned why; /* 0: it is not shown */
};

/*
 * A guest's balloon may stop some pages short (core/model/follow.h), which is not shown as a move.
 */
static char way_of(const struct top_guest *guest)
{
    if (guest->target_kib == BALLAST_NONE)
        return ' ';
    if (ballast_sub_floor(guest->current_kib, guest->target_kib) >= BALLAST_MIB_KIB)
        return 'v';
    return ballast_sub_floor(guest->target_kib, guest->current_kib) >= BALLAST_MIB_KIB ? '^' : '=';
}

static struct plan plan_for(unsigned columns)
{
    unsigned fixed = ID + 1 + 1 + STATE + 1 + 1 + 2 * SIZE + WAY + 1 + RANGE + 1 + NEED;
    unsigned left = columns - fixed;
    unsigned half = left / 2 < WIDE_NAME ? left / 2 : WIDE_NAME;
    unsigned third = left / 3 < WIDEST_NAME ? left / 3 : WIDEST_NAME;
    struct plan plan = {.name = half > third ? half : third};
    left = left > plan.name ? left - plan.name : 0;
    plan.bar = left;
    if (left >= 2 * LEAST_WHY) {
        plan.bar = left / 3;
        plan.why = left - plan.bar - 1;
    }
    return plan;
}

static void layout_guests_size_text(uint64_t kib, char out[CELL])
{
    if (kib == BALLAST_NONE)
        (void)snprintf(out, CELL, "-");
    else
        (void)snprintf(out, CELL, "%" PRIu64, kib / BALLAST_MIB_KIB);
}

static void range_text(const struct top_guest *guest, char out[CELL])
{
    if (guest->dynamic_min_kib == BALLAST_NONE || guest->dynamic_max_kib == BALLAST_NONE)
        (void)snprintf(out, CELL, "-");
    else
        (void)snprintf(out, CELL, "%" PRIu64 "-%" PRIu64, guest->dynamic_min_kib / BALLAST_MIB_KIB,
                       guest->dynamic_max_kib / BALLAST_MIB_KIB);
}

/* The stack from its top, lying: overhead first, balloon last. A bar in it is where the target is.
 */
static void draw_layout_guests_bar(const struct top_guest *guest, struct top_cells *cells,
                                   unsigned row, unsigned column, unsigned width)
{
    struct ballast_breakdown breakdown;
    unsigned end[BALLAST_SEGMENTS];
    unsigned from = 0;
    if (width == 0 || top_guest_breakdown(guest, &breakdown) < 0)
        return;
    top_bar_divide(breakdown.segment_kib, BALLAST_SEGMENTS, width, end);
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        top_fill(cells, row, column + from, end[i] - from, (enum top_style)(TOP_SEGMENT + i),
                 draw_segment_look((enum ballast_segment)i)->glyph);
        from = end[i];
    }
    char way = way_of(guest);
    unsigned target =
        top_bar_place(breakdown.segment_kib, BALLAST_SEGMENTS, end,
                      ballast_add_ceil(breakdown.span_kib[BALLAST_OVERHEAD], guest->target_kib));
    if ((way == 'v' || way == '^') && target < from)
        top_fill(cells, row, column + target, 1, TOP_STRONG, '|');
}

static void draw_figures(const struct top_guest *guest, struct top_cells *cells, unsigned row,
                         unsigned column)
{
    char text[CELL];
    char way[] = {way_of(guest), '\0'};
    enum top_style style = *way == '^' ? TOP_UP : *way == 'v' ? TOP_DOWN : TOP_PLAIN;
    layout_guests_size_text(guest->current_kib, text);
    top_put_right(cells, row, column, SIZE, TOP_PLAIN, text);
    (void)top_put(cells, row, column + SIZE + 1, 1, style, way);
    layout_guests_size_text(guest->target_kib, text);
    top_put_right(cells, row, column + SIZE + WAY, SIZE, style, text);
    column += 2 * SIZE + WAY + 1;
    range_text(guest, text);
    top_put_right(cells, row, column, RANGE, TOP_PLAIN, text);
    layout_guests_size_text(guest->need_kib, text);
    top_put_right(cells, row, column + RANGE + 1, NEED, TOP_PLAIN, text);
}

static void draw_head(const struct plan *plan, struct top_cells *cells, unsigned row)
{
    unsigned at = ID + 1;
    top_put_right(cells, row, 0, ID, TOP_HEAD, "id");
    (void)top_put(cells, row, at, plan->name, TOP_HEAD, "name");
    at += plan->name + 1;
    (void)top_put(cells, row, at, STATE, TOP_HEAD, "state");
    at += STATE + 1;
    (void)top_put(cells, row, at, plan->bar, TOP_HEAD, "memory");
    at += plan->bar + 1;
    top_put_right(cells, row, at, SIZE, TOP_HEAD, "current");
    top_put_right(cells, row, at + SIZE + WAY, SIZE, TOP_HEAD, "target");
    at += 2 * SIZE + WAY + 1;
    top_put_right(cells, row, at, RANGE, TOP_HEAD, "range");
    top_put_right(cells, row, at + RANGE + 1, NEED, TOP_HEAD, "need");
    if (plan->why > 0)
        (void)top_put(cells, row, at + RANGE + NEED + 2, plan->why, TOP_HEAD, "why");
}

static void draw_guest(const struct plan *plan, const struct top_guest *guest, bool selected,
                       struct top_cells *cells, unsigned row)
{
    char id[CELL];
    unsigned at = ID + 1;
    const char *state = top_guest_state(guest);
    (void)snprintf(id, sizeof(id), "%" PRIu32, guest->id);
    top_put_right(cells, row, 1, ID - 1, TOP_PLAIN, id);
    (void)top_put(cells, row, at, plan->name, TOP_PLAIN, guest->name);
    at += plan->name + 1;
    (void)top_put(cells, row, at, STATE, strcmp(state, "stuck") ? TOP_PLAIN : TOP_WARNING, state);
    at += STATE + 1;
    unsigned bar = at;
    at += plan->bar + 1;
    draw_figures(guest, cells, row, at);
    at += 2 * SIZE + WAY + 1 + RANGE + 1 + NEED + 1;
    if (plan->why > 0)
        (void)top_put(cells, row, at, plan->why, TOP_PLAIN, guest->why);
    if (selected) {
        top_restyle(cells, row, 0, cells->columns, TOP_SELECTED);
        (void)top_put(cells, row, 0, 1, TOP_SELECTED, ">");
    }
    draw_layout_guests_bar(guest, cells, row, bar, plan->bar);
}

unsigned top_draw_guests(const struct top_state *state, struct top_cells *cells, unsigned row,
                         unsigned rows)
{
    struct plan plan = plan_for(cells->columns);
    draw_head(&plan, cells, row);
    if (state->count == 0)
        (void)top_put(cells, row + 1, ID + 1, cells->columns, TOP_PLAIN,
                      *state->filter ? "no name contains that: Esc shows all" : "no domains");
    for (unsigned i = 0; i + 1 < rows && state->first + i < state->count; i++)
        draw_guest(&plan, &state->host.guests[state->shown[state->first + i]],
                   state->first + i == state->selected, cells, row + 1 + i);
    return row + rows;
}
