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

/* For the row of the option, --watch[=T]. */
#define CLI_WATCH_HELP "sample again each T (1s), and tell what changes"

struct cli_view {
    bool watch;
    bool whole; /* --watch shows each look in full */
    uint64_t interval_usec;
    /* How rows are sorted, and in which columns changes are printed. Both calls below may set it.
     */
    const struct cli_choice *choice;
    /* What the last refresh found; and that in full, sorted. Both return an exit status. */
    int (*fill)(void *context, const struct host_access *access, struct cli_sheet *out);
    int (*show)(void *context, const struct host_access *access, const struct cli_sheet *sheet);
};

/* Takes --watch with its T, or without. CLI_BAD with a message. */
int cli_view_watch(const struct cli_args *args, struct cli_view *view);

/*
 * Looks, fills and shows; with `watch` until a signal comes, or to the end of a scenario. Each look
 * behind the first one begins with an empty line.
 */
int cli_view_run(const struct cli_view *view, struct host_access *access, void *context);

#endif
