/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/access/view.h"

#include <stdio.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/interrupt.h"
#include "app/ballast/cli/output.h"
#include "core/base/units.h"

/* As `ballast record`: a look costs a real host a hundredth of that. */
#define SHORTEST_USEC UINT64_C(10000)

int cli_view_watch(const struct cli_args *args, struct cli_view *view)
{
    view->watch = true;
    view->interval_usec = BALLAST_SEC_USEC;
    if (!args->value)
        return CLI_DONE;
    if (cli_args_time(args, &view->interval_usec))
        return CLI_BAD;
    if (view->interval_usec < SHORTEST_USEC)
        return cli_args_wrong(args, "--watch=%s: use 10ms or more", args->value);
    return CLI_DONE;
}

static int sample_view(const struct cli_view *view, struct host_access *access, void *context,
                       struct cli_sheet *out)
{
    int rc = host_access_refresh(access);
    if (!rc)
        rc = view->fill(context, access, out);
    if (!rc)
        cli_sheet_sort(out, view->choice);
    return rc;
}

static int print_changes(const struct cli_view *view, const struct host_access *access,
                         void *context, const struct cli_sheet *before, const struct cli_sheet *now)
{
    putchar('\n');
    if (view->whole)
        return view->show(context, access, now);
    if (cli_sheet_print_changes(before, now, view->choice) == 0)
        puts("nothing has changed");
    return CLI_DONE;
}

static int watch_view(const struct cli_view *view, struct host_access *access, void *context,
                      struct cli_sheet *before)
{
    uint64_t waited_usec = 0;
    int rc = CLI_DONE;
    cli_interrupt_catch();
    while (rc == CLI_DONE && fflush(stdout) == 0 && !cli_interrupted()) {
        struct cli_sheet now = {0};
        /* A simulated host does not wait, and its scenario has an end. */
        if (waited_usec >= hv_lasts_usec(access->hv))
            break;
        rc = host_access_wait(access, view->interval_usec);
        waited_usec = ballast_add_ceil(waited_usec, view->interval_usec);
        if (rc || cli_interrupted())
            break;
        rc = sample_view(view, access, context, &now);
        if (!rc)
            rc = print_changes(view, access, context, before, &now);
        cli_sheet_release(before);
        *before = now;
    }
    return rc;
}

int cli_view_run(const struct cli_view *view, struct host_access *access, void *context)
{
    struct cli_sheet sheet = {0};
    if (view->watch && hv_lasts_usec(access->hv) == 0) {
        cli_error("--watch: a file does not change: leave it out");
        return CLI_BAD;
    }
    int rc = sample_view(view, access, context, &sheet);
    if (!rc)
        rc = view->show(context, access, &sheet);
    if (!rc && view->watch)
        rc = watch_view(view, access, context, &sheet);
    cli_sheet_release(&sheet);
    return rc;
}
