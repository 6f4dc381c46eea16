/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast policy */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/daemon_request.h"

static const struct cli_option policy_options[] = {
    CLI_REQUEST_ROWS("the name in use, and all there are"),
    {NULL, NULL, NULL},
};

static void print_policy(const struct json_object *result)
{
    char *now = cli_field_shown(result, "name");
    for (size_t i = 0; i < json_field_count(result, "policies"); i++) {
        struct json_object *item = json_field_at(result, "policies", i);
        char *name = cli_shown(
            json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "-");
        printf("%c %s\n", strcmp(name, now) == 0 ? '*' : ' ', name);
        free(name);
    }
    free(now);
}

static void print_policy_set(const struct json_object *result)
{
    char *name = cli_field_shown(result, "name");
    printf("policy %s\n", name);
    free(name);
}

static int show_policy(struct cli_daemon_request *request)
{
    int rc = cli_daemon_request_open(request, CLI_DAEMON_READS);
    return rc ? rc : cli_daemon_request_call(request, "policy", NULL, print_policy);
}

static int policy_main(struct cli_args *args)
{
    struct cli_daemon_request request = {.args = args};
    size_t count;
    if (cli_daemon_request_options(&request))
        return CLI_BAD;
    char **operands = cli_args_operands(args, &count);
    if (count > 1)
        return cli_args_wrong(args,
                              "too many arguments: write one NAME, or none to list the policies");
    if (count == 0)
        return show_policy(&request);
    struct json_object *params = cli_params();
    cli_params_string(params, "name", operands[0]);
    return cli_daemon_request_call(&request, "set-policy", params, print_policy_set);
}

const struct cli_command cmd_policy = {
    .name = "policy",
    .summary = "show or choose the policy that balances",
    .operands = "[NAME]",
    .text = "Lists the policies, with a star at the one in use. With NAME, the daemon\n"
            "balances by that policy from now on, also after a restart.",
    .options = policy_options,
    .run = policy_main,
};
