/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's memory over time, in characters: one column per interval. '#' is its current memory,
 * ''' the peak within the interval, '-' the target, '.' the need; colour is not needed to
 * distinguish them.
 */
#ifndef CORE_DRAW_PLOT_H
#define CORE_DRAW_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DRAW_PLOT_LEFT = 11 }; /* columns of the scale, before the plot itself */

struct draw_plot {
    size_t columns;
    size_t rows; /* at least 2 */
    /* One value per column, 0: unknown; each but the first may be NULL. */
    const uint64_t *current_kib;
    const uint64_t *peak_kib;
    const uint64_t *target_kib;
    const uint64_t *need_kib;
    const char *marks; /* one character per column, below the axis; NULL: none */
    bool colour;
};

/* Like snprintf(): rows, an axis, and the marks, a line each. */
size_t draw_plot(const struct draw_plot *plot, char *buf, size_t size);

struct draw_plot_layer {
    const uint64_t *kib; /* one value per column */
    char fill;
    unsigned char ink; /* ECMA-48 SGR foreground colour, or 0 */
};

/* A whole over time, its parts stacked; a column whose parts are all 0 is unknown. */
struct draw_plot_stack {
    size_t columns;
    size_t rows;                          /* at least 2 */
    const struct draw_plot_layer *layers; /* the lowest first */
    size_t layer_count;
    const char *marks; /* as above */
    bool colour;
};

/* Like snprintf(): the same lines. A cell shows the part at its middle. */
size_t draw_plot_stack(const struct draw_plot_stack *stack, char *buf, size_t size);

#endif
