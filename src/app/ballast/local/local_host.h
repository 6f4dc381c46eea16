/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host, the lock and the ledger that an engine in this process works on. */
#ifndef APP_BALLAST_LOCAL_LOCAL_HOST_H
#define APP_BALLAST_LOCAL_LOCAL_HOST_H

#include "app/ballast/access/host_access.h"

struct engine_config;
struct hv;

struct cli_local_host {
    struct hv *hv;             /* NULL: an engine has it */
    struct host_access access; /* without its host: the lock */
    char *state_dir;           /* NULL: there is none */
};

/*
 * `which` as --host has it; what is `dry` only looks. cli_local_host_close() closes it, also where
 * it failed to open; but an engine takes over the host and *config. Failures are told.
 */
int cli_local_host_open(struct cli_local_host *out, const char *which, bool dry,
                        struct engine_config *config);
void cli_local_host_close(struct cli_local_host *local);

#endif
