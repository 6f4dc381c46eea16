/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The screen for a state, in cells. */
#ifndef APP_TOP_LAYOUT_H
#define APP_TOP_LAYOUT_H

#include "app/top/cells.h"
#include "app/top/state.h"

enum { TOP_LEAST_COLUMNS = 70, TOP_LEAST_ROWS = 15 };

/*
 * Arranges the state for a screen of that size and draws it; one that is too small only says so.
 * Corrects scrolling beyond the end. -ENOMEM.
 */
int top_draw(struct top_state *state, struct top_cells *cells);

/* The parts, for layout.c alone. Each gets the rows from `row` on and returns the next free one. */
unsigned top_draw_host(const struct top_host *host, struct top_cells *cells, unsigned row);
/* The same without drawing. */
unsigned top_host_rows(const struct top_host *host, unsigned columns);
unsigned top_draw_guests(const struct top_state *state, struct top_cells *cells, unsigned row,
                         unsigned rows);
/* Whole pages of text, `rows` of them from `row` on; how many lines there are in all. */
size_t top_draw_guest(const struct top_state *state, struct top_cells *cells, unsigned row,
                      unsigned rows);
size_t top_draw_help(const struct top_state *state, struct top_cells *cells, unsigned row,
                     unsigned rows);

#endif
