/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pause and resume have in common. */
#ifndef APP_BALLAST_LIVE_BALANCING_H
#define APP_BALLAST_LIVE_BALANCING_H

#include "app/ballast/cli/args.h"

/* Calls the method "pause" or "resume" for the one DOMAIN of `args`, or for all balancing. */
int cli_balancing_switch(struct cli_args *args, const char *method);

#endif
