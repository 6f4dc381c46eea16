/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast bind */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/client/daemon_request.h"
#include "core/model/host.h"

static const struct cli_option bind_options[] = {
    CLI_REQUEST_RESERVATION_ROWS,
    {NULL, NULL, NULL},
};

/* Domain numbers are used again, so the reservation is bound by the uuid of the domain that was
 * found. */
static int find_bound_domain(struct cli_daemon *daemon, const char *word, struct json_object *bind)
{
    struct json_object *found = NULL;
    struct json_object *params = cli_params();
    cli_params_domain(params, "domain", word);
    int rc = cli_daemon_call(daemon, "domains", params, &found);
    const struct json_object *domain = json_field_at(found, "domains", 0);
    const char *uuid = json_field_string(domain, "uuid");
    if (!rc && json_field_u64(domain, "domid") == BALLAST_NONE) {
        cli_error("bind: the daemon does not say which domain that is");
        rc = CLI_UNREACHABLE;
    }
    cli_params_u64(bind, "domid", json_field_u64(domain, "domid"));
    cli_params_string(bind, "uuid", *uuid ? uuid : NULL);
    json_object_put(found);
    return rc;
}

static void print_bind(const struct json_object *reservation)
{
    char *state = cli_field_shown(reservation, "state");
    printf("reservation %" PRIu64 ": %s to domain %" PRIu64 ", %" PRIu64 " of %" PRIu64
           " KiB are used\n",
           json_field_sum(reservation, "id"), state, json_field_sum(reservation, "domid"),
           json_field_sum(reservation, "used_kib"), json_field_sum(reservation, "granted_kib"));
    free(state);
}

static int bind_main(struct cli_args *args)
{
    struct cli_daemon_request request = {.args = args};
    struct json_object *params;
    char **operands;
    int rc = cli_daemon_request_reservation(
        &request, 2, "name the ID of a reservation and a DOMAIN", &operands, &params);
    if (rc)
        return rc;
    rc = cli_daemon_request_open(&request, CLI_DAEMON_CHANGES);
    if (!rc)
        rc = find_bound_domain(&request.daemon, operands[1], params);
    if (!rc)
        return cli_daemon_request_call(&request, "bind", params, print_bind);
    json_object_put(params);
    cli_daemon_close(&request.daemon);
    return rc;
}

const struct cli_command cmd_bind = {
    .name = "bind",
    .summary = "bind a reservation to a domain",
    .operands = "ID DOMAIN",
    .text = "Once bound, the reservation lasts as long as the domain, and is used up as the\n"
            "domain takes its memory. Exit status 1: refused.",
    .options = bind_options,
    .run = bind_main,
};
