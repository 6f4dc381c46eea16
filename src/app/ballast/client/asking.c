/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/client/asking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"

void cli_asking_option(struct cli_asking *asking, int option)
{
    asking->json |= option == CLI_ASKING_JSON;
    if (option == CLI_ASKING_RUN_DIR)
        asking->run_dir = asking->args->value;
}

int cli_asking_options(struct cli_asking *asking)
{
    int option;
    while ((option = cli_args_next(asking->args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_asking_option(asking, option);
    }
    return CLI_DONE;
}

int cli_asking_open(struct cli_asking *asking, enum cli_daemon_kind kind)
{
    return cli_daemon_open(&asking->daemon, asking->args->command->name, asking->run_dir, kind);
}

int cli_asking_id(const struct cli_asking *asking, const char *word, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long long id = strtoull(word, &end, 10);
    if (*word < '0' || *word > '9' || *end || errno || id == 0 || id > INT64_MAX) {
        char *shown = cli_shown(word);
        (void)cli_args_wrong(asking->args,
                             "'%.40s' is no reservation: their numbers are in 'ballast "
                             "reservations'",
                             shown);
        free(shown);
        return CLI_BAD;
    }
    *out = id;
    return CLI_DONE;
}

int cli_asking_reservation(struct cli_asking *asking, size_t count, const char *usage,
                           char ***operands, struct json_object **params)
{
    struct cli_args *args = asking->args;
    const char *owner = NULL;
    uint64_t id;
    size_t found;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_asking_option(asking, option);
        if (option == CLI_ASKING_OWNER)
            owner = args->value;
    }
    *operands = cli_args_operands(args, &found);
    if (found != count)
        return cli_args_wrong(args, "%s", usage);
    if (cli_asking_id(asking, (*operands)[0], &id))
        return CLI_BAD;
    *params = cli_params();
    cli_params_u64(*params, "id", id);
    cli_params_string(*params, "owner", owner);
    return CLI_DONE;
}

int cli_asking_switch(const struct cli_asking *asking, const char *word, bool *out)
{
    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
        return cli_args_wrong(asking->args, "it must be on or off");
    *out = strcmp(word, "on") == 0;
    return CLI_DONE;
}

int cli_asking_change(struct cli_asking *asking, const char *method, struct json_object *params,
                      void (*tell)(const struct json_object *result))
{
    struct json_object *result = NULL;
    int rc = asking->daemon.client ? CLI_DONE : cli_asking_open(asking, CLI_DAEMON_CHANGES);
    if (rc)
        json_object_put(params);
    else
        rc = cli_daemon_call(&asking->daemon, method, params, &result);
    cli_daemon_close(&asking->daemon);
    if (!rc && asking->json)
        cli_json_print(json_object_get(result));
    else if (!rc)
        tell(result);
    json_object_put(result);
    return rc;
}
