/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast profiles */
#include <stdbool.h>
#include <stdio.h>

#include <ballast/cost.h>
#include <ballast/profile.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/cli/values.h"

enum { OPTION_JSON };

static const struct cli_option profiles_options[] = {
    [OPTION_JSON] = {"json", NULL, "an object per line instead of a table"},
    {NULL, NULL, NULL},
};

static void print_profiles_json(void)
{
    const struct ballast_profile *profile;
    for (size_t i = 0; (profile = ballast_profile_at(i)) != NULL; i++) {
        struct json_object *object = cli_json_object();
        cli_json_string(object, "name", ballast_profile_name(profile));
        cli_json_string(object, "summary", ballast_profile_summary(profile));
        cli_json_bool(object, "default", i == 0);
        enum ballast_sureness sure;
        bool exact = ballast_profile_exact(profile, &sure);
        cli_json_bool(object, "exact", exact);
        if (exact)
            cli_json_string(object, "sure", ballast_sureness_name(sure));
        cli_json_print(object);
    }
}

static void print_profiles_table(void)
{
    const struct ballast_profile *profile;
    struct cli_table table;
    cli_table_init(&table, 2, 3);
    for (size_t i = 0; (profile = ballast_profile_at(i)) != NULL; i++) {
        cli_table_add(&table, "%s", ballast_profile_name(profile));
        cli_table_add(&table, "%s%s", ballast_profile_summary(profile), i ? "" : " (default)");
    }
    cli_table_print(&table);
    cli_table_release(&table);
}

static int profiles_main(struct cli_args *args)
{
    bool json = false;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        json |= option == OPTION_JSON;
    }
    int rc = cli_args_no_operands(args, NULL);
    if (rc)
        return rc;
    if (json)
        print_profiles_json();
    else
        print_profiles_table();
    return CLI_DONE;
}

const struct cli_command cmd_profiles = {
    .name = "profiles",
    .summary = "list the sets of rules by which figures are computed",
    .operands = "",
    .text = "Lists the profiles that --profile takes, the default one first.",
    .options = profiles_options,
    .run = profiles_main,
};
