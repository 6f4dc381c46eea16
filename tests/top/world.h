/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host with a given number of guests, as a daemon's answers, and a screen as text. */
#ifndef TESTS_TOP_WORLD_H
#define TESTS_TOP_WORLD_H

#include "app/top/cells.h"
#include "app/top/state.h"

/* Characters are as wide as in a UTF-8 locale; every test begins with it. */
void world_locale(void);
/* Fills the state's host: dom0 and count - 1 guests of every kind, and some events. */
void world_fill(struct top_state *state, size_t count);
/* A line a row, blanks at its end left out. The caller's. */
char *world_text(const struct top_cells *cells);
/* The same with a letter a style. */
char *world_styles(const struct top_cells *cells);
/* What a screen of that size shows, drawn as it is; `text` as above. */
char *world_screen(struct top_state *state, unsigned columns, unsigned rows);

#endif
