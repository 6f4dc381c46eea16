/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/live/change.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "core/base/units.h"

static struct cli_change_state change_state_of(const struct host_access *access,
                                               const struct cli_domain *domain)
{
    const struct hv_domain *is = &domain->is;
    struct cli_change_state state = {
        .target_kib = is->target_kib,
        .static_max_kib = is->static_max_kib,
        .dynamic_min_kib = is->dynamic_min_kib,
        .dynamic_max_kib = is->dynamic_max_kib,
        .maximum_kib = is->max_kib,
        .current_kib = is->tot_kib,
        .pinned_kib = domain->pinned_kib,
    };
    if (access->is_daemon)
        host_access_daemon_pinned_by(access->hv, is->id, state.pinned_by, sizeof(state.pinned_by));
    return state;
}

void cli_change_option(struct cli_change *change, const struct cli_args *args, int option)
{
    change->dry |= option == CLI_CHANGE_DRY_RUN;
    change->json |= option == CLI_CHANGE_JSON;
    if (option == CLI_CHANGE_HOST)
        change->host = args->value;
}

int cli_change_parse(struct cli_change *change, struct cli_args *args, int backend,
                     const char *usage, const char **domain, uint64_t *sizes_kib, size_t count)
{
    struct ballast_error err;
    size_t found;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_change_option(change, args, option);
        if (backend >= 0 && option == backend && cli_change_backend(change, args->value))
            return CLI_BAD;
    }
    char **operands = cli_args_operands(args, &found);
    if (found != 1 + count)
        return cli_args_wrong(args, "%s", usage);
    *domain = operands[0];
    for (size_t i = 0; i < count; i++) {
        if (ballast_size_parse(operands[1 + i], &sizes_kib[i], &err) < 0)
            return cli_args_wrong(args, "%s", err.text);
    }
    return CLI_DONE;
}

int cli_change_run(struct cli_change *change, const char *id_or_name, int (*make)(void *context),
                   void (*tell)(const void *context), void *context)
{
    int rc = cli_change_begin(change, id_or_name);
    if (rc)
        return rc;
    rc = make(context);
    if (!rc && change->json)
        cli_json_print(cli_change_json(change));
    else if (!rc)
        tell(context);
    cli_change_end(change);
    return rc;
}

int cli_change_backend(struct cli_change *change, const char *word)
{
    if (strcmp(word, "libxl") == 0)
        change->way = XEN_WAY_LIBXL;
    else if (strcmp(word, "xen") == 0)
        change->way = XEN_WAY_OWN;
    else
        return cli_args_wrong(change->args, "--backend is xen or libxl, not '%s'", word);
    return CLI_DONE;
}

int cli_change_begin(struct cli_change *change, const char *id_or_name)
{
    const struct cli_domain *found;
    int rc = host_access_open(&change->access, change->host, !change->dry);
    if (rc)
        return rc;
    rc = host_access_refresh(&change->access);
    if (!rc)
        rc = host_access_find(&change->access, change->args->command->name, id_or_name, &found);
    if (!rc && !change->access.is_xen && change->way == XEN_WAY_LIBXL)
        rc = cli_args_wrong(change->args, "--backend libxl: only with --host xen");
    if (rc) {
        host_access_close(&change->access);
        return rc;
    }
    change->shown = cli_shown(found->is.name);
    change->domain = *found;
    change->domain.shown = change->shown;
    change->before = change_state_of(&change->access, found);
    change->after = change->before;
    return CLI_DONE;
}

void cli_change_end(struct cli_change *change)
{
    free(change->shown);
    host_access_close(&change->access);
}

int cli_change_look(struct cli_change *change)
{
    int rc = host_access_refresh(&change->access);
    if (rc)
        return rc;
    const struct cli_domain *now = host_access_by_id(&change->access, change->domain.is.id);
    if (!now) {
        cli_error("%s: domain %" PRIu32 " (%s) is gone", change->args->command->name,
                  change->domain.is.id, change->shown);
        return CLI_NO;
    }
    change->after = change_state_of(&change->access, now);
    return CLI_DONE;
}

void cli_change_plan(struct cli_change *change, const struct ballast_target_plan *plan)
{
    if (plan->target_kib != BALLAST_TARGET_KEEP)
        change->after.target_kib = plan->target_kib;
    if (plan->static_max_kib != BALLAST_TARGET_KEEP)
        change->after.static_max_kib = plan->static_max_kib;
    if (plan->maxmem_kib != BALLAST_TARGET_KEEP)
        change->after.maximum_kib = plan->maxmem_kib;
}

int cli_change_refuse(const struct cli_change *change, int code, const char *text)
{
    cli_error("%s: domain %" PRIu32 " (%s): %s", change->args->command->name, change->domain.is.id,
              change->shown, text);
    bool refused = code == -EINVAL || code == -ENOENT || code == -EOVERFLOW || code == -ENODATA;
    return refused ? CLI_NO : CLI_UNREACHABLE;
}

static void print_size(uint64_t kib)
{
    if (kib == BALLAST_NONE)
        fputs("none", stdout);
    else if (kib >= CLI_NO_LIMIT_KIB)
        fputs("no limit", stdout);
    else
        printf("%" PRIu64 " KiB", kib);
}

static size_t print_moved(const char *what, uint64_t before_kib, uint64_t after_kib)
{
    if (before_kib == after_kib)
        return 0;
    printf("    %-14s ", what);
    print_size(before_kib);
    fputs(" -> ", stdout);
    print_size(after_kib);
    putchar('\n');
    return 1;
}

void cli_change_print(const struct cli_change *change)
{
    const struct cli_change_state *before = &change->before;
    const struct cli_change_state *after = &change->after;
    printf("domain %" PRIu32 " (%s)%s:\n", change->domain.is.id, change->shown,
           change->dry ? ", what would be done" : "");
    size_t moved = print_moved("target", before->target_kib, after->target_kib);
    moved += print_moved("dynamic min", before->dynamic_min_kib, after->dynamic_min_kib);
    moved += print_moved("dynamic max", before->dynamic_max_kib, after->dynamic_max_kib);
    moved += print_moved("static maximum", before->static_max_kib, after->static_max_kib);
    moved += print_moved("Xen's maximum", before->maximum_kib, after->maximum_kib);
    moved += print_moved("holds", before->current_kib, after->current_kib);
    moved += print_moved("pinned at", before->pinned_kib, after->pinned_kib);
    if (after->pinned_kib != BALLAST_NONE && *after->pinned_by)
        printf("    %-14s %s\n", "pinned by", after->pinned_by);
    else if (moved == 0)
        puts("    nothing changes");
}

static struct json_object *state_json(const struct cli_change_state *state)
{
    struct json_object *object = xcheck(json_object_new_object());
    cli_json_kib(object, "target_kib", state->target_kib);
    cli_json_kib(object, "dynamic_min_kib", state->dynamic_min_kib);
    cli_json_kib(object, "dynamic_max_kib", state->dynamic_max_kib);
    cli_json_kib(object, "static_max_kib", state->static_max_kib);
    cli_json_kib(object, "xen_maximum_kib", state->maximum_kib);
    cli_json_kib(object, "current_kib", state->current_kib);
    cli_json_kib(object, "pinned_kib", state->pinned_kib);
    cli_json_string(object, "pinned_by", *state->pinned_by ? state->pinned_by : NULL);
    return object;
}

struct json_object *cli_change_json(const struct cli_change *change)
{
    struct json_object *object = xcheck(json_object_new_object());
    cli_json_kib(object, "domid", change->domain.is.id);
    cli_json_string(object, "name", change->domain.is.name);
    cli_json_bool(object, "dry_run", change->dry);
    cli_json_add(object, "before", state_json(&change->before));
    cli_json_add(object, "after", state_json(&change->after));
    return object;
}
