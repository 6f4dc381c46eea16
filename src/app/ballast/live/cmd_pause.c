/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast pause */
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/live/balancing.h"

static const struct cli_option pause_options[] = {
    CLI_REQUEST_ROWS("print the daemon's answer"),
    {NULL, NULL, NULL},
};

static int pause_main(struct cli_args *args)
{
    return cli_balancing_switch(args, "pause");
}

const struct cli_command cmd_pause = {
    .name = "pause",
    .summary = "stop balancing",
    .operands = "[DOMAIN]",
    .text = "The balancer changes no more targets, of one domain or of all. Reserved memory\n"
            "stays protected. After a restart the daemon balances again.",
    .options = pause_options,
    .run = pause_main,
};
