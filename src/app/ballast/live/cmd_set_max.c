/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast set-max */
#include <inttypes.h>

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

/* 77bbea1baf, with 4.17: before it libxl left memory/static-max as it was. */
static bool writes_static_max(struct host_access *access)
{
    struct xen_version version;
    if (!access->is_xen || xen_version(access->hv, &version, NULL) < 0)
        return access->is_xen;
    return version.major > 4 || (version.major == 4 && version.minor >= 17);
}

static int plan_set_max(struct set_max *set)
{
    struct ballast_error err;
    struct ballast_target_domain domain;
    struct ballast_target_plan plan;
    struct cli_change *change = &set->change;
    int rc = host_access_target_domain(&change->access, &change->domain, &domain, &err);
    if (rc == 0)
        rc = ballast_plan_maximum(&domain, set->kib, writes_static_max(&change->access), &plan,
                                  &err);
    if (rc < 0)
        return cli_change_refuse(change, rc, err.text);
    cli_change_plan(change, &plan);
    return CLI_DONE;
}

static int apply_set_max(struct set_max *set)
{
    struct ballast_error err;
    struct ballast_target_plan done;
    struct cli_change *change = &set->change;
    struct hv *hv = change->access.hv;
    uint32_t id = change->domain.is.id;
    int rc = !change->access.is_xen
                 ? hv->ops->set(hv, id, BALLAST_NONE, change->after.maximum_kib, &err)
                 : xen_set_maximum(hv, id, change->way, set->kib, &done, &err);
    if (rc < 0)
        return cli_change_refuse(change, rc, err.text);
    return cli_change_look(change);
}

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
    int rc = plan_set_max(set);
    if (rc)
        return rc;
    warn_of_hotplug(set);
    return set->change.dry ? CLI_DONE : apply_set_max(set);
}

static void print_set_max(const void *context)
{
    const struct set_max *set = context;
    cli_change_print(&set->change);
}

static int set_max_main(struct cli_args *args)
{
    struct set_max set = {.change = {.args = args}};
    int rc = cli_change_parse(&set.change, args, OPTION_BACKEND, "it takes a DOMAIN and a SIZE",
                              &set.domain, &set.kib, 1);
    return rc ? rc : cli_change_run(&set.change, set.domain, make_set_max, print_set_max, &set);
}

const struct cli_command cmd_set_max = {
    .name = "set-max",
    .summary = "give a running domain another maximum",
    .operands = "DOMAIN SIZE",
    .text = "Sets what a domain can ever have, as 'xl mem-max' does. SIZE is in MiB, or has\n"
            "K, M, G or T at its end. Exit status 1: refused.",
    .options = set_max_options,
    .run = set_max_main,
};
