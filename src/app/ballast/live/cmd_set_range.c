/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast set-range */
#include <inttypes.h>
#include <stdio.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/live/change.h"

enum { OPTION_FORCE = CLI_CHANGE_OPTIONS };

static const struct cli_option set_range_options[] = {
    CLI_CHANGE_ROWS,
    [OPTION_FORCE] = {"force", NULL, "even with a MAX below the guest's floor, where it may crash"},
    {NULL, NULL, NULL},
};

struct set_range {
    struct cli_change change;
    const char *domain;
    uint64_t range_kib[2];
};

static int make_set_range(void *context)
{
    struct set_range *set = context;
    struct json_object *params = cli_params();
    cli_params_u64(params, "min_kib", set->range_kib[0]);
    cli_params_u64(params, "max_kib", set->range_kib[1]);
    if (set->change.force)
        cli_params_bool(params, "force", true);
    return cli_change_call(&set->change, "set-range", params);
}

static void print_set_range(const void *context)
{
    const struct set_range *set = context;
    uint64_t target_kib = set->change.domain.whole_target_kib;
    cli_change_print(&set->change);
    if (target_kib != BALLAST_NONE &&
        (target_kib < set->range_kib[0] || target_kib > set->range_kib[1]))
        printf("its target, %" PRIu64 " KiB, is outside; %s\n", target_kib,
               set->change.beside_daemon ? "the balancer moves it"
                                         : "no daemon runs that moves it");
}

static int take_force(struct cli_change *change, int option)
{
    change->force |= option == OPTION_FORCE;
    return CLI_DONE;
}

static int set_range_main(struct cli_args *args)
{
    struct set_range set = {.change = {.args = args}};
    int rc = cli_change_parse(&set.change, args, take_force, "it takes a DOMAIN, a MIN and a MAX",
                              &set.domain, set.range_kib, 2);
    return rc ? rc : cli_change_run(&set.change, set.domain, make_set_range, print_set_range, &set);
}

const struct cli_command cmd_set_range = {
    .name = "set-range",
    .summary = "say within what a running domain may be moved",
    .operands = "DOMAIN MIN MAX",
    .text = "Sets the dynamic range of a domain, in which a balancer may move its target.\n"
            "Sizes are as 512M, 1.5G or, of its static maximum, 50%. Exit status 1: refused.",
    .options = set_range_options,
    .run = set_range_main,
};
