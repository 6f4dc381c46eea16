/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command that shows what a host has now, once or, with --watch, for as long as it is let. Then
 * it tells what has changed, in plain lines made to be read aloud.
 */
#ifndef APP_BALLAST_ACCESS_VIEW_H
#define APP_BALLAST_ACCESS_VIEW_H

#include "app/ballast/access/host_access.h"
#include "app/ballast/cli/sheet.h"

struct cli_args;

/* For the rows of the two options. */
#define CLI_WATCH_HELP    "go on, and tell what changes, line by line"
#define CLI_INTERVAL_HELP "between two looks of --watch (default 1s)"

struct cli_view {
    bool watch;
    bool whole; /* --watch shows each look in full */
    uint64_t interval_usec;
    /* How rows are sorted, and in which columns changes are told. Both calls below may set it. */
    const struct cli_choice *choice;
    /* What the last refresh found; and that in full, sorted. Both return an exit status. */
    int (*fill)(void *context, const struct host_access *access, struct cli_sheet *out);
    int (*show)(void *context, const struct host_access *access, const struct cli_sheet *sheet);
};

/* Takes the argument of --interval. CLI_BAD with a message. */
int cli_view_interval(const struct cli_args *args, uint64_t *out_usec);

/*
 * Looks, fills and shows; with `watch` until a signal comes, or to the end of a scenario. Each look
 * behind the first one begins with an empty line.
 */
int cli_view_run(const struct cli_view *view, struct host_access *access, void *context);

#endif
