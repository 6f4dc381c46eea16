/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/metrics/member.h"

#include <json-c/json.h>

#include "core/model/host.h"

struct json_object *metrics_member(const struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    if (!json_object_is_type(object, json_type_object))
        return NULL;
    return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

uint64_t metrics_number(const struct json_object *object, const char *key)
{
    const struct json_object *value = metrics_member(object, key);
    if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
        return BALLAST_NONE;
    return json_object_get_uint64(value);
}

const char *metrics_word(const struct json_object *object, const char *key)
{
    struct json_object *value = metrics_member(object, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

size_t metrics_count(const struct json_object *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}
