/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/rpc/build.h"

#include <json-c/json.h>

static uint64_t failures;

static struct json_object *count_failure(struct json_object *value)
{
    failures += !value;
    return value;
}

struct json_object *build_object(void)
{
    return count_failure(json_object_new_object());
}

struct json_object *build_array(void)
{
    return count_failure(json_object_new_array());
}

struct json_object *build_text(const char *text)
{
    return count_failure(json_object_new_string(text));
}

struct json_object *build_u64(uint64_t value)
{
    return count_failure(json_object_new_uint64(value));
}

struct json_object *build_i64(int64_t value)
{
    return count_failure(json_object_new_int64(value));
}

struct json_object *build_bool(bool value)
{
    return count_failure(json_object_new_boolean(value));
}

struct json_object *build_in(struct json_object *object, const char *key, struct json_object *value)
{
    if (object && json_object_object_add(object, key, value) == 0)
        return value;
    failures++;
    json_object_put(value);
    return NULL;
}

void build_add(struct json_object *object, const char *key, struct json_object *value)
{
    (void)build_in(object, key, value);
}

void build_append(struct json_object *array, struct json_object *value)
{
    if (array && json_object_array_add(array, value) == 0)
        return;
    failures++;
    json_object_put(value);
}

size_t build_length(const struct json_object *array)
{
    return array ? json_object_array_length(array) : 0;
}

void build_fail(void)
{
    failures++;
}

uint64_t build_failures(void)
{
    return failures;
}
