/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call as the switch carries it: JSON-RPC 1.0, parameters by position. */
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/json/json.h"
#include "edge/squeezed/request.h"

/* json-c sets a number that does not fit to the nearest that does. */
static bool is_within_int64(struct json_object *object)
{
    int64_t number = json_object_get_int64(object);
    const char *text = json_object_get_string(object);
    int64_t again;
    return text && squeezed_number_read(text, &again) == 0 && again == number;
}

/* A text with a NUL in it is not accepted as a text. */
static struct squeezed_value value_of_json(struct json_object *object)
{
    struct squeezed_value value = {.type = SQUEEZED_IS_OTHER};
    if (json_object_is_type(object, json_type_string)) {
        value.text = json_object_get_string(object);
        if (strlen(value.text) == (size_t)json_object_get_string_len(object))
            value.type = SQUEEZED_IS_TEXT;
    } else if (json_object_is_type(object, json_type_int) && is_within_int64(object)) {
        value.number = json_object_get_int64(object);
        value.type = SQUEEZED_IS_NUMBER;
    }
    return value;
}

static int read_json_call(struct json_object *call, struct squeezed_request *out,
                          struct ballast_error *err)
{
    struct squeezed_value values[SQUEEZED_VALUES];
    struct json_object *method = json_object_object_get(call, "method");
    struct json_object *params = json_object_object_get(call, "params");
    if (!json_object_is_type(method, json_type_string) ||
        !json_object_is_type(params, json_type_array) || !json_object_object_get(call, "id"))
        return ballast_fail(err, -EBADMSG, "JSON-RPC: not a call: send method, params and id");
    size_t count = json_object_array_length(params);
    if (count > SQUEEZED_VALUES)
        count = SQUEEZED_VALUES;
    for (size_t i = 0; i < count; i++)
        values[i] = value_of_json(json_object_array_get_idx(params, i));
    return squeezed_request_make(json_object_get_string(method), values, count, out, err);
}

int squeezed_read_json(const char *body, size_t length, struct squeezed_request *out,
                       struct ballast_error *err)
{
    struct json_reader reader = json_reader_over("JSON-RPC", body, length);
    struct json_object *call = NULL;
    struct json_at at;
    struct ballast_error why;
    if (length > SQUEEZED_BODY_MOST)
        return ballast_fail(err, -EBADMSG, "JSON-RPC: longer than %d bytes", SQUEEZED_BODY_MOST);
    int rc = json_next(&reader, &call, &at, &why);
    if (rc < 0)
        rc = ballast_fail(err, rc == -EINVAL ? -EBADMSG : rc, "%s", why.text);
    else if (!json_object_is_type(call, json_type_object))
        rc = ballast_fail(err, -EBADMSG, "JSON-RPC: not an object: send method, params and id");
    else
        rc = read_json_call(call, out, err);
    json_object_put(call);
    return rc;
}
