/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/json/field.h"

#include <json-c/json.h>

struct json_object *json_field(const struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    if (json_object_is_type(object, json_type_object))
        (void)json_object_object_get_ex(object, key, &value);
    return value;
}

uint64_t json_field_u64(const struct json_object *object, const char *key)
{
    const struct json_object *value = json_field(object, key);
    if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
        return UINT64_MAX;
    return json_object_get_uint64(value);
}

uint64_t json_field_sum(const struct json_object *object, const char *key)
{
    uint64_t value = json_field_u64(object, key);
    return value == UINT64_MAX ? 0 : value;
}

bool json_field_bool(const struct json_object *object, const char *key)
{
    const struct json_object *value = json_field(object, key);
    return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

const char *json_field_string(const struct json_object *object, const char *key)
{
    struct json_object *value = json_field(object, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

size_t json_count(const struct json_object *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

size_t json_field_count(const struct json_object *object, const char *key)
{
    return json_count(json_field(object, key));
}

struct json_object *json_field_at(const struct json_object *object, const char *key, size_t i)
{
    return i < json_field_count(object, key) ? json_object_array_get_idx(json_field(object, key), i)
                                             : NULL;
}
