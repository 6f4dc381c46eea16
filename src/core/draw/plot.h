/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest held over time, in characters: a column a stretch of time. '#' is held, ''' its peak
 * within the stretch, '-' the target, '.' the need; they can be told apart without colour.
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
    /* A value a column, 0: nothing is known; each but the first may be NULL. */
    const uint64_t *current_kib;
    const uint64_t *peak_kib;
    const uint64_t *target_kib;
    const uint64_t *need_kib;
    const char *marks; /* a character a column, below the axis; NULL: none */
    bool colour;
};

/* As snprintf: rows, an axis, and the marks, a line each. */
size_t draw_plot(const struct draw_plot *plot, char *buf, size_t size);

struct draw_plot_layer {
    const uint64_t *kib; /* a value a column */
    char fill;
    unsigned char ink; /* ECMA-48 SGR foreground colour, or 0 */
};

/* A whole over time, its parts one on the other; a column whose parts are all 0 is not known. */
struct draw_plot_stack {
    size_t columns;
    size_t rows;                          /* at least 2 */
    const struct draw_plot_layer *layers; /* the lowest first */
    size_t layer_count;
    const char *marks; /* as above */
    bool colour;
};

/* As snprintf: the same lines. A cell is of the part that is in the middle of it. */
size_t draw_plot_stack(const struct draw_plot_stack *stack, char *buf, size_t size);

#endif
