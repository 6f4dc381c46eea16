/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast resume */
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/live/balancing.h"

static const struct cli_option resume_options[] = {
    CLI_REQUEST_ROWS("what the daemon answers"),
    {NULL, NULL, NULL},
};

static int resume_main(struct cli_args *args)
{
    return cli_balancing_switch(args, "resume");
}

const struct cli_command cmd_resume = {
    .name = "resume",
    .summary = "go on balancing",
    .operands = "[DOMAIN]",
    .text = "All of it, or one domain; those that were paused alone stay so.",
    .options = resume_options,
    .run = resume_main,
};
