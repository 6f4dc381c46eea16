/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast pause, ballast resume */
#include <stdio.h>

#include "app/ballast/asking.h"
#include "app/ballast/fields.h"

const struct cli_option cli_pause_options[] = {
    CLI_ASKING_ROWS("what the daemon answers"),
    {NULL, NULL, NULL},
};

const struct cli_option cli_resume_options[] = {
    CLI_ASKING_ROWS("what the daemon answers"),
    {NULL, NULL, NULL},
};

static void tell(const struct json_object *result)
{
    puts(cli_field_bool(result, "paused")
             ? "paused: no target is changed; what is promised is still defended"
             : "balancing");
}

static int pause_or_resume(struct cli_args *args, const char *method)
{
    struct cli_asking asking = {.args = args};
    size_t count;
    if (cli_asking_options(&asking))
        return CLI_BAD;
    char **operands = cli_args_operands(args, &count);
    if (count > 1)
        return cli_args_wrong(args, "it takes one DOMAIN, or nothing for all balancing");
    struct json_object *params = cli_params();
    if (count == 1)
        cli_params_domain(params, "domain", operands[0]);
    return cli_asking_change(&asking, method, params, tell);
}

int cli_pause(struct cli_args *args)
{
    return pause_or_resume(args, "pause");
}

int cli_resume(struct cli_args *args)
{
    return pause_or_resume(args, "resume");
}
