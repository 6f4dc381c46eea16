/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast reserve */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/access/profile_option.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/cli/signals.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/explain/need.h"
#include "app/ballast/starts/reserving.h"
#include "core/base/quantity.h"
#include "core/base/units.h"
#include "core/model/host.h"

enum {
    OPTION_LEASE,
    OPTION_DEADLINE,
    OPTION_OWNER,
    OPTION_NAME,
    OPTION_UUID,
    OPTION_POOL,
    OPTION_NODE,
    OPTION_LABEL,
    OPTION_PROFILE,
    OPTION_NO_WAIT,
    OPTION_JSON,
    OPTION_RUN_DIR,
};

static const struct cli_option reserve_options[] = {
    [OPTION_LEASE] = {"lease", "T", "release it after T unless it is bound"},
    [OPTION_DEADLINE] = {"deadline", "T", "give up after T if the memory is not free"},
    [OPTION_OWNER] = {"owner", "NAME", "its owner (default: this user)"},
    [OPTION_NAME] = {"name", "NAME", "the name of the guest that it is for"},
    [OPTION_UUID] = {"uuid", "UUID", "the uuid of that guest"},
    [OPTION_POOL] = {"pool", NULL, "pay for any new domain without a reservation"},
    [OPTION_NODE] = {"node", "N", "of this NUMA node's memory, where the host can claim that"},
    [OPTION_LABEL] = {"label", "TEXT", "a text for people (default: the name)"},
    [OPTION_PROFILE] = {"profile", "NAME", "compute a guest's need by these rules",
                        .value = cli_profile_name},
    [OPTION_NO_WAIT] = {"no-wait", NULL, "do not wait until memory is free"},
    [OPTION_JSON] = {"json", NULL, "the reservation as one object"},
    [OPTION_RUN_DIR] = {"run-dir", "DIR", CLI_RUN_DIR_HELP},
    {NULL, NULL, NULL},
};

/* Xen knows no more nodes; the daemon knows how many the host has. */
enum { NODE_MOST = 63 };

struct reserve {
    struct cli_want want;
    const struct ballast_profile *profile;
    struct cli_admission admission;
    struct cli_need need; /* of a guest's file */
    const char *run_dir;
    bool no_wait;
    bool json;
};

static int set_reserve_option(struct reserve *reserve, const struct cli_args *args, int option)
{
    reserve->no_wait |= option == OPTION_NO_WAIT;
    reserve->json |= option == OPTION_JSON;
    reserve->want.pool |= option == OPTION_POOL;
    if (option == OPTION_LEASE)
        return cli_args_span(args, &reserve->want.lease_usec);
    if (option == OPTION_DEADLINE)
        return cli_args_span(args, &reserve->want.deadline_usec);
    if (option == OPTION_OWNER)
        reserve->want.owner = args->value;
    if (option == OPTION_NAME)
        reserve->want.name = args->value;
    if (option == OPTION_UUID)
        return cli_reserving_uuid(args, &reserve->want);
    if (option == OPTION_NODE) {
        if (!cli_args_number(args->value, 0, NODE_MOST, &reserve->want.node))
            return cli_args_wrong(args, "--node: invalid node '%.40s': use a number such as 0",
                                  args->value);
        reserve->want.node++;
    }
    if (option == OPTION_LABEL)
        reserve->want.label = args->value;
    if (option == OPTION_RUN_DIR)
        reserve->run_dir = args->value;
    if (option == OPTION_PROFILE)
        return cli_profile_option(args, args->value, &reserve->profile);
    return CLI_DONE;
}

/* SIZE or MIN-MAX, told from a file by its being one. */
static int read_reserve_sizes(struct reserve *reserve, const struct cli_args *args,
                              const char *word)
{
    struct ballast_error err;
    char low[64];
    const char *dash = strchr(word, '-');
    size_t length = dash ? (size_t)(dash - word) : 0;
    if (!dash || length == 0 || length >= sizeof(low)) {
        if (ballast_size_parse(word, &reserve->want.min_kib, &err) < 0)
            return cli_args_wrong(args, "%s, MIN-MAX or a guest's file", err.text);
        return CLI_DONE;
    }
    (void)snprintf(low, sizeof(low), "%.*s", (int)length, word);
    if (ballast_size_parse(low, &reserve->want.min_kib, &err) < 0 ||
        ballast_size_parse(dash + 1, &reserve->want.max_kib, &err) < 0)
        return cli_args_wrong(args, "%s", err.text);
    if (reserve->want.max_kib < reserve->want.min_kib)
        return cli_args_wrong(
            args, "%s: the minimum is above the maximum: write the smaller one first", word);
    return CLI_DONE;
}

static int read_operand(struct reserve *reserve, const struct cli_args *args, const char *word)
{
    int rc;
    if (strcmp(word, "-") != 0 && access(word, F_OK) != 0) {
        rc = read_reserve_sizes(reserve, args, word);
        if (!rc && reserve->want.min_kib == 0)
            return cli_args_wrong(args, "invalid size '%s': use a size above 0", word);
        return rc;
    }
    rc = cli_need_read(&reserve->need, word, reserve->profile);
    if (rc)
        return rc;
    if (!reserve->want.name)
        reserve->want.name = reserve->need.label;
    return CLI_DONE;
}

static int parse_reserve(struct reserve *reserve, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD || set_reserve_option(reserve, args, option) != CLI_DONE)
            return CLI_BAD;
    }
    size_t count;
    char **operands = cli_args_operands(args, &count);
    if (count != 1)
        return cli_args_wrong(args, "name one SIZE, MIN-MAX or GUEST");
    int rc = read_operand(reserve, args, operands[0]);
    if (rc == CLI_DONE && reserve->want.pool && (reserve->want.name || reserve->want.uuid))
        return cli_args_wrong(args, "--pool: it is for any new domain: use it with a size, and "
                                    "without --name and --uuid");
    return rc;
}

static void print_lease(const struct json_object *reservation)
{
    uint64_t lease_usec = json_field_u64(reservation, "lease_usec");
    if (lease_usec == BALLAST_NONE)
        puts("it lasts until it is bound or released");
    else
        printf("it is released after %" PRIu64 " s unless it is bound\n",
               lease_usec / BALLAST_SEC_USEC);
}

static void print_reserve_people(const struct cli_reserving *reserving)
{
    const struct json_object *reservation = reserving->reservation;
    printf("reservation %" PRIu64 ": ", reserving->id);
    if (!cli_reserving_is_granted(reserving)) {
        char *state = cli_field_shown(reservation, "state");
        printf("%s, %" PRIu64 " KiB missing\n", state, json_field_sum(reservation, "missing_kib"));
        free(state);
        return;
    }
    printf("%" PRIu64 " KiB granted\n", json_field_sum(reservation, "granted_kib"));
    for (size_t i = 0; i < reserving->source_count; i++)
        printf("    domain %" PRIu64 " %s freed %" PRIu64 " KiB\n", reserving->sources[i].domid,
               reserving->sources[i].shown, reserving->sources[i].reclaimed_kib);
    print_lease(reservation);
}

static void print_reserve(const struct reserve *reserve, const struct cli_reserving *reserving)
{
    if (reserve->json) {
        cli_json_print(json_object_get(reserving->reservation));
        return;
    }
    print_reserve_people(reserving);
    if (reserve->need.name)
        printf("need by profile %s: %s: %s\n", reserve->need.profile_name, reserve->need.why,
               reserve->need.certainty.text);
}

static int print_reserve_refusal(const struct cli_reserving *reserving)
{
    char why[CLI_MESSAGE];
    uint64_t missing_kib =
        json_field_u64(reserving->no.error_code ? reserving->no.error_data : reserving->reservation,
                       "missing_kib");
    if (cli_signal()) {
        cli_error("reserve: cancelled; the domains keep the memory that they were to free");
        return 128 + cli_signal();
    }
    cli_reserving_why(reserving, why, sizeof(why));
    if (missing_kib == BALLAST_NONE || missing_kib == 0)
        cli_error("reserve: refused: %s", why);
    else
        cli_error("reserve: refused: %s; %" PRIu64 " KiB are missing", why, missing_kib);
    return CLI_NO;
}

static int run_reserve(const struct reserve *reserve, struct cli_reserving *reserving)
{
    cli_signals_catch();
    int rc = cli_reserving_ask(reserving);
    if (!rc && !reserve->no_wait)
        rc = cli_reserving_wait(reserving);
    if (rc == CLI_NO)
        return print_reserve_refusal(reserving);
    if (!rc)
        print_reserve(reserve, reserving);
    return rc;
}

static int admit_reserve(struct reserve *reserve, struct cli_daemon *daemon)
{
    cli_admission_ask(&reserve->admission, reserve->profile, daemon, true);
    int rc = cli_need_admit(&reserve->need, &reserve->admission);
    reserve->want.min_kib = reserve->need.kib;
    return rc;
}

static int reserve_main(struct cli_args *args)
{
    struct reserve reserve = {.want = {.min_kib = BALLAST_NONE,
                                       .max_kib = BALLAST_NONE,
                                       .lease_usec = BALLAST_NONE,
                                       .deadline_usec = BALLAST_NONE}};
    struct cli_daemon daemon = {0};
    int rc = parse_reserve(&reserve, args);
    if (!rc)
        rc = cli_daemon_open(&daemon, "reserve", reserve.run_dir, CLI_DAEMON_CHANGES);
    if (!rc && reserve.need.name)
        rc = admit_reserve(&reserve, &daemon);
    if (!rc) {
        struct cli_reserving reserving = {
            .daemon = &daemon, .want = reserve.want, .quiet = reserve.json};
        rc = run_reserve(&reserve, &reserving);
        cli_reserving_end(&reserving);
    }
    cli_daemon_close(&daemon);
    cli_need_release(&reserve.need);
    return rc;
}

const struct cli_command cmd_reserve = {
    .name = "reserve",
    .summary = "reserve memory for a guest that is to start",
    .operands = "SIZE | MIN-MAX | GUEST",
    .text = "Reserves memory for a guest that is to start, and waits while other domains free\n"
            "what is missing; Ctrl-C releases the reservation. SIZE is as 512M or\n"
            "1.5G. Exit status 1: refused.",
    .options = reserve_options,
    .run = reserve_main,
};
