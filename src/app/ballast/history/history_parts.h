/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host was made of over time; for a history that has parts. */
#ifndef APP_BALLAST_HISTORY_HISTORY_PARTS_H
#define APP_BALLAST_HISTORY_HISTORY_PARTS_H

#include "app/ballast/history/history.h"
#include "core/draw/chart.h"

/* The part in characters, one on the other; `marks` is a character a step. Then what each is now.
 */
void cli_history_parts_plot(const struct cli_history *history, const char *marks, size_t rows,
                            bool colour);
/* The parts that were ever there, in MiB: rounded so that each line sums to its total. */
void cli_history_parts_table(const struct cli_history *history);
/* Layers of a picture, the lowest first, over the arrays of the history; how many. */
size_t cli_history_parts_layers(const struct cli_history *history,
                                struct chart_layer out[BALLAST_PARTS]);

#endif
