/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several guests or domains side by side, a line each: the table of `ballast explain`. */
#ifndef APP_BALLAST_EXPLAIN_OVERVIEW_H
#define APP_BALLAST_EXPLAIN_OVERVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/breakdown.h>

#include "app/ballast/cli/sheet.h"

struct cli_domain;

/* What there is to tell of one; the strings live as long as the call. */
struct cli_overview_line {
    const char *shown;
    const char *type;
    const char *profile_name;
    const struct cli_domain *domain;           /* NULL: it does not run */
    const struct ballast_breakdown *breakdown; /* NULL: its figures cannot be computed */
};

extern const struct cli_column cli_overview_columns[];

/* One more row of a sheet of these columns. `colour` is for its bar. */
void cli_overview_add(struct cli_sheet *sheet, const struct cli_overview_line *line, bool colour);

/* Where nothing was chosen, of guests in files, of domains that run, and of one that is watched. */
void cli_overview_choose(const struct cli_sheet *sheet, bool running, struct cli_choice *choice);
void cli_overview_choose_changing(struct cli_choice *choice);

/* A title, the lines, and of several their sums: CLI_BAD with a message beyond 64 bits. */
int cli_overview_print(const struct cli_sheet *sheet, bool running,
                       const struct cli_choice *choice);

#endif
