/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/live/change.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/local/local.h"
#include "app/host/host.h"
#include "core/base/quantity.h"
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

int cli_change_parse(struct cli_change *change, struct cli_args *args, cli_own_option_fn *own,
                     const char *usage, const char **domain, uint64_t *sizes_kib, size_t count)
{
    size_t found;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_change_option(change, args, option);
        if (own && own(change, option) != CLI_DONE)
            return CLI_BAD;
    }
    char **operands = cli_args_operands(args, &found);
    if (found != 1 + count)
        return cli_args_wrong(args, "%s", usage);
    *domain = operands[0];
    change->sizes = operands + 1;
    change->sizes_kib = sizes_kib;
    change->size_count = count;
    for (size_t i = 0; i < count; i++) {
        if (cli_change_check_size(args, operands[1 + i]))
            return CLI_BAD;
    }
    return CLI_DONE;
}

int cli_change_check_size(const struct cli_args *args, const char *text)
{
    struct ballast_error err;
    uint64_t kib;
    if (ballast_size_parse_of(text, CLI_NO_LIMIT_KIB, "", &kib, &err) < 0)
        return cli_args_wrong(args, "%s", err.text);
    return CLI_DONE;
}

int cli_change_size(const struct cli_change *change, const char *text, uint64_t *out_kib)
{
    struct ballast_error err;
    uint64_t most_kib = change->before.static_max_kib;
    /* dom0's may be without a limit. */
    if (most_kib != BALLAST_NONE)
        most_kib = ballast_min_u64(most_kib, change->access.host->total_kib);
    if (ballast_size_parse_of(text, most_kib, "its static maximum", out_kib, &err) < 0) {
        cli_error("%s: domain %" PRIu32 " (%s): %s", change->args->command->name,
                  change->domain.is.id, change->shown, err.text);
        return CLI_BAD;
    }
    return CLI_DONE;
}

static int resolve_sizes(struct cli_change *change)
{
    int rc = CLI_DONE;
    for (size_t i = 0; !rc && i < change->size_count; i++)
        rc = cli_change_size(change, change->sizes[i], &change->sizes_kib[i]);
    return rc;
}

int cli_change_run(struct cli_change *change, const char *id_or_name, int (*make)(void *context),
                   void (*print)(const void *context), void *context)
{
    int rc = cli_change_begin(change, id_or_name);
    if (rc)
        return rc;
    rc = resolve_sizes(change);
    if (!rc)
        rc = make(context);
    if (!rc && change->json)
        cli_json_print(cli_change_json(change));
    else if (!rc)
        print(context);
    cli_change_end(change);
    return rc;
}

int cli_change_backend(struct cli_change *change, const char *word)
{
    if (strcmp(word, "libxl") == 0)
        change->by_libxl = true;
    else if (strcmp(word, "xen") == 0)
        change->by_libxl = false;
    else
        return cli_args_wrong(change->args, "--backend: invalid value '%s': use xen or libxl",
                              word);
    return CLI_DONE;
}

/* Where no host is named it is the daemon's; it does what is to be done, or an engine here. */
static int open_changer(struct cli_change *change, struct cli_daemon *daemon)
{
    const char *command = change->args->command->name;
    struct cli_local_options options = {
        .command = command,
        .host = change->host,
        .by_libxl = change->by_libxl,
        .purpose = change->dry ? CLI_LOCAL_DRY_RUN : CLI_LOCAL_CHANGE,
    };
    bool is_xen = host_kind_of(change->host) == HOST_XEN;
    int rc = change->host ? CLI_DONE : cli_daemon_try(daemon, command, NULL, CLI_DAEMON_CHANGES);
    change->beside_daemon = !rc && daemon->client;
    if (!rc && change->by_libxl && (change->beside_daemon || !is_xen))
        rc = cli_args_wrong(change->args, "--backend libxl: only with --host xen");
    if (!rc && !change->beside_daemon)
        rc = cli_local_open(daemon, &options);
    if (rc)
        cli_daemon_close(daemon);
    else
        change->is_kept = change->beside_daemon || cli_local_is_kept(daemon);
    return rc;
}

int cli_change_begin(struct cli_change *change, const char *id_or_name)
{
    const struct cli_domain *found;
    struct cli_daemon daemon = {.client = NULL};
    int rc = open_changer(change, &daemon);
    if (rc)
        return rc;
    change->access = (struct host_access){.lock = -1};
    change->access.hv = host_access_daemon_new(&daemon);
    rc = host_access_refresh(&change->access);
    if (!rc)
        rc = host_access_find(&change->access, change->args->command->name, id_or_name, &found);
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

static void take_kib(const struct json_object *result, const char *key, uint64_t *kib)
{
    if (json_field(result, key))
        *kib = json_field_u64(result, key);
}

/* What a dry call answers is what would be; the rest stays. */
static void take_dry_result(struct cli_change_state *after, const struct json_object *result)
{
    take_kib(result, "target_kib", &after->target_kib);
    take_kib(result, "dynamic_min_kib", &after->dynamic_min_kib);
    take_kib(result, "dynamic_max_kib", &after->dynamic_max_kib);
    take_kib(result, "static_max_kib", &after->static_max_kib);
    take_kib(result, "xen_maximum_kib", &after->maximum_kib);
    /* null: it is not pinned. */
    after->pinned_kib = json_field_u64(result, "pinned_kib");
    if (after->pinned_kib == BALLAST_NONE)
        after->pinned_by[0] = '\0';
    else if (json_field(result, "pinned_by"))
        (void)snprintf(after->pinned_by, sizeof(after->pinned_by), "%s",
                       json_field_string(result, "pinned_by"));
}

static int report_refusal(const struct cli_change *change, const struct wire_message *answer)
{
    char *shown = cli_shown(answer->error_text);
    cli_error("%s: domain %" PRIu32 " (%s): %s", change->args->command->name, change->domain.is.id,
              change->shown, shown);
    free(shown);
    int status = cli_daemon_status(answer->error_code);
    return status == CLI_BAD ? CLI_NO : status;
}

int cli_change_call(struct cli_change *change, const char *method, struct json_object *params)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    struct cli_daemon *daemon = host_access_daemon_of(change->access.hv);
    cli_params_u64(params, "domain", change->domain.is.id);
    if (change->dry)
        cli_params_bool(params, "dry_run", true);
    int rc = cli_daemon_ask(daemon, method, params, &answer);
    if (!rc && answer.error_code)
        rc = report_refusal(change, &answer);
    else if (!rc && change->dry)
        take_dry_result(&change->after, answer.result);
    else if (!rc)
        rc = cli_change_look(change);
    wire_message_release(&answer);
    return rc;
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
    struct json_object *object = cli_json_object();
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
    struct json_object *object = cli_json_object();
    cli_json_kib(object, "domid", change->domain.is.id);
    cli_json_string(object, "name", change->domain.is.name);
    cli_json_bool(object, "dry_run", change->dry);
    cli_json_add(object, "before", state_json(&change->before));
    cli_json_add(object, "after", state_json(&change->after));
    return object;
}
