/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/rundir.h"

#include <stdlib.h>

const char *cli_run_dir(const char *option)
{
    if (option)
        return option;
    const char *environment = getenv(CLI_RUN_DIR_ENV);
    return environment && *environment ? environment : CLI_RUN_DIR;
}
