/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast status */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/daemon_request.h"
#include "core/base/units.h"

enum { OPTION_CHECK = CLI_REQUEST_OPTIONS };

static const struct cli_option status_options[] = {
    CLI_REQUEST_ROWS("one object: the daemon, its status and the host"),
    [OPTION_CHECK] = {"check", NULL, "exit status 1 where something needs attention"},
    {NULL, NULL, NULL},
};

static void print_words(const char *before, const struct json_object *object, const char *key)
{
    char *shown = cli_field_shown(object, key);
    printf("%s%s", before, shown);
    free(shown);
}

static void print_memory(const struct json_object *host)
{
    char total[CLI_SIZE];
    char available[CLI_SIZE];
    char reserved[CLI_SIZE];
    uint64_t deficit_kib = json_field_sum(host, "deficit_kib");
    uint64_t claimed_kib = json_field_sum(host, "reserved_claim_kib");
    cli_mib(json_field_sum(host, "total_kib"), total);
    cli_mib(json_field_sum(host, "available_kib"), available);
    cli_mib(json_field_sum(json_field(host, "parts"), "reserved"), reserved);
    printf("memory    %s MiB, %s MiB reserved, %s MiB available\n", total, reserved, available);
    if (claimed_kib > 0)
        printf("          %" PRIu64 " KiB of what is reserved are claimed in Xen\n", claimed_kib);
    if (json_field_sum(host, "headroom_kib") > 0) {
        cli_mib(json_field_sum(host, "headroom_kib"), reserved);
        cli_mib(json_field_sum(host, "headroom_missing_kib"), available);
        printf("headroom  %s MiB", reserved);
        if (*json_field_string(host, "headroom_for"))
            print_words(", for ", host, "headroom_for");
        printf("; %s MiB missing\n", available);
    }
    if (*json_field_string(host, "state")) {
        cli_mib(json_field_sum(host, "unneeded_kib"), available);
        print_words("state     ", host, "state");
        printf(", with %s MiB unneeded\n", available);
    }
    if (deficit_kib > 0)
        printf("          %" PRIu64 " KiB more are reserved than are free\n", deficit_kib);
}

static void print_ledger(const struct json_object *ledger)
{
    printf("ledger    %" PRIu64 " reservations open%s\n", json_field_sum(ledger, "open"),
           json_field_bool(ledger, "writable") ? "" : ", NOT WRITABLE: no new reservations");
    if (*json_field_string(ledger, "message")) {
        print_words("          ", ledger, "message");
        putchar('\n');
    }
}

/* Nothing where no exact profile knows this Xen. */
static void print_prediction(const struct json_object *prediction)
{
    uint64_t outside = json_field_sum(prediction, "outside");
    if (!*json_field_string(prediction, "profile"))
        return;
    print_words("costs     predicted by ", prediction, "profile");
    if (*json_field_string(prediction, "file"))
        print_words(" of ", prediction, "file");
    printf("; %" PRIu64 " guests compared", json_field_sum(prediction, "guests"));
    if (outside > 0)
        printf(", %" PRIu64 " OUTSIDE its bound", outside);
    putchar('\n');
}

static void print_backoff(const struct json_object *status)
{
    for (size_t i = 0; i < json_field_count(status, "backoff"); i++) {
        const struct json_object *domain = json_field_at(status, "backoff", i);
        print_words("backoff   ", domain, "name");
        printf(" is not asked for less than its %" PRIu64 " KiB: ",
               json_field_sum(domain, "current_kib"));
        print_words("", domain, "why");
        putchar('\n');
    }
}

static void print_alerts(const struct json_object *status)
{
    for (size_t i = 0; i < json_field_count(status, "alerts"); i++) {
        const struct json_object *alert = json_field_at(status, "alerts", i);
        print_words("ALERT     ", alert, "name");
        print_words(": ", alert, "message");
        putchar('\n');
    }
}

static void print_status_people(const struct json_object *hello, const struct json_object *status,
                                const struct json_object *host)
{
    print_words("daemon    ", hello, "daemon");
    print_words(" on ", hello, "host");
    print_words(", of ", status, "host");
    printf(", process %" PRIu64 ", up %" PRIu64 " s, %" PRIu64 " clients\n",
           json_field_sum(hello, "pid"), json_field_sum(status, "uptime_usec") / BALLAST_SEC_USEC,
           json_field_sum(status, "clients"));
    print_words("policy    ", status, "policy");
    printf("%s; %" PRIu64 " ticks, %" PRIu64 " of them late\n",
           json_field_bool(status, "paused") ? ", PAUSED" : "", json_field_sum(status, "ticks"),
           json_field_sum(status, "late_ticks"));
    print_memory(host);
    print_ledger(json_field(status, "ledger"));
    print_prediction(json_field(status, "prediction"));
    print_backoff(status);
    print_alerts(status);
}

static void print_status_json(const struct json_object *hello, struct json_object *status,
                              struct json_object *host)
{
    struct json_object *object = cli_json_object();
    cli_json_string(object, "daemon", json_field_string(hello, "daemon"));
    cli_json_string(object, "node", json_field_string(hello, "host"));
    cli_json_add(object, "status", json_object_get(status));
    cli_json_add(object, "host", json_object_get(host));
    cli_json_print(object);
}

static bool needs_attention(const struct json_object *status)
{
    return json_field_count(status, "alerts") > 0 || json_field_count(status, "backoff") > 0 ||
           !json_field_bool(json_field(status, "ledger"), "writable");
}

static int parse_status(struct cli_daemon_request *request, bool *checks)
{
    int option;
    while ((option = cli_args_next(request->args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_daemon_request_option(request, option);
        *checks |= option == OPTION_CHECK;
    }
    return cli_args_no_operands(request->args, NULL);
}

static int status_main(struct cli_args *args)
{
    struct cli_daemon_request request = {.args = args};
    struct json_object *status = NULL;
    struct json_object *host = NULL;
    bool checks = false;
    if (parse_status(&request, &checks))
        return CLI_BAD;
    int rc = cli_daemon_request_open(&request, CLI_DAEMON_READS);
    if (!rc)
        rc = cli_daemon_call(&request.daemon, "status", NULL, &status);
    if (!rc)
        rc = cli_daemon_call(&request.daemon, "host", NULL, &host);
    if (!rc && request.json)
        print_status_json(wire_client_hello(request.daemon.client), status, host);
    else if (!rc)
        print_status_people(wire_client_hello(request.daemon.client), status, host);
    if (!rc && checks && needs_attention(status))
        rc = CLI_NO;
    cli_daemon_close(&request.daemon);
    json_object_put(status);
    json_object_put(host);
    return rc;
}

const struct cli_command cmd_status = {
    .name = "status",
    .summary = "show the state of the daemon",
    .operands = "",
    .text = "Prints whether it balances, by which policy, what is reserved, and its alerts.\n"
            "Exit status 1, with --check: there is an alert, a domain in backoff, or a ledger\n"
            "that cannot be written.",
    .options = status_options,
    .run = status_main,
};
