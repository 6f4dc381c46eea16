/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a daemon does, done in the process of a command where none runs: the same engine and the
 * same methods, on this Xen host under its lock (client/host_lock.h) and with the ledger of the
 * daemon, or on a simulated host. The command asks it as it asks a daemon.
 */
#ifndef APP_BALLAST_LOCAL_LOCAL_H
#define APP_BALLAST_LOCAL_LOCAL_H

#include <stdbool.h>

#include "app/ballast/client/daemon.h"

struct policy;

enum cli_local_purpose {
    CLI_LOCAL_DRY_RUN, /* changes neither host nor ledger; a file will do as a host */
    CLI_LOCAL_CHANGE,  /* what the methods are asked to change, and nothing else */
    CLI_LOCAL_RECLAIM, /* frees memory for requests, too; no domain grows */
};

struct cli_local_options {
    const char *command;         /* for messages */
    const char *host;            /* as --host has it; NULL: xen */
    const struct policy *policy; /* NULL: the one of the ledger, else of the configuration */
    enum cli_local_purpose purpose;
    bool by_libxl; /* a Xen host is changed by libxl's own calls where there are any */
};

/*
 * Opens it in *out, for cli_daemon_close(). Without a directory for the ledger there is none:
 * nothing is reserved, and nothing that is set is kept. On failure the exit status, with a
 * message; there is nothing to close then.
 */
int cli_local_open(struct cli_daemon *out, const struct cli_local_options *options);
/* Whether what is set (pinned targets, ranges) is kept for a daemon that is started later. */
bool cli_local_is_kept(const struct cli_daemon *daemon);

#endif
