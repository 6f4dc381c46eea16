/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/metrics.h"

#include <json-c/json.h>

#include "edge/metrics/metrics.h"

static struct json_object *input_member(const struct json_object *state, const char *key)
{
    struct json_object *value = NULL;
    if (state)
        (void)json_object_object_get_ex(state, key, &value);
    return value;
}

int web_metrics(const struct json_object *state, const char *accept, struct metrics_page *out)
{
    enum metrics_format format = metrics_format_for(accept);
    struct metrics_input input = {
        .hello = input_member(state, "daemon"),
        .status = input_member(state, "status"),
        .host = input_member(state, "host"),
        .domains = input_member(state, "domains"),
        .reservations = input_member(state, "reservations"),
    };
    int rc = metrics_write(&input, format, &out->text, &out->length, NULL);
    out->type = metrics_content_type(format);
    return rc;
}
