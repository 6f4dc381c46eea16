/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast reservations */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/client/pages.h"
#include "core/base/units.h"
#include "core/model/host.h"

enum { OPTION_ALL = CLI_REQUEST_OPTIONS, OPTION_OWNER };

static const struct cli_option reservations_options[] = {
    CLI_REQUEST_ROWS("an object per line"),
    [OPTION_ALL] = {"all", NULL, "also those that ended, as long as they are kept"},
    [OPTION_OWNER] = {"owner", "NAME", "only those of this owner"},
    {NULL, NULL, NULL},
};

/* By column: words, not figures. */
enum { LEFT = 1u << 1 | 1u << 7 | 1u << 8 };

static void add_shown(struct cli_table *table, const struct json_object *object, const char *key)
{
    char *shown = cli_field_shown(object, key);
    cli_table_add(table, "%s", shown);
    free(shown);
}

static void add_reservations_domain(struct cli_table *table, const struct json_object *reservation)
{
    uint64_t domid = json_field_u64(reservation, "domid");
    if (domid == BALLAST_NONE)
        cli_table_add(table, "-");
    else
        cli_table_add(table, "%" PRIu64, domid);
}

/* What a lease or a deadline leaves it. */
static void add_left(struct cli_table *table, const struct json_object *reservation,
                     uint64_t now_usec)
{
    const char *state = json_field_string(reservation, "state");
    uint64_t until_usec = BALLAST_NONE;
    uint64_t lease_usec = json_field_u64(reservation, "lease_usec");
    if (strcmp(state, "requested") == 0 || strcmp(state, "reclaiming") == 0)
        until_usec = json_field_u64(reservation, "deadline_usec");
    if (strcmp(state, "granted") == 0 && lease_usec != BALLAST_NONE)
        until_usec = ballast_add_ceil(json_field_sum(reservation, "changed_usec"), lease_usec);
    if (until_usec == BALLAST_NONE || now_usec == BALLAST_NONE)
        cli_table_add(table, "-");
    else
        cli_table_add(table, "%" PRIu64 " s",
                      ballast_div_up(ballast_sub_floor(until_usec, now_usec), BALLAST_SEC_USEC));
}

static void add_reservations_row(struct cli_table *table, const struct json_object *reservation,
                                 uint64_t now_usec)
{
    cli_table_add(table, "%" PRIu64, json_field_sum(reservation, "id"));
    add_shown(table, reservation, "state");
    cli_table_add_mib(table, json_field_u64(reservation, "min_kib"));
    cli_table_add_mib(table, json_field_u64(reservation, "granted_kib"));
    cli_table_add_mib(table, json_field_u64(reservation, "used_kib"));
    add_reservations_domain(table, reservation);
    add_left(table, reservation, now_usec);
    add_shown(table, reservation, "owner");
    add_shown(table, reservation, "label");
}

static void print_reservations_table(const struct json_object *all, uint64_t now_usec)
{
    static const char *const heads[] = {"id",     "state", "MiB",   "granted", "used",
                                        "domain", "left",  "owner", "label"};
    enum { COLUMNS = sizeof(heads) / sizeof(heads[0]) };
    struct cli_table table;
    size_t count = json_object_array_length(all);
    if (count == 0) {
        puts("nothing is reserved");
        return;
    }
    cli_table_init(&table, COLUMNS, LEFT);
    for (size_t i = 0; i < COLUMNS; i++)
        cli_table_add(&table, "%s", heads[i]);
    for (size_t i = 0; i < count; i++)
        add_reservations_row(&table, json_object_array_get_idx(all, i), now_usec);
    cli_table_print(&table);
    cli_table_release(&table);
}

static int run_reservations(struct cli_daemon_request *request, struct json_object *params)
{
    struct json_object *all = NULL;
    struct json_object *status = NULL;
    int rc = cli_daemon_request_open(request, CLI_DAEMON_READS);
    if (rc)
        json_object_put(params);
    else
        rc = cli_pages(&request->daemon, &cli_list_of_reservations, params, &all);
    if (!rc && !request->json)
        rc = cli_daemon_call(&request->daemon, "status", NULL, &status);
    cli_daemon_close(&request->daemon);
    for (size_t i = 0; !rc && request->json && i < json_object_array_length(all); i++)
        cli_json_print(json_object_get(json_object_array_get_idx(all, i)));
    if (!rc && !request->json)
        print_reservations_table(all, json_field_u64(status, "now_usec"));
    json_object_put(status);
    json_object_put(all);
    return rc;
}

static int reservations_main(struct cli_args *args)
{
    struct cli_daemon_request request = {.args = args};
    const char *owner = NULL;
    bool open = true;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_daemon_request_option(&request, option);
        open &= option != OPTION_ALL;
        if (option == OPTION_OWNER)
            owner = args->value;
    }
    int rc = cli_args_no_operands(args, NULL);
    if (rc)
        return rc;
    struct json_object *params = cli_params();
    cli_params_bool(params, "open", open);
    cli_params_string(params, "owner", owner);
    return run_reservations(&request, params);
}

const struct cli_command cmd_reservations = {
    .name = "reservations",
    .summary = "list the reservations",
    .operands = "",
    .text = "Prints a line per reservation, in the order of requests; sizes in MiB.",
    .options = reservations_options,
    .run = reservations_main,
};
