/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast decisions */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/signals.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/client/pages.h"
#include "core/base/units.h"
#include "core/model/host.h"

/* How soon a signal is seen. */
#define SLICE_USEC UINT64_C(100000)

enum { OPTION_DOMAIN = CLI_REQUEST_OPTIONS, OPTION_SINCE, OPTION_FOLLOW };

static const struct cli_option decisions_options[] = {
    CLI_REQUEST_ROWS("an object a line"),
    [OPTION_DOMAIN] = {"domain", "DOMAIN", "only those about it"},
    [OPTION_SINCE] = {"since", "T", "that long back: 90s, 2m, 12h (default: the last ones)"},
    [OPTION_FOLLOW] = {"follow", NULL, "go on with those that come, until Ctrl-C"},
    {NULL, NULL, NULL},
};

struct decisions {
    struct cli_daemon_request request;
    const char *domain;
    uint64_t domid;      /* of it */
    uint64_t since_usec; /* BALLAST_NONE: the last ones */
    bool follow;
    uint64_t last;
    /* Between the daemon's time and the wall clock's, for people. */
    int64_t offset_usec;
};

static void print_time(const struct decisions *decisions, uint64_t usec)
{
    char text[32] = "";
    time_t when = (time_t)(((int64_t)usec + decisions->offset_usec) / (int64_t)BALLAST_SEC_USEC);
    struct tm parts;
    if (localtime_r(&when, &parts))
        (void)strftime(text, sizeof(text), "%H:%M:%S", &parts);
    printf("%s ", text);
}

/* The sentence names the domain or the reservation, and the sizes. */
static void print_decision(const struct decisions *decisions, struct json_object *decision)
{
    if (decisions->request.json) {
        cli_json_print(json_object_get(decision));
        return;
    }
    char *message = cli_field_shown(decision, "message");
    print_time(decisions, cli_field_sum(decision, "time_usec"));
    puts(message);
    free(message);
}

static void print_new(struct decisions *decisions, struct json_object *decision)
{
    uint64_t number = cli_field_u64(decision, "number");
    if (number != BALLAST_NONE && number <= decisions->last)
        return;
    decisions->last = number == BALLAST_NONE ? decisions->last : number;
    if (decisions->domain && cli_field_u64(decision, "domid") != decisions->domid)
        return;
    print_decision(decisions, decision);
    if (decisions->follow)
        (void)fflush(stdout);
}

static int decisions_on_decision(void *context, const char *method,
                                 const struct json_object *params)
{
    if (strcmp(method, "decision") == 0)
        print_new(context, (struct json_object *)params);
    return 0;
}

static int follow_decisions(struct decisions *decisions)
{
    struct ballast_error err;
    int rc = 0;
    cli_signals_catch();
    while ((rc == 0 || rc == -ETIMEDOUT) && !cli_signal() && !ferror(stdout))
        rc = wire_wait(decisions->request.daemon.client, SLICE_USEC, decisions_on_decision,
                       decisions, &err);
    if (rc == 0 || rc == -ETIMEDOUT)
        return CLI_DONE;
    cli_error("decisions: %s", err.text);
    return CLI_UNREACHABLE;
}

/* Before the list is asked for, so that none is lost between; what comes twice has its number. */
static int subscribe_decisions(struct decisions *decisions)
{
    struct json_object *params = cli_params();
    struct json_object *events = xcheck(json_object_new_array());
    if (json_object_array_add(events, xcheck(json_object_new_string("decision"))) < 0)
        xcheck(NULL);
    cli_json_add(params, "events", events);
    return cli_daemon_call(&decisions->request.daemon, "subscribe", params, NULL);
}

static int learn_time(struct decisions *decisions, uint64_t *now_usec)
{
    struct timespec wall;
    struct json_object *status = NULL;
    int rc = cli_daemon_call(&decisions->request.daemon, "status", NULL, &status);
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    *now_usec = cli_field_sum(status, "now_usec");
    decisions->offset_usec =
        (int64_t)wall.tv_sec * (int64_t)BALLAST_SEC_USEC + wall.tv_nsec / 1000 - (int64_t)*now_usec;
    json_object_put(status);
    return rc;
}

static int learn_domain(struct decisions *decisions)
{
    struct json_object *found = NULL;
    struct json_object *params = cli_params();
    cli_params_domain(params, "domain", decisions->domain);
    int rc = cli_daemon_call(&decisions->request.daemon, "domains", params, &found);
    decisions->domid = cli_field_u64(cli_field_at(found, "domains", 0), "domid");
    json_object_put(found);
    return rc;
}

static int list_decisions(struct decisions *decisions, uint64_t now_usec)
{
    struct json_object *params = cli_params();
    struct json_object *all = NULL;
    uint64_t from_usec = 0;
    int rc;
    if (decisions->domain)
        cli_params_u64(params, "domain", decisions->domid);
    if (decisions->since_usec == BALLAST_NONE) {
        struct json_object *result = NULL;
        rc = cli_daemon_call(&decisions->request.daemon, "decisions", params, &result);
        all = json_object_get(cli_field(result, "decisions"));
        json_object_put(result);
    } else {
        from_usec = ballast_sub_floor(now_usec, decisions->since_usec);
        cli_params_u64(params, "since", 0);
        rc = cli_pages(&decisions->request.daemon, &cli_list_of_decisions, params, &all);
    }
    size_t count = json_object_is_type(all, json_type_array) ? json_object_array_length(all) : 0;
    for (size_t i = 0; !rc && i < count; i++) {
        struct json_object *decision = json_object_array_get_idx(all, i);
        if (cli_field_sum(decision, "time_usec") >= from_usec)
            print_new(decisions, decision);
    }
    json_object_put(all);
    return rc;
}

static int run_decisions(struct decisions *decisions)
{
    uint64_t now_usec = 0;
    int rc = cli_daemon_request_open(&decisions->request, CLI_DAEMON_READS);
    if (!rc)
        rc = learn_time(decisions, &now_usec);
    if (!rc && decisions->domain)
        rc = learn_domain(decisions);
    if (!rc && decisions->follow)
        rc = subscribe_decisions(decisions);
    if (!rc)
        rc = list_decisions(decisions, now_usec);
    if (!rc && decisions->follow)
        rc = follow_decisions(decisions);
    cli_daemon_close(&decisions->request.daemon);
    return rc;
}

static int decisions_main(struct cli_args *args)
{
    struct decisions decisions = {.request = {.args = args}, .since_usec = BALLAST_NONE};
    size_t count;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_daemon_request_option(&decisions.request, option);
        decisions.follow |= option == OPTION_FOLLOW;
        if (option == OPTION_DOMAIN)
            decisions.domain = args->value;
        if (option == OPTION_SINCE && cli_args_time(args, &decisions.since_usec))
            return CLI_BAD;
    }
    (void)cli_args_operands(args, &count);
    if (count > 0)
        return cli_args_wrong(args, "it takes no operands; --domain DOMAIN is for one domain");
    return run_decisions(&decisions);
}

const struct cli_command cmd_decisions = {
    .name = "decisions",
    .summary = "what was decided, and why",
    .operands = "",
    .text = "A line a decision of the balancer, the last ones unless --since says more.",
    .options = decisions_options,
    .run = decisions_main,
};
