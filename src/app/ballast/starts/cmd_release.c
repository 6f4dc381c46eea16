/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast release */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/client/daemon_request.h"

static const struct cli_option release_options[] = {
    CLI_REQUEST_RESERVATION_ROWS,
    {NULL, NULL, NULL},
};

static void print_release(const struct json_object *reservation)
{
    char *message = cli_field_shown(reservation, "message");
    printf("reservation %" PRIu64 ": %s\n", json_field_sum(reservation, "id"), message);
    free(message);
}

static int release_main(struct cli_args *args)
{
    struct cli_daemon_request request = {.args = args};
    struct json_object *params;
    char **operands;
    int rc = cli_daemon_request_reservation(&request, 1, "name the ID of a reservation", &operands,
                                            &params);
    return rc ? rc : cli_daemon_request_call(&request, "release", params, print_release);
}

const struct cli_command cmd_release = {
    .name = "release",
    .summary = "release a reservation",
    .operands = "ID",
    .text = "Releases it in any state: its memory becomes available, and domains stop freeing\n"
            "memory for it. Exit status 1: refused.",
    .options = release_options,
    .run = release_main,
};
