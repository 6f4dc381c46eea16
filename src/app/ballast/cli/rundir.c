/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/rundir.h"

#include <stdlib.h>

const char *cli_run_dir(const char *option)
{
    if (option)
        return option;
    return cli_run_dir_is_named() ? getenv(CLI_RUN_DIR_ENV) : CLI_RUN_DIR;
}

bool cli_run_dir_is_named(void)
{
    const char *environment = getenv(CLI_RUN_DIR_ENV);
    return environment && *environment;
}
