/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/metrics.h"

#include "edge/json/field.h"
#include "edge/metrics/metrics.h"

int web_metrics(const struct json_object *state, const char *accept, struct metrics_page *out)
{
    enum metrics_format format = metrics_format_for(accept);
    struct metrics_input input = {
        .hello = json_field(state, "daemon"),
        .status = json_field(state, "status"),
        .host = json_field(state, "host"),
        .domains = json_field(state, "domains"),
        .reservations = json_field(state, "reservations"),
    };
    int rc = metrics_write(&input, format, &out->text, &out->length, NULL);
    out->type = metrics_content_type(format);
    return rc;
}
