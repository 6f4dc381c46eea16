/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/client/pages.h"

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/values.h"
#include "core/model/host.h"

const struct cli_list_of cli_list_of_domains = {"domains", "domid"};
const struct cli_list_of cli_list_of_reservations = {"reservations", "id"};

/* Moves what came to `all`; the number of the last one, or BALLAST_NONE where there is no more. */
static uint64_t take_page(const struct cli_list_of *list, const struct json_object *result,
                          struct json_object *all)
{
    size_t count = json_field_count(result, list->method);
    uint64_t last = BALLAST_NONE;
    for (size_t i = 0; i < count; i++) {
        struct json_object *item = json_field_at(result, list->method, i);
        last = json_field_u64(item, list->number);
        cli_json_append(all, json_object_get(item));
    }
    return json_field_bool(result, "more") ? last : BALLAST_NONE;
}

int cli_pages(struct cli_daemon *daemon, const struct cli_list_of *list, struct json_object *params,
              struct json_object **out)
{
    struct json_object *all = cli_json_array();
    uint64_t last = BALLAST_NONE;
    int rc;
    do {
        struct json_object *result = NULL;
        uint64_t before = last;
        rc = cli_daemon_call(daemon, list->method, json_object_get(params), &result);
        last = take_page(list, result, all);
        json_object_put(result);
        /* A daemon that goes in circles must not make us do so. */
        if (before != BALLAST_NONE && last != BALLAST_NONE && last <= before)
            last = BALLAST_NONE;
        cli_params_u64(params, "after", last);
    } while (!rc && last != BALLAST_NONE);
    json_object_put(params);
    if (rc)
        json_object_put(all);
    else
        *out = all;
    return rc;
}
