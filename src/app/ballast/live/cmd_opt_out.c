/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast opt-out */
#include <stdio.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/client/daemon_request.h"

static const struct cli_option opt_out_options[] = {
    CLI_REQUEST_ROWS("print the daemon's answer"),
    {NULL, NULL, NULL},
};

static void print_opt_out(const struct json_object *result)
{
    puts(json_field_bool(result, "opted_out")
             ? "it is no longer balanced; reserved memory stays protected from it"
             : "it is balanced");
}

static int opt_out_main(struct cli_args *args)
{
    struct cli_daemon_request request = {.args = args};
    size_t count;
    bool on = false;
    if (cli_daemon_request_options(&request))
        return CLI_BAD;
    char **operands = cli_args_operands(args, &count);
    if (count != 2)
        return cli_args_wrong(args, "name a DOMAIN, and on or off");
    if (cli_daemon_request_switch(&request, operands[1], &on))
        return CLI_BAD;
    struct json_object *params = cli_params();
    cli_params_domain(params, "domain", operands[0]);
    cli_params_bool(params, "on", on);
    return cli_daemon_request_call(&request, "opt-out", params, print_opt_out);
}

const struct cli_command cmd_opt_out = {
    .name = "opt-out",
    .summary = "exclude a domain from balancing, or include it again",
    .operands = "DOMAIN on|off",
    .text = "With 'on' the balancer never changes its target, but still sets its xen maximum.\n"
            "The setting belongs to the domain's uuid.",
    .options = opt_out_options,
    .run = opt_out_main,
};
