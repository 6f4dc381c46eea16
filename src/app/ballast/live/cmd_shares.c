/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast shares */
#include <inttypes.h>
#include <stdio.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/client/daemon_request.h"

static const struct cli_option shares_options[] = {
    CLI_REQUEST_ROWS("print the daemon's answer"),
    {NULL, NULL, NULL},
};

static void print_shares(const struct json_object *result)
{
    uint64_t shares = json_field_u64(result, "shares");
    printf("shares %" PRIu64 "%s\n", shares, shares == 0 ? ": it is not balanced" : "");
}

static int shares_main(struct cli_args *args)
{
    struct cli_daemon_request request = {.args = args};
    size_t count;
    if (cli_daemon_request_options(&request))
        return CLI_BAD;
    char **operands = cli_args_operands(args, &count);
    if (count != 2)
        return cli_args_wrong(args, "name a DOMAIN and a number of shares");
    uint64_t shares;
    if (!cli_args_number(operands[1], 0, INT64_MAX, &shares))
        return cli_args_wrong(args,
                              "invalid shares '%s': use a whole number; 1000 is usual, 2000 "
                              "weighs twice as much, 0 excludes the domain",
                              operands[1]);
    struct json_object *params = cli_params();
    cli_params_domain(params, "domain", operands[0]);
    cli_params_u64(params, "shares", shares);
    return cli_daemon_request_call(&request, "set-shares", params, print_shares);
}

const struct cli_command cmd_shares = {
    .name = "shares",
    .summary = "set the weight of a domain relative to the others",
    .operands = "DOMAIN N",
    .text = "1000 is usual, 2000 weighs twice as much, 0 excludes the domain from balancing.\n"
            "The setting belongs to the domain's uuid.",
    .options = shares_options,
    .run = shares_main,
};
