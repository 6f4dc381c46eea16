/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast bind */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/ballast/asking.h"
#include "app/ballast/fields.h"
#include "app/ballast/output.h"
#include "app/ballast/values.h"
#include "core/model/host.h"

enum { OPTION_OWNER = CLI_ASKING_OPTIONS };

const struct cli_option cli_bind_options[] = {
    CLI_ASKING_ROWS("the reservation as it is then"),
    [OPTION_OWNER] = {"owner", "NAME", "whose it is, if not this user's"},
    {NULL, NULL, NULL},
};

/* Numbers of domains are used again: what is bound is the domain that was looked at, by its uuid.
 */
static int find(struct cli_daemon *daemon, const char *word, struct json_object *bind)
{
    struct json_object *found = NULL;
    struct json_object *params = cli_params();
    cli_params_domain(params, "domain", word);
    int rc = cli_daemon_call(daemon, "domains", params, &found);
    const struct json_object *domain = cli_field_at(found, "domains", 0);
    const char *uuid = cli_field_string(domain, "uuid");
    if (!rc && cli_field_u64(domain, "domid") == BALLAST_NONE) {
        cli_complain("bind: the daemon does not say which domain that is");
        rc = CLI_UNREACHABLE;
    }
    cli_params_u64(bind, "domid", cli_field_u64(domain, "domid"));
    cli_params_string(bind, "uuid", *uuid ? uuid : NULL);
    json_object_put(found);
    return rc;
}

static int run(struct cli_asking *asking, const char *domain, struct json_object *params,
               struct json_object **result)
{
    int rc = cli_asking_open(asking, CLI_DAEMON_CHANGES);
    if (!rc)
        rc = find(&asking->daemon, domain, params);
    if (rc)
        json_object_put(params);
    else
        rc = cli_daemon_call(&asking->daemon, "bind", params, result);
    cli_daemon_close(&asking->daemon);
    return rc;
}

static void tell(const struct json_object *reservation)
{
    printf("reservation %" PRIu64 ": %s to domain %" PRIu64 ", %" PRIu64 " of %" PRIu64
           " KiB are spent\n",
           cli_field_sum(reservation, "id"), cli_field_string(reservation, "state"),
           cli_field_sum(reservation, "domid"), cli_field_sum(reservation, "spent_kib"),
           cli_field_sum(reservation, "granted_kib"));
}

int cli_bind(struct cli_args *args)
{
    struct cli_asking asking = {.args = args};
    struct json_object *result = NULL;
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
    if (count != 2)
        return cli_args_wrong(args, "it takes the ID of a reservation and a DOMAIN");
    if (cli_asking_id(&asking, operands[0], &id))
        return CLI_BAD;
    struct json_object *params = cli_params();
    cli_params_u64(params, "id", id);
    cli_params_string(params, "owner", owner);
    int rc = run(&asking, operands[1], params, &result);
    if (!rc && asking.json)
        cli_json_print(json_object_get(result));
    else if (!rc)
        tell(result);
    json_object_put(result);
    return rc;
}
