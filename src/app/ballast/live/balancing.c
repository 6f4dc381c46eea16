/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/live/balancing.h"

#include <stdio.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/client/daemon_request.h"

static void print_balancing(const struct json_object *result)
{
    puts(json_field_bool(result, "paused")
             ? "paused: the balancer changes no target; reserved memory stays protected"
             : "balancing");
}

int cli_balancing_switch(struct cli_args *args, const char *method)
{
    struct cli_daemon_request request = {.args = args};
    size_t count;
    if (cli_daemon_request_options(&request))
        return CLI_BAD;
    char **operands = cli_args_operands(args, &count);
    if (count > 1)
        return cli_args_wrong(args,
                              "too many arguments: name one DOMAIN, or none for all balancing");
    struct json_object *params = cli_params();
    if (count == 1)
        cli_params_domain(params, "domain", operands[0]);
    return cli_daemon_request_call(&request, method, params, print_balancing);
}
