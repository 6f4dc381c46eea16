/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/access/profile_option.h"

#include <string.h>
#include <unistd.h>

#include "app/ballast/access/own_profile.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "edge/calibration/calibration.h"

/* A command has one profile, which it needs to its end. */
static struct calibration *loaded;

/* As a start is admitted by, whatever is asked of it. */
static int own_profile(const struct cli_args *args, const struct ballast_profile **out)
{
    struct cli_own_profile own;
    struct host_access access;
    int rc = host_access_sample(&access, NULL);
    if (rc)
        return rc;
    cli_own_profile_of_access(&own, &access);
    host_access_close(&access);
    *out = own.profile;
    return own.profile ? CLI_DONE
                       : cli_args_wrong(args, "--profile host: this host has none of its own; "
                                              "'ballast calibrate' makes one");
}

const char *cli_profile_name(size_t i)
{
    const struct ballast_profile *profile = ballast_profile_at(i);
    return profile ? ballast_profile_name(profile) : NULL;
}

int cli_profile_option(const struct cli_args *args, const char *value,
                       const struct ballast_profile **out)
{
    struct calibration *calibration;
    struct ballast_error err;
    *out = ballast_profile_find(value);
    if (*out)
        return CLI_DONE;
    if (access(value, F_OK) != 0 && strcmp(value, "host") == 0)
        return own_profile(args, out);
    if (access(value, F_OK) != 0)
        return cli_args_wrong(args, "there is no profile '%s' ('ballast profiles' lists them)",
                              value);
    if (calibration_read(value, FILE_ANY, &calibration, &err) < 0) {
        cli_error("%s", err.text);
        return CLI_BAD;
    }
    calibration_free(loaded);
    loaded = calibration;
    *out = loaded->profile;
    return CLI_DONE;
}

const struct calibration *cli_profile_option_file(const struct ballast_profile *profile)
{
    return loaded && loaded->profile == profile ? loaded : NULL;
}
