/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The value of --profile: a profile of ours by its name, or the file of a host that was calibrated.
 */
#ifndef APP_BALLAST_ACCESS_PROFILE_OPTION_H
#define APP_BALLAST_ACCESS_PROFILE_OPTION_H

#include <ballast/profile.h>

#include "app/ballast/cli/args.h"

struct calibration;

/* For the row of the option: the profiles that have a name, one by one. */
const char *cli_profile_name(size_t i);

/*
 * "host" is this very host's own (own_profile.h), and a failure where it has none. *out lives until
 * the next call. CLI_BAD or CLI_UNREACHABLE, with a message, where there is no such.
 */
int cli_profile_option(const struct cli_args *args, const char *value,
                       const struct ballast_profile **out);

/* What was read where the profile is of a file that --profile named; else NULL. */
const struct calibration *cli_profile_option_file(const struct ballast_profile *profile);

#endif
