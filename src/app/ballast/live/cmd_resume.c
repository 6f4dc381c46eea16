/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast resume */
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/live/balancing.h"

static const struct cli_option resume_options[] = {
    CLI_REQUEST_ROWS("print the daemon's answer"),
    {NULL, NULL, NULL},
};

static int resume_main(struct cli_args *args)
{
    return cli_balancing_switch(args, "resume");
}

const struct cli_command cmd_resume = {
    .name = "resume",
    .summary = "resume balancing",
    .operands = "[DOMAIN]",
    .text = "Resumes all balancing, or one domain; domains paused by name stay paused.",
    .options = resume_options,
    .run = resume_main,
};
