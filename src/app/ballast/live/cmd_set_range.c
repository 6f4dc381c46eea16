/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast set-range */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/live/change.h"

static const struct cli_option set_range_options[] = {
    CLI_CHANGE_ROWS,
    {NULL, NULL, NULL},
};

struct set_range {
    struct cli_change change;
    const char *domain;
    uint64_t min_kib;
    uint64_t max_kib;
};

static int check_set_range(const struct set_range *set)
{
    char text[CLI_MESSAGE] = "";
    uint64_t static_kib = set->change.before.static_max_kib;
    if (set->change.access.hv->stepped)
        (void)snprintf(text, sizeof(text), "on a simulated host ranges are what the scenario says");
    else if (set->min_kib > set->max_kib)
        (void)snprintf(text, sizeof(text),
                       "the minimum, %" PRIu64 " KiB, is above the maximum, %" PRIu64
                       " KiB: the smaller one first would be right",
                       set->min_kib, set->max_kib);
    else if (static_kib != BALLAST_NONE && set->max_kib > static_kib)
        (void)snprintf(text, sizeof(text),
                       "the maximum, %" PRIu64 " KiB, is above the static maximum, %" PRIu64
                       " KiB, which the guest was built for: at most that would be right",
                       set->max_kib, static_kib);
    return *text ? cli_change_refuse(&set->change, -EINVAL, text) : CLI_DONE;
}

static int apply_set_range(struct set_range *set)
{
    struct ballast_error err;
    struct cli_change *change = &set->change;
    struct hv *hv = change->access.hv;
    uint32_t id = change->domain.is.id;
    int rc = change->access.is_daemon
                 ? host_access_daemon_set_range(hv, id, set->min_kib, set->max_kib, &err)
                 : xen_set_range(hv, id, set->min_kib, set->max_kib, &err);
    if (rc < 0)
        return cli_change_refuse(change, rc, err.text);
    return cli_change_look(change);
}

static int make_set_range(void *context)
{
    struct set_range *set = context;
    int rc = check_set_range(set);
    set->change.after.dynamic_min_kib = set->min_kib;
    set->change.after.dynamic_max_kib = set->max_kib;
    return rc || set->change.dry ? rc : apply_set_range(set);
}

static void print_set_range(const void *context)
{
    const struct set_range *set = context;
    uint64_t target_kib = set->change.domain.whole_target_kib;
    cli_change_print(&set->change);
    if (target_kib != BALLAST_NONE && (target_kib < set->min_kib || target_kib > set->max_kib))
        printf("its target, %" PRIu64 " KiB, is outside; whoever balances the host moves it\n",
               target_kib);
}

static int set_range_main(struct cli_args *args)
{
    struct set_range set = {.change = {.args = args}};
    uint64_t range_kib[2] = {0};
    int rc = cli_change_parse(&set.change, args, -1, "it takes a DOMAIN, a MIN and a MAX",
                              &set.domain, range_kib, 2);
    set.min_kib = range_kib[0];
    set.max_kib = range_kib[1];
    return rc ? rc : cli_change_run(&set.change, set.domain, make_set_range, print_set_range, &set);
}

const struct cli_command cmd_set_range = {
    .name = "set-range",
    .summary = "say within what a running domain may be moved",
    .operands = "DOMAIN MIN MAX",
    .text = "Sets the dynamic range of a domain, in which a balancer may move its target.\n"
            "Sizes are in MiB, or have K, M, G or T at their end. Exit status 1: refused.",
    .options = set_range_options,
    .run = set_range_main,
};
