/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The value of --profile: a profile of ours by its name, or the file of a host that was calibrated.
 */
#ifndef APP_BALLAST_PROFILE_OPTION_H
#define APP_BALLAST_PROFILE_OPTION_H

#include <ballast/profile.h>

#include "app/ballast/args.h"

/* *out lives until the next call. CLI_BAD, with a message, where there is no such. */
int cli_profile_option(const struct cli_args *args, const char *value,
                       const struct ballast_profile **out);

#endif
