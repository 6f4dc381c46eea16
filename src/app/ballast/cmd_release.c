/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast release */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/asking.h"
#include "app/ballast/fields.h"

enum { OPTION_OWNER = CLI_ASKING_OPTIONS };

const struct cli_option cli_release_options[] = {
    CLI_ASKING_ROWS("the reservation as it is then"),
    [OPTION_OWNER] = {"owner", "NAME", "whose it is, if not this user's"},
    {NULL, NULL, NULL},
};

static void tell(const struct json_object *reservation)
{
    char *message = cli_field_shown(reservation, "message");
    printf("reservation %" PRIu64 ": %s\n", cli_field_sum(reservation, "id"), message);
    free(message);
}

int cli_release(struct cli_args *args)
{
    struct cli_asking asking = {.args = args};
    const char *owner = NULL;
    uint64_t id;
    size_t count;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_asking_option(&asking, option);
        if (option == OPTION_OWNER)
            owner = args->value;
    }
    char **operands = cli_args_operands(args, &count);
    if (count != 1)
        return cli_args_wrong(args, "it takes the ID of a reservation");
    if (cli_asking_id(&asking, operands[0], &id))
        return CLI_BAD;
    struct json_object *params = cli_params();
    cli_params_u64(params, "id", id);
    cli_params_string(params, "owner", owner);
    return cli_asking_change(&asking, "release", params, tell);
}
