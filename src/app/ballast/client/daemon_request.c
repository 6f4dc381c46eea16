/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/client/daemon_request.h"

#include <string.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/values.h"

void cli_daemon_request_option(struct cli_daemon_request *request, int option)
{
    request->json |= option == CLI_REQUEST_JSON;
    if (option == CLI_REQUEST_RUN_DIR)
        request->run_dir = request->args->value;
}

int cli_daemon_request_options(struct cli_daemon_request *request)
{
    int option;
    while ((option = cli_args_next(request->args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_daemon_request_option(request, option);
    }
    return CLI_DONE;
}

int cli_daemon_request_open(struct cli_daemon_request *request, enum cli_daemon_kind kind)
{
    return cli_daemon_open(&request->daemon, request->args->command->name, request->run_dir, kind);
}

int cli_daemon_request_id(const struct cli_daemon_request *request, const char *word, uint64_t *out)
{
    if (cli_args_number(word, 1, INT64_MAX, out))
        return CLI_DONE;
    return cli_args_wrong(request->args,
                          "invalid reservation '%.40s': use a number that 'ballast "
                          "reservations' lists",
                          word);
}

int cli_daemon_request_reservation(struct cli_daemon_request *request, size_t count,
                                   const char *usage, char ***operands, struct json_object **params)
{
    struct cli_args *args = request->args;
    const char *owner = NULL;
    uint64_t id;
    size_t found;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        cli_daemon_request_option(request, option);
        if (option == CLI_REQUEST_OWNER)
            owner = args->value;
    }
    *operands = cli_args_operands(args, &found);
    if (found != count)
        return cli_args_wrong(args, "%s", usage);
    if (cli_daemon_request_id(request, (*operands)[0], &id))
        return CLI_BAD;
    *params = cli_params();
    cli_params_u64(*params, "id", id);
    cli_params_string(*params, "owner", owner);
    return CLI_DONE;
}

int cli_daemon_request_switch(const struct cli_daemon_request *request, const char *word, bool *out)
{
    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
        return cli_args_wrong(request->args, "invalid state '%s': use on or off", word);
    *out = strcmp(word, "on") == 0;
    return CLI_DONE;
}

int cli_daemon_request_call(struct cli_daemon_request *request, const char *method,
                            struct json_object *params,
                            void (*print)(const struct json_object *result))
{
    struct json_object *result = NULL;
    int rc =
        request->daemon.client ? CLI_DONE : cli_daemon_request_open(request, CLI_DAEMON_CHANGES);
    if (rc)
        json_object_put(params);
    else
        rc = cli_daemon_call(&request->daemon, method, params, &result);
    cli_daemon_close(&request->daemon);
    if (!rc && request->json)
        cli_json_print(json_object_get(result));
    else if (!rc)
        print(result);
    json_object_put(result);
    return rc;
}
