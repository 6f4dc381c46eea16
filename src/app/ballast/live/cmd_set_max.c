/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast set-max */
#include <inttypes.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/live/change.h"

enum { OPTION_BACKEND = CLI_CHANGE_OPTIONS };

static const struct cli_option set_max_options[] = {
    CLI_CHANGE_ROWS,
    [OPTION_BACKEND] = {"backend", "NAME", "xen (the default), or libxl: by its own call"},
    {NULL, NULL, NULL},
};

struct set_max {
    struct cli_change change;
    const char *domain;
    uint64_t kib;
};

/* Measured: no hotplug, so the target above what it was built with is never reached. */
static void warn_of_hotplug(const struct set_max *set)
{
    const struct cli_change_state *before = &set->change.before;
    if (before->static_max_kib == BALLAST_NONE || set->kib <= before->static_max_kib)
        return;
    cli_error("set-max: domain %" PRIu32 " (%s) was built for %" PRIu64 " KiB: it can only use "
              "more if its kernel hotplugs memory",
              set->change.domain.is.id, set->change.shown, before->static_max_kib);
}

static int make_set_max(void *context)
{
    struct set_max *set = context;
    struct json_object *params = cli_params();
    cli_params_u64(params, "maxmem_kib", set->kib);
    warn_of_hotplug(set);
    return cli_change_call(&set->change, "set-max", params);
}

static void print_set_max(const void *context)
{
    const struct set_max *set = context;
    cli_change_print(&set->change);
}

static int take_backend(struct cli_change *change, int option)
{
    return option == OPTION_BACKEND ? cli_change_backend(change, change->args->value) : CLI_DONE;
}

static int set_max_main(struct cli_args *args)
{
    struct set_max set = {.change = {.args = args}};
    int rc = cli_change_parse(&set.change, args, take_backend, "it takes a DOMAIN and a SIZE",
                              &set.domain, &set.kib, 1);
    return rc ? rc : cli_change_run(&set.change, set.domain, make_set_max, print_set_max, &set);
}

const struct cli_command cmd_set_max = {
    .name = "set-max",
    .summary = "give a running domain another maximum",
    .operands = "DOMAIN SIZE",
    .text = "Sets what a domain can ever have, as 'xl mem-max' does. SIZE is as 512M,\n"
            "1.5G or, of its static maximum, 50%. Exit status 1: refused.",
    .options = set_max_options,
    .run = set_max_main,
};
