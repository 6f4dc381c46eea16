/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host, the lock and the ledger that an engine in this process works on. */
#ifndef APP_BALLAST_LOCAL_LOCAL_HOST_H
#define APP_BALLAST_LOCAL_LOCAL_HOST_H

#include <stdbool.h>

#include "app/ballast/access/host_access.h"

struct cli_local_options;
struct engine_config;
struct hv;

struct cli_local_host {
    struct hv *hv;             /* NULL: an engine has it */
    struct host_access access; /* without its host: the lock */
    char *state_dir;           /* NULL: there is none */
    bool keeps;                /* there is a place for one */
};

/*
 * Closed by cli_local_host_close(), also where it failed to open; but an engine takes over the host
 * and *config. Failures have a message.
 */
int cli_local_host_open(struct cli_local_host *out, const struct cli_local_options *options,
                        struct engine_config *config);
void cli_local_host_close(struct cli_local_host *local);

#endif
