/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `ballast explain` was asked: of guests in files, or of domains that run. */
#ifndef APP_BALLAST_EXPLAIN_EXPLAIN_H
#define APP_BALLAST_EXPLAIN_EXPLAIN_H

#include <stdbool.h>

#include "app/ballast/access/view.h"
#include "app/ballast/explain/guests.h"
#include "core/model/profile.h"

struct cli_args;

enum cli_explain_form {
    CLI_EXPLAIN_DEFAULT,
    CLI_EXPLAIN_DIAGRAM,
    CLI_EXPLAIN_TABLE,
    CLI_EXPLAIN_JSON,
    CLI_EXPLAIN_SVG
};

struct cli_explain {
    const struct cli_args *args;
    enum cli_explain_form form;
    const struct ballast_profile *profile; /* NULL: each guest's own */
    bool all_profiles;
    const char *only;
    const char *domain; /* NULL: the guests are in files, unless an operand is not a file */
    bool all;           /* every domain that runs */
    const char *host;   /* as --host has it; NULL: none */
    bool colour;
    bool has_columns; /* some were asked for: then each form but the table was refused */
    struct cli_choice choice;
    struct cli_view view;
    struct cli_sources sources; /* the operands, and the rules to compute by */
};

/* An exit status, with a message on failure. */
int cli_explain_files(struct cli_explain *explain);
/* The domains that are named or all; the access is the caller's. */
int cli_explain_running(struct cli_explain *explain, struct host_access *access);

#endif
