/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast plan */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/access/profile_option.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/client/daemon.h"
#include "app/ballast/explain/admission.h"
#include "app/ballast/explain/guests.h"
#include "app/ballast/host/plan.h"
#include "app/ballast/local/local.h"
#include "core/base/quantity.h"
#include "core/base/units.h"
#include "edge/file/file.h"
#include "edge/json/json.h"
#include "edge/snapshot/xl_info.h"

enum { OPTION_HOST, OPTION_POLICY, OPTION_START, OPTION_PROFILE, OPTION_JSON, OPTION_XL_CONF };

static const struct cli_option plan_options[] = {
    [OPTION_HOST] = {"host", "WHAT", CLI_HOST_HELP},
    [OPTION_POLICY] = {"policy", "NAME", "decide by this policy", .value = cli_any_policy_name},
    [OPTION_START] = {"start", "GUEST", "add a request: a guest's file, or NAME=SIZE"},
    [OPTION_PROFILE] = {"profile", "NAME",
                        "compute the need by these rules (see 'ballast profiles')",
                        .value = cli_profile_name},
    [OPTION_JSON] = {"json", NULL, "one object on one line"},
    [OPTION_XL_CONF] = {"xl-conf", "FILE", "instead of /etc/xen/xl.conf"},
    {NULL, NULL, NULL},
};

struct options {
    const char *host_path;
    struct policy policy;
    const struct ballast_profile *profile;
    const char *xl_conf_path;
    const char **starts; /* as they were given; room for all arguments */
    size_t start_count;
    bool json;
};

static int set_plan_policy(struct options *options, const struct cli_args *args, const char *name)
{
    const struct policy *policy = cli_args_any_policy(args, name);
    if (!policy)
        return CLI_BAD;
    options->policy = *policy;
    /* The question is what it would do now, not when it decides next. */
    options->policy.interval_usec = 0;
    return CLI_DONE;
}

static int set_plan_option(struct options *options, const struct cli_args *args, int option)
{
    switch (option) {
    case OPTION_HOST:
        options->host_path = args->value;
        return CLI_DONE;
    case OPTION_POLICY:
        return set_plan_policy(options, args, args->value);
    case OPTION_START:
        options->starts[options->start_count++] = args->value;
        return CLI_DONE;
    case OPTION_PROFILE:
        return cli_profile_option(args, args->value, &options->profile);
    case OPTION_JSON:
        options->json = true;
        return CLI_DONE;
    case OPTION_XL_CONF:
        options->xl_conf_path = args->value;
        return CLI_DONE;
    default:
        return CLI_BAD;
    }
}

static int parse_plan(struct options *options, struct cli_args *args)
{
    int option;
    int rc = set_plan_policy(options, args, NULL);
    while (rc == CLI_DONE && (option = cli_args_next(args)) != CLI_ARGS_END)
        rc = set_plan_option(options, args, option);
    if (rc)
        return rc;
    return cli_args_no_operands(args, "write --start before a guest that is to start");
}

static void add_plan_start(struct cli_plan *plan, char *shown, uint64_t need_kib)
{
    plan->starts = xcheck(reallocarray(plan->starts, plan->start_count + 1, sizeof(*plan->starts)));
    plan->starts[plan->start_count++] = (struct cli_start){.shown = shown, .need_kib = need_kib};
}

static void say_profile(struct cli_start *start, const char *profile_name, const char *why,
                        const struct ballast_breakdown *breakdown)
{
    cli_certainty_of(&start->certainty, breakdown);
    (void)snprintf(start->profile, sizeof(start->profile), "%s", profile_name);
    (void)snprintf(start->why, sizeof(start->why), "%s", why);
}

static int add_plan_size(struct cli_plan *plan, const char *given, const char *equals)
{
    struct ballast_error err;
    uint64_t need_kib;
    if (ballast_size_parse(equals + 1, &need_kib, &err) < 0) {
        cli_error("plan: --start %s: %s", given, err.text);
        return CLI_BAD;
    }
    if (equals == given || need_kib == 0) {
        cli_error("plan: --start %s: %s", given,
                  need_kib ? "write a name before the =" : "use a size above 0");
        return CLI_BAD;
    }
    char *name = xcheck(strndup(given, (size_t)(equals - given)));
    add_plan_start(plan, cli_shown(name), need_kib);
    free(name);
    return CLI_DONE;
}

/* The guests of a file; a stubdomain whose memory its guest's need has counted is none. */
static void add_file(struct cli_plan *plan, const struct options *options, const char *path)
{
    char *paths[] = {(char *)path};
    struct cli_sources sources = {.on = plan->host,
                                  .xl_conf_path = options->xl_conf_path,
                                  .profile = options->profile,
                                  .paths = paths,
                                  .path_count = 1,
                                  .keep_going = true};
    struct cli_guests guests;
    struct cli_admission admission;
    if (cli_guests_read(&guests, &sources)) {
        plan->lacking++;
        return;
    }
    plan->lacking += guests.lacking;
    cli_admission_choose(&admission, options->profile, plan->host, &plan->own);
    for (size_t i = 0; i < guests.count; i++) {
        const struct cli_guest *guest = &guests.guests[i];
        struct ballast_breakdown breakdown;
        const char *profile_name;
        int rc = cli_guest_evaluate(&guests, guest, cli_admission_profile(&admission, guest),
                                    &breakdown, &profile_name);
        plan->lacking += rc != CLI_DONE;
        if (rc == CLI_DONE && ballast_breakdown_need_kib(&breakdown) > 0) {
            add_plan_start(plan, cli_shown(guest->shown), ballast_breakdown_need_kib(&breakdown));
            say_profile(&plan->starts[plan->start_count - 1], profile_name,
                        cli_admission_why(&admission, guest), &breakdown);
        }
    }
    cli_guests_release(&guests);
}

static int add_starts(struct cli_plan *plan, const struct options *options)
{
    int rc = CLI_DONE;
    for (size_t i = 0; i < options->start_count && rc == CLI_DONE; i++) {
        const char *given = options->starts[i];
        const char *equals = strchr(given, '=');
        const char *slash = strchr(given, '/');
        if (equals && (!slash || slash > equals))
            rc = add_plan_size(plan, given, equals);
        else
            add_file(plan, options, given);
    }
    return rc;
}

static int complain_plan(const struct options *options, const struct cli_plan *plan,
                         const struct ballast_error *err)
{
    const char *name = options->host_path ? file_name(options->host_path) : "the host";
    cli_error("%s: snapshot %zu: %s", name, plan->snapshot_count, err->text);
    return CLI_BAD;
}

static int decide_plan(struct cli_plan *plan, struct balancer *balancer,
                       const struct options *options, const struct balancer_request *requests)
{
    struct ballast_error err;
    struct balancer_input input = {.host = plan->host,
                                   .requests = requests,
                                   .request_count = requests ? plan->start_count : 0,
                                   .reserved_kib = plan->reserved_kib};
    if (balancer_decide(balancer, &input, &plan->output, &err) < 0)
        return complain_plan(options, plan, &err);
    return CLI_DONE;
}

/* The last snapshot of the reader; those before it are played, for what they show. */
static int play_plan(struct cli_plan *plan, struct balancer *balancer,
                     const struct options *options, struct json_reader *reader,
                     struct snapshot *last)
{
    struct ballast_error err;
    struct snapshot next;
    int rc;
    while ((rc = snapshot_next(reader, &next, &err)) > 0) {
        int played =
            plan->snapshot_count > 0 ? decide_plan(plan, balancer, options, NULL) : CLI_DONE;
        snapshot_release(last);
        *last = next;
        plan->snapshot_count++;
        if (played)
            return played;
    }
    if (rc < 0) {
        cli_error("%s", err.text);
        return CLI_BAD;
    }
    if (plan->snapshot_count == 0) {
        cli_error("%s: is empty: use a file with host snapshots in JSON",
                  file_name(options->host_path));
        return CLI_BAD;
    }
    return CLI_DONE;
}

static int plan_starts(struct cli_plan *plan, struct balancer *balancer,
                       const struct options *options)
{
    struct ballast_error err;
    int rc = add_starts(plan, options);
    if (rc)
        return rc;
    if (ballast_host_divide(plan->host, plan->reserved_kib, NULL, &plan->breakdown, NULL, &err) < 0)
        return complain_plan(options, plan, &err);
    struct balancer_request *requests = xcheck(calloc(plan->start_count + 1, sizeof(*requests)));
    for (size_t i = 0; i < plan->start_count; i++)
        requests[i] = (struct balancer_request){.id = i,
                                                .need_kib = plan->starts[i].need_kib,
                                                .arrived_usec = plan->host->now_usec,
                                                .deadline_usec = BALLAST_NONE};
    rc = decide_plan(plan, balancer, options, requests);
    free(requests);
    return rc;
}

/* A refusal is the answer no. */
static int show_plan(const struct cli_plan *plan, const struct options *options)
{
    int status = CLI_DONE;
    for (size_t i = 0; i < plan->output.verdict_count; i++) {
        if (!plan->output.verdicts[i].granted)
            status = CLI_NO;
    }
    if (options->json)
        cli_plan_json(plan);
    else
        cli_plan_text(plan);
    return status;
}

static int finish_plan(struct cli_plan *plan, struct balancer *balancer,
                       const struct options *options)
{
    int rc = plan_starts(plan, balancer, options);
    if (rc == CLI_DONE)
        rc = show_plan(plan, options);
    if (plan->lacking > 0) {
        cli_error("plan: the answer lacks %zu guest%s that could not be read", plan->lacking,
                  plan->lacking == 1 ? "" : "s");
        rc = rc == CLI_UNREACHABLE ? rc : CLI_BAD;
    }
    for (size_t i = 0; i < plan->start_count; i++)
        free(plan->starts[i].shown);
    free(plan->starts);
    return rc;
}

static bool counts_files(const struct options *options)
{
    return !options->profile && options->start_count > 0;
}

/*
 * What the ledger has reserved on this machine and the headroom, as its daemon says or, where none
 * runs, the engine in this process, which changes nothing.
 */
static int ask_reserved(const struct host_access *access, uint64_t *out_kib, uint64_t *headroom_kib)
{
    const struct cli_local_options options = {.command = "plan", .purpose = CLI_LOCAL_DRY_RUN};
    struct cli_daemon daemon = {.client = NULL};
    struct json_object *host = NULL;
    if (host_access_daemon_of(access->hv) || !access->hv->ops->is_machine)
        return CLI_DONE;
    int rc = cli_daemon_try(&daemon, "plan", NULL, CLI_DAEMON_READS);
    if (!rc && !daemon.client)
        rc = cli_local_open(&daemon, &options);
    if (!rc)
        rc = cli_daemon_call(&daemon, "host", NULL, &host);
    if (!rc)
        *out_kib = json_field_sum(json_field(host, "parts"), "reserved");
    if (!rc)
        *headroom_kib = json_field_sum(host, "headroom_kib");
    json_object_put(host);
    cli_daemon_close(&daemon);
    return rc;
}

/* The host itself, as one sample shows it. */
static int run_access(const struct options *options)
{
    struct host_access access;
    uint64_t reserved_kib = 0;
    uint64_t missing_kib;
    struct balancer_options balancing = BALANCER_OPTIONS_DEFAULT;
    int rc = host_access_open(&access, options->host_path, false);
    if (rc == CLI_DONE)
        rc = ask_reserved(&access, &reserved_kib, &balancing.headroom_kib);
    if (rc == CLI_DONE)
        rc = host_access_refresh(&access);
    if (rc == CLI_DONE && host_access_daemon_of(access.hv)) {
        reserved_kib = host_access_daemon_reserved_kib(access.hv);
        balancing.headroom_kib = host_access_daemon_headroom_kib(access.hv, &missing_kib);
    }
    if (rc == CLI_DONE) {
        struct balancer *balancer = xcheck(balancer_new(&options->policy, &balancing));
        struct cli_plan plan = {.host = access.host,
                                .policy = &options->policy,
                                .balancer = balancer,
                                .snapshot_count = 1,
                                .reserved_kib = reserved_kib};
        if (counts_files(options))
            cli_own_profile_of_access(&plan.own, &access);
        rc = finish_plan(&plan, balancer, options);
        balancer_free(balancer);
    }
    host_access_close(&access);
    return rc;
}

/* What `xl info` prints is one host; a recording is several. */
static int read_last(struct cli_plan *plan, struct balancer *balancer,
                     const struct options *options, struct json_reader *reader,
                     struct snapshot *last)
{
    struct ballast_error err;
    if (!xl_info_may_be(reader->data, reader->length))
        return play_plan(plan, balancer, options, reader, last);
    if (snapshot_parse(reader->name, reader->data, reader->length, last, &err) < 0 ||
        snapshot_check(last, options->host_path, &err) < 0) {
        cli_error("%s", err.text);
        return CLI_BAD;
    }
    host_access_report_lacks(last, options->host_path);
    plan->snapshot_count = 1;
    return CLI_DONE;
}

static int run_file(const struct options *options)
{
    char *data;
    size_t length;
    struct ballast_error err;
    if (file_read(options->host_path, FILE_ANY, JSON_MAX_BYTES, &data, &length, &err) < 0) {
        cli_error("%s", err.text);
        return CLI_BAD;
    }
    struct json_reader reader = json_reader_over(file_name(options->host_path), data, length);
    struct balancer *balancer = xcheck(balancer_new(&options->policy, NULL));
    struct snapshot last = {0};
    struct cli_plan plan = {.host = &last.host, .policy = &options->policy, .balancer = balancer};
    int rc = read_last(&plan, balancer, options, &reader, &last);
    if (rc == CLI_DONE && counts_files(options))
        cli_own_profile_of_snapshot(&plan.own, &last.host);
    if (rc == CLI_DONE)
        rc = finish_plan(&plan, balancer, options);
    balancer_free(balancer);
    snapshot_release(&last);
    free(data);
    return rc;
}

static int plan_main(struct cli_args *args)
{
    struct options options = {0};
    options.starts = xcheck(calloc((size_t)args->argc + 1, sizeof(*options.starts)));
    int rc = parse_plan(&options, args);
    if (rc == CLI_DONE)
        rc = host_access_is_file(options.host_path) ? run_file(&options) : run_access(&options);
    free(options.starts);
    return rc;
}

const struct cli_command cmd_plan = {
    .name = "plan",
    .summary = "show what the balancer would change on a host now, and why",
    .operands = "",
    .text = "Prints what the balancer would change on the host now, and why, in the order in\n"
            "which it would do so; it changes nothing. The host is the running one, a\n"
            "simulated one, or snapshots in a file: the plan is for the last one, and those\n"
            "before it show how guests behave. --start web.cfg or --start web=4G adds a\n"
            "request; there may be several.\n"
            "Exit status 0: a plan, even if empty; 1: a request can never fit.",
    .options = plan_options,
    .run = plan_main,
};
