/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past as a picture, as characters and as figures, on standard output. */
#ifndef APP_BALLAST_HISTORY_PAST_DRAW_H
#define APP_BALLAST_HISTORY_PAST_DRAW_H

#include "app/ballast/history/past.h"

void cli_past_svg(const struct cli_past *past);
void cli_past_plot(const struct cli_past *past, bool colour);
void cli_past_table(const struct cli_past *past);
/* How many columns a plot has on this terminal. */
uint64_t cli_past_columns(void);
/* A line an event: when, and the sentence; `name` puts the domain's before it. */
void cli_past_print_event(const struct json_object *event, int64_t offset_usec, bool name);

#endif
