/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each part of a breakdown is set through in the toolstack whose rules a profile follows. */
#ifndef APP_BALLAST_EXPLAIN_LEGEND_H
#define APP_BALLAST_EXPLAIN_LEGEND_H

#include <ballast/breakdown.h>

/* "" where nothing sets it by itself, or the profile's toolstack is not known. */
const char *cli_legend_segment(const char *profile_name, enum ballast_guest_type type,
                               enum ballast_segment segment);
const char *cli_legend_span(const char *profile_name, enum ballast_span span);
/* A line under the table that explains the words in it, or NULL. */
const char *cli_legend_footnote(const char *profile_name);

#endif
