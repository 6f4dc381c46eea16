/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The history as a picture, as characters and as figures, on standard output. */
#ifndef APP_BALLAST_HISTORY_HISTORY_DRAW_H
#define APP_BALLAST_HISTORY_HISTORY_DRAW_H

#include "app/ballast/history/history.h"

void cli_history_draw_svg(const struct cli_history *history);
void cli_history_draw_plot(const struct cli_history *history, bool colour);
void cli_history_draw_table(const struct cli_history *history);
/* How many columns a plot has on this terminal. */
uint64_t cli_history_draw_columns(void);
/* A line an event: when, and the sentence; `name` puts the domain's before it. */
void cli_history_print_event(const struct json_object *event, int64_t offset_usec, bool name);

#endif
