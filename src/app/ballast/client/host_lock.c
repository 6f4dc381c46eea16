/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/client/host_lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/time.h"
#include "edge/lock/lock.h"

/* Together 2 s: most commands are done by then, those that only read in any case. */
enum { TRIES = 100, RETRY_USEC = 20000 };

static void report_holder(const struct lock_holder *holder)
{
    if (strcmp(holder->what, LOCK_DAEMON) == 0)
        cli_error("ballastd (process %ld) manages this host's memory: leave out '--host xen', so "
                  "that the command goes through it, or stop it first",
                  (long)holder->pid);
    else if (holder->pid > 0)
        cli_error("process %ld (%s) is changing this host's memory: try again when it is done "
                  "(it holds %s)",
                  (long)holder->pid, holder->what, holder->path);
    else
        cli_error("another process is changing this host's memory: try again when it is done "
                  "(it holds %s)",
                  holder->path);
}

static int take_as(const char *command, struct lock_holder *holder, struct ballast_error *err)
{
    char what[LOCK_WHAT];
    (void)snprintf(what, sizeof(what), "ballast%s%s", command ? " " : "", command ? command : "");
    return lock_take(LOCK_XEN_DIR, what, holder, err);
}

int cli_host_lock_take(int *fd, const char *command, enum cli_host_lock_purpose purpose)
{
    struct ballast_error err;
    struct lock_holder holder;
    int taken = take_as(command, &holder, &err);
    for (int i = 0; i < TRIES && taken == -EWOULDBLOCK && purpose == CLI_HOST_LOCK_ALONE &&
                    strcmp(holder.what, LOCK_DAEMON) != 0;
         i++) {
        cli_sleep(RETRY_USEC);
        taken = take_as(command, &holder, &err);
    }
    if (taken >= 0) {
        *fd = taken;
        return CLI_DONE;
    }
    if (taken == -EWOULDBLOCK && purpose == CLI_HOST_LOCK_WATCH &&
        strcmp(holder.what, LOCK_DAEMON) != 0)
        return CLI_DONE;
    if (taken == -EWOULDBLOCK)
        report_holder(&holder);
    else
        cli_error("%s; the lock in it is taken before this host is changed", err.text);
    return CLI_UNREACHABLE;
}
