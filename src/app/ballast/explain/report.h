/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How one guest is shown to people. All of it goes to standard output. */
#ifndef APP_BALLAST_EXPLAIN_REPORT_H
#define APP_BALLAST_EXPLAIN_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include <ballast/breakdown.h>

#include "core/model/breakdown.h"

struct guestcfg_remarks;

/* A guest with its figures. */
struct cli_figures {
    const char *name;  /* as it is */
    const char *shown; /* for people's eyes */
    const char *profile_name;
    struct ballast_breakdown breakdown;
    const struct guestcfg_remarks *remarks; /* NULL: none */
};

/* The diagram alone, and as a picture. */
void cli_report_draw(const struct ballast_breakdown *breakdown, bool colour);
void cli_report_svg(const struct ballast_breakdown *breakdown, const char *name);
/* A diagram, how need comes about, and what is unusual. */
void cli_report_diagram(const struct cli_figures *figures, bool colour);
/* Every segment and span in KiB, pages and MiB with what sets it, and the same below. */
void cli_report_table(const struct cli_figures *figures);
/* One guest under several profiles, side by side, with the difference of each to the first. */
void cli_report_compare(const struct cli_figures *figures, size_t count);

#endif
