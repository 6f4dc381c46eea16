/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/client/host_lock.h"

#include <errno.h>
#include <string.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "edge/lock/lock.h"

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

int cli_host_lock_take(int *fd, bool looks)
{
    struct ballast_error err;
    struct lock_holder holder;
    int taken = lock_take(LOCK_XEN_DIR, "ballast", &holder, &err);
    if (taken >= 0) {
        *fd = taken;
        return CLI_DONE;
    }
    if (taken == -EWOULDBLOCK && looks && strcmp(holder.what, LOCK_DAEMON) != 0)
        return CLI_DONE;
    if (taken == -EWOULDBLOCK)
        report_holder(&holder);
    else
        cli_error("%s; the lock in it is taken before this host is changed", err.text);
    return CLI_UNREACHABLE;
}
