/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/draw/plot.h"

#include "core/base/text.h"
#include "core/base/units.h"

/* ECMA-48 SGR foreground colours. */
enum { INK_NONE = 0, INK_HELD = 34, INK_TARGET = 33, INK_NEED = 35 };

struct cell {
    char character;
    unsigned char ink;
};

static uint64_t plot_most_kib(const struct draw_plot *plot)
{
    const uint64_t *const all[] = {plot->current_kib, plot->peak_kib, plot->target_kib,
                                   plot->need_kib};
    uint64_t most = 1;
    for (size_t i = 0; i < 4; i++) {
        for (size_t at = 0; all[i] && at < plot->columns; at++)
            most = ballast_max_u64(most, all[i][at]);
    }
    return most;
}

/*
 * Whether the value lies in that row, the lowest being 0; rows stand for (row, row + 1] parts of
 * the maximum.
 */
static bool lies_in(const uint64_t *kib, size_t column, size_t row, size_t rows, uint64_t most_kib)
{
    return kib && kib[column] > 0 &&
           ballast_min_u64(ballast_mul_div(kib[column] - 1, rows, most_kib), rows - 1) == row;
}

/* Whether it reaches the middle of the row. */
static bool reaches_row(const uint64_t *kib, size_t column, size_t row, size_t rows,
                        uint64_t most_kib)
{
    return kib && kib[column] > 0 &&
           ballast_mul_div(kib[column], 2 * rows, most_kib) >= 2 * (uint64_t)row + 1;
}

static struct cell cell_at(const struct draw_plot *plot, size_t column, size_t row,
                           uint64_t most_kib)
{
    size_t rows = plot->rows;
    if (lies_in(plot->target_kib, column, row, rows, most_kib))
        return (struct cell){'-', INK_TARGET};
    if (lies_in(plot->need_kib, column, row, rows, most_kib))
        return (struct cell){'.', INK_NEED};
    if (reaches_row(plot->current_kib, column, row, rows, most_kib))
        return (struct cell){'#', INK_HELD};
    if (reaches_row(plot->peak_kib, column, row, rows, most_kib))
        return (struct cell){'\'', INK_HELD};
    return (struct cell){' ', INK_NONE};
}

static void add_ink(struct ballast_text *text, bool colour, unsigned char *now, unsigned char ink)
{
    if (colour && *now != ink)
        ballast_text_add(text, ink == INK_NONE ? "\033[0m" : "\033[%dm", ink);
    *now = ink;
}

static void add_plot_row(struct ballast_text *text, const struct draw_plot *plot, size_t row,
                         uint64_t most_kib)
{
    unsigned char ink = INK_NONE;
    for (size_t column = 0; column < plot->columns; column++) {
        struct cell cell = cell_at(plot, column, row, most_kib);
        add_ink(text, plot->colour, &ink, cell.ink);
        ballast_text_add(text, "%c", cell.character);
    }
    add_ink(text, plot->colour, &ink, INK_NONE);
    ballast_text_add(text, "\n");
}

/* The figure of a scale is beside the top of the row that ends with it. */
static void add_scale(struct ballast_text *text, size_t row, size_t rows, uint64_t most_kib)
{
    char label[24] = "";
    struct ballast_text size = ballast_text_over(label, sizeof(label));
    if (row + 1 == rows || row + 1 == rows / 2)
        ballast_text_add_size(&size, ballast_mul_div(most_kib, row + 1, rows));
    ballast_text_add(text, "%*s |", DRAW_PLOT_LEFT - 2, label);
}

static void add_plot_axis(struct ballast_text *text, size_t columns, const char *marks)
{
    ballast_text_add(text, "%*s +", DRAW_PLOT_LEFT - 2, "0");
    for (size_t column = 0; column < columns; column++)
        ballast_text_add(text, "-");
    ballast_text_add(text, "\n");
    if (marks)
        ballast_text_add(text, "%*s%.*s\n", DRAW_PLOT_LEFT, "", (int)columns, marks);
}

size_t draw_plot(const struct draw_plot *plot, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    uint64_t most_kib = plot_most_kib(plot);
    for (size_t row = plot->rows; row-- > 0;) {
        add_scale(&text, row, plot->rows, most_kib);
        add_plot_row(&text, plot, row, most_kib);
    }
    add_plot_axis(&text, plot->columns, plot->marks);
    return text.length;
}

static uint64_t plot_column_sum(const struct draw_plot_stack *stack, size_t column)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < stack->layer_count; i++)
        sum_kib = ballast_add_ceil(sum_kib, stack->layers[i].kib[column]);
    return sum_kib;
}

/* The layer at that height. */
static struct cell layer_at(const struct draw_plot_stack *stack, size_t column, uint64_t kib)
{
    uint64_t top_kib = 0;
    for (size_t i = 0; i < stack->layer_count; i++) {
        top_kib = ballast_add_ceil(top_kib, stack->layers[i].kib[column]);
        if (kib < top_kib)
            return (struct cell){stack->layers[i].fill, stack->layers[i].ink};
    }
    return (struct cell){' ', INK_NONE};
}

static void add_stack_row(struct ballast_text *text, const struct draw_plot_stack *stack,
                          size_t row, uint64_t most_kib)
{
    unsigned char ink = INK_NONE;
    uint64_t middle_kib = ballast_mul_div(most_kib, 2 * (uint64_t)row + 1, 2 * stack->rows);
    for (size_t column = 0; column < stack->columns; column++) {
        struct cell cell = layer_at(stack, column, middle_kib);
        add_ink(text, stack->colour, &ink, cell.ink);
        ballast_text_add(text, "%c", cell.character);
    }
    add_ink(text, stack->colour, &ink, INK_NONE);
    ballast_text_add(text, "\n");
}

size_t draw_plot_stack(const struct draw_plot_stack *stack, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    uint64_t most_kib = 1;
    for (size_t column = 0; column < stack->columns; column++)
        most_kib = ballast_max_u64(most_kib, plot_column_sum(stack, column));
    for (size_t row = stack->rows; row-- > 0;) {
        add_scale(&text, row, stack->rows, most_kib);
        add_stack_row(&text, stack, row, most_kib);
    }
    add_plot_axis(&text, stack->columns, stack->marks);
    return text.length;
}
