/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast why */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/signals.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/history/history.h"
#include "app/ballast/history/history_draw.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/model/host.h"

enum { OPTION_SINCE = CLI_REQUEST_OPTIONS, OPTION_LAST, OPTION_REASON, OPTION_FOLLOW };

/* How soon a signal is seen. */
#define SLICE_USEC UINT64_C(100000)

/* What fits on a screen; so many an answer can have at the most. */
enum { LAST = 20, LAST_MOST = 512 };

static const struct cli_option why_options[] = {
    CLI_REQUEST_ROWS("an object per line"),
    [OPTION_SINCE] = {"since", "T", "begin T ago: 90s, 2m, 12h, 7d, 4w"},
    [OPTION_LAST] = {"last", "N", "the last N, at most 512 (default: 20)"},
    [OPTION_REASON] = {"reason", "WORD", "only events of this reason, such as needs-more"},
    [OPTION_FOLLOW] = {"follow", NULL, "also print new events, until Ctrl-C"},
    {NULL, NULL, NULL},
};

struct why {
    struct cli_daemon_request request;
    struct cli_history_which which;
    bool follow;
    char *uuid;      /* of its domain, where it is for one */
    uint64_t number; /* of the last event so far */
    int64_t offset_usec;
};

static int parse_why_last(struct cli_args *args, uint64_t *out)
{
    if (!cli_args_number(args->value, 1, LAST_MOST, out))
        return cli_args_wrong(args, "--last %s: use a number from 1 to %d", args->value, LAST_MOST);
    return CLI_DONE;
}

static void add_why_size(struct ballast_text *text, const char *before, uint64_t kib)
{
    if (kib == BALLAST_NONE)
        return;
    ballast_text_add(text, "%s", before);
    ballast_text_add_size(text, kib);
}

/* Of its pressure what a person understands without a second sample. */
static void print_pressure(const struct json_object *pressure)
{
    uint64_t some = json_field_u64(pressure, "psi_some_permyriad");
    uint64_t age_usec = json_field_u64(pressure, "age_usec");
    if (some == BALLAST_NONE)
        return;
    printf("its tasks waited for memory %" PRIu64 ".%02" PRIu64 " %% of 10 seconds", some / 100,
           some % 100);
    if (age_usec != BALLAST_NONE)
        printf(", %" PRIu64 " s ago", age_usec / BALLAST_SEC_USEC);
    putchar('\n');
}

/* What it reports, by which program, how long ago; and what of that is ignored. */
static void print_report(const struct json_object *now)
{
    char line[256];
    struct ballast_text text = ballast_text_over(line, sizeof(line));
    uint64_t used_kib = json_field_u64(now, "used_kib");
    uint64_t age_usec = json_field_u64(now, "report_age_usec");
    if (used_kib != BALLAST_NONE) {
        char *source = cli_field_shown(now, "report_source");
        add_why_size(&text, "it reports ", used_kib);
        ballast_text_add(&text, " in use, by %s", *source ? source : "an unknown program");
        if (age_usec != BALLAST_NONE)
            ballast_text_add(&text, ", %" PRIu64 " s ago", age_usec / BALLAST_SEC_USEC);
        puts(line);
        free(source);
    }
    print_pressure(json_field(now, "pressure"));
    if (*json_field_string(now, "malformed_node")) {
        char *node = cli_field_shown(now, "malformed_node");
        printf("its %s has a value that is not usable, and is ignored\n", node);
        free(node);
    }
}

/* What it has come to: one line before how it did. */
static void print_now(const struct json_object *domain, const struct json_object *found)
{
    char line[256];
    struct ballast_text text = ballast_text_over(line, sizeof(line));
    const struct json_object *now = json_field_at(found, "domains", 0);
    char *name = cli_field_shown(domain, "name");
    if (now) {
        add_why_size(&text, " holds ", json_field_u64(now, "current_kib"));
        add_why_size(&text, ", target ", json_field_u64(now, "target_kib"));
        add_why_size(&text, ", need ", json_field_u64(now, "need_kib"));
    }
    printf("%s%s\n", name, now ? line : " is gone");
    free(name);
    print_report(now);
}

static int print_domain_now(struct why *why, const struct json_object *answer)
{
    const struct json_object *domain = json_field(answer, "domain");
    uint64_t domid = json_field_u64(domain, "domid");
    struct json_object *found = NULL;
    int rc = CLI_DONE;
    if (domid != BALLAST_NONE) {
        struct json_object *params = cli_params();
        cli_params_u64(params, "domain", domid);
        rc = cli_daemon_call(&why->request.daemon, "domains", params, &found);
    }
    if (!rc)
        print_now(domain, found);
    json_object_put(found);
    return rc;
}

static void print_event(struct why *why, struct json_object *event)
{
    if (why->request.json)
        cli_json_print(json_object_get(event));
    else
        cli_history_print_event(event, why->offset_usec, !why->which.domain);
}

static int print_why(struct why *why, const struct json_object *answer)
{
    size_t count = json_field_count(answer, "events");
    int rc = why->which.domain && !why->request.json ? print_domain_now(why, answer) : CLI_DONE;
    why->offset_usec = cli_history_offset(json_field_sum(answer, "now_usec"));
    for (size_t i = 0; !rc && i < count; i++) {
        struct json_object *event = json_field_at(answer, "events", i);
        why->number = json_field_sum(event, "number");
        print_event(why, event);
    }
    if (!rc && count == 0 && !why->request.json && !why->follow)
        puts("no decision is known");
    return rc;
}

/* Before the list is asked for, so that none is lost between. */
static int follow_from_now(struct why *why)
{
    struct json_object *params = cli_params();
    struct json_object *events = cli_json_array();
    cli_json_append(events, xcheck(json_object_new_string("event")));
    cli_json_add(params, "events", events);
    return cli_daemon_call(&why->request.daemon, "subscribe", params, NULL);
}

static bool is_asked_for(const struct why *why, const struct json_object *event)
{
    const struct cli_history_which *which = &why->which;
    return (!which->domain || strcmp(json_field_string(event, "uuid"), why->uuid) == 0) &&
           (!which->reason || strcmp(json_field_string(event, "reason"), which->reason) == 0);
}

/* An event that continues comes again under its number: it was printed when it began. */
static int take_event(void *context, const char *method, const struct json_object *params)
{
    struct why *why = context;
    uint64_t number = json_field_sum(params, "number");
    if (strcmp(method, "event") != 0 || number <= why->number || !is_asked_for(why, params))
        return 0;
    why->number = number;
    print_event(why, (struct json_object *)params);
    (void)fflush(stdout);
    return 0;
}

static int follow_events(struct why *why)
{
    struct ballast_error err;
    int rc = 0;
    cli_signals_catch();
    (void)fflush(stdout);
    while ((rc == 0 || rc == -ETIMEDOUT) && !cli_signal() && !ferror(stdout))
        rc = wire_wait(why->request.daemon.client, SLICE_USEC, take_event, why, &err);
    if (rc == 0 || rc == -ETIMEDOUT)
        return CLI_DONE;
    cli_error("why: %s", err.text);
    return CLI_UNREACHABLE;
}

static int run_why(struct why *why)
{
    struct json_object *answer = NULL;
    int rc = cli_daemon_request_open(&why->request, CLI_DAEMON_READS);
    if (!rc && why->follow)
        rc = follow_from_now(why);
    if (!rc)
        rc = cli_history_events(&why->request.daemon, &why->which, &answer);
    if (!rc) {
        why->uuid = xcheck(strdup(json_field_string(json_field(answer, "domain"), "uuid")));
        rc = print_why(why, answer);
    }
    if (!rc && why->follow)
        rc = follow_events(why);
    cli_daemon_close(&why->request.daemon);
    json_object_put(answer);
    free(why->uuid);
    return rc;
}

static int why_main(struct cli_args *args)
{
    struct why why = {.request = {.args = args},
                      .which = {.since_usec = BALLAST_NONE, .most = LAST}};
    size_t count;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        if (option == OPTION_SINCE && cli_args_span(args, &why.which.since_usec))
            return CLI_BAD;
        if (option == OPTION_LAST && parse_why_last(args, &why.which.most))
            return CLI_BAD;
        if (option == OPTION_REASON)
            why.which.reason = args->value;
        why.follow |= option == OPTION_FOLLOW;
        cli_daemon_request_option(&why.request, option);
    }
    char **operands = cli_args_operands(args, &count);
    if (count > 1)
        return cli_args_wrong(args, "too many arguments: name one DOMAIN, or none for all");
    why.which.domain = count > 0 ? operands[0] : NULL;
    return run_why(&why);
}

const struct cli_command cmd_why = {
    .name = "why",
    .summary = "explain why a guest has the memory it has",
    .operands = "[DOMAIN]",
    .text = "Prints the last decisions about a guest and its other events, as sentences with\n"
            "figures, the oldest first; also for a guest that no longer runs, by name or\n"
            "uuid. Without DOMAIN: for all guests and the host.",
    .options = why_options,
    .run = why_main,
};
