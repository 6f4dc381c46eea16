/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/profile_option.h"

#include <unistd.h>

#include "app/ballast/commands.h"
#include "app/ballast/output.h"
#include "edge/calibration/calibration.h"

/* A command has one profile, which it needs to its end. */
static struct calibration *loaded;

int cli_profile_option(const struct cli_args *args, const char *value,
                       const struct ballast_profile **out)
{
    struct calibration *calibration;
    struct ballast_error err;
    *out = ballast_profile_find(value);
    if (*out)
        return CLI_DONE;
    if (access(value, F_OK) != 0)
        return cli_args_wrong(args, "there is no profile '%s' ('ballast profiles' lists them)",
                              value);
    if (calibration_read(value, &calibration, &err) < 0) {
        cli_complain("%s", err.text);
        return CLI_BAD;
    }
    calibration_free(loaded);
    loaded = calibration;
    *out = loaded->profile;
    return CLI_DONE;
}
