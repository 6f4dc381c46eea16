/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the daemon's sockets are. */
#ifndef APP_BALLAST_CLI_RUNDIR_H
#define APP_BALLAST_CLI_RUNDIR_H

#include <stdbool.h>

#define CLI_RUN_DIR      "/run/ballast"
#define CLI_RUN_DIR_ENV  "BALLAST_RUN_DIR"
#define CLI_RUN_DIR_HELP "the daemon's sockets, if not /run/ballast"

/* `option` (what --run-dir says) if not NULL, else the environment's, else CLI_RUN_DIR. */
const char *cli_run_dir(const char *option);
/* Whether the environment names one. */
bool cli_run_dir_is_named(void);

#endif
