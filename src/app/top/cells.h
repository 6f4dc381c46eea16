/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The screen, cell by cell, before it is shown. Texts are cut where they are too long; a question
 * mark replaces what is not a character or would steer a terminal. The width of a character is that
 * of the process's locale (wcwidth()).
 */
#ifndef APP_TOP_CELLS_H
#define APP_TOP_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "app/top/style.h"
#include "edge/term/term.h"

struct top_cells {
    unsigned columns;
    unsigned rows;
    struct term_cell *cell; /* rows x columns */
};

/* Blank, in that size; -ENOMEM leaves it as it was. All zero is an empty one. */
int top_cells_resize(struct top_cells *cells, unsigned columns, unsigned rows);
void top_cells_release(struct top_cells *cells);
void top_cells_clear(struct top_cells *cells);

/*
 * Text at `column` of `row`, at most `width` columns; the last one is ~ where the rest is cut. What
 * is outside of the screen is left out. The columns it took.
 */
unsigned top_put(struct top_cells *cells, unsigned row, unsigned column, unsigned width,
                 enum top_style style, const char *text);
__attribute__((format(printf, 6, 7))) unsigned top_putf(struct top_cells *cells, unsigned row,
                                                        unsigned column, unsigned width,
                                                        enum top_style style, const char *format,
                                                        ...);
/* The same, ending at the last of its columns. */
void top_put_right(struct top_cells *cells, unsigned row, unsigned column, unsigned width,
                   enum top_style style, const char *text);
/* One ASCII character over `width` columns. */
void top_fill(struct top_cells *cells, unsigned row, unsigned column, unsigned width,
              enum top_style style, char fill);
/* Sets the style of `width` cells and leaves their text. */
void top_restyle(struct top_cells *cells, unsigned row, unsigned column, unsigned width,
                 enum top_style style);

/* What top_put() shows of a string, in `out`, cut where it does not fit. */
void top_shown(const char *string, char *out, size_t size);

#endif
