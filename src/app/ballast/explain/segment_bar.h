/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The breakdown of a guest as a bar in a line of a table: a letter a segment, as in `ballast top`.
 */
#ifndef APP_BALLAST_EXPLAIN_SEGMENT_BAR_H
#define APP_BALLAST_EXPLAIN_SEGMENT_BAR_H

#include <stdbool.h>

#include <ballast/breakdown.h>

enum { CLI_SEGMENT_BAR = 256 };

void cli_segment_bar(const struct ballast_breakdown *breakdown, bool colour,
                     char out[CLI_SEGMENT_BAR]);
/* What the letters mean, in lines of at most 80 columns. */
void cli_segment_bar_legend(void);

#endif
