/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/json/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "edge/json/scan.h"

/* More microseconds are not exact in a double, and 285 years suffice. */
#define USEC_MAX (UINT64_C(1) << 53)

void json_printable(char *text)
{
    ballast_text_make_showable(text);
}

static void add_key(struct ballast_text *text, const struct json_at *at, const char *key)
{
    if (at->path[0])
        ballast_text_add(text, "%s", at->path);
    if (key)
        ballast_text_add(text, "%s%s", at->path[0] ? "." : "", key);
}

int json_fail(struct ballast_error *err, const struct json_at *at, const char *key,
              const char *format, ...)
{
    if (!err)
        return -EINVAL;
    char path[sizeof(at->path) + 64];
    struct ballast_text full = ballast_text_over(path, sizeof(path));
    add_key(&full, at, key);
    unsigned line = at->text ? json_locate(at->text, at->length, at->line, path) : at->line;
    char message[BALLAST_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    (void)ballast_fail(err, -EINVAL, "%s:%u: %s%s%s", at->name, line, path, path[0] ? ": " : "",
                       message);
    json_printable(err->text);
    return -EINVAL;
}

struct json_at json_at_key(const struct json_at *at, const char *key)
{
    struct json_at in = *at;
    struct ballast_text path = ballast_text_over(in.path, sizeof(in.path));
    add_key(&path, at, key);
    return in;
}

struct json_at json_at_item(const struct json_at *at, size_t i)
{
    struct json_at in = *at;
    struct ballast_text path = ballast_text_over(in.path, sizeof(in.path));
    ballast_text_add(&path, "%s[%zu]", at->path, i);
    return in;
}

static int get_member(const struct json_object *object, const char *key, struct json_object **out)
{
    struct json_object *value;
    if (!json_object_object_get_ex(object, key, &value) || !value)
        return -ENOENT;
    *out = value;
    return 0;
}

static int find_typed(const struct json_object *object, const char *key, const struct json_at *at,
                      enum json_type type, const char *what, struct json_object **out,
                      struct ballast_error *err)
{
    struct json_object *value;
    int rc = get_member(object, key, &value);
    if (rc < 0)
        return rc;
    if (!json_object_is_type(value, type))
        return json_fail(err, at, key, "must be %s, and is %s %s", what,
                         strchr("aio", json_type_to_name(json_object_get_type(value))[0]) ? "an"
                                                                                          : "a",
                         json_type_to_name(json_object_get_type(value)));
    *out = value;
    return 0;
}

int json_get_u64(const struct json_object *object, const char *key, const struct json_at *at,
                 uint64_t *out, struct ballast_error *err)
{
    struct json_object *value;
    int rc = find_typed(object, key, at, json_type_int, "a whole number", &value, err);
    if (rc < 0)
        return rc;
    if (json_object_get_int64(value) < 0)
        return json_fail(err, at, key, "%lld: must not be negative",
                         (long long)json_object_get_int64(value));
    /* json-c returns UINT64_MAX for anything larger. */
    uint64_t number = json_object_get_uint64(value);
    if (number == UINT64_MAX)
        return json_fail(err, at, key, "too large: use at most 18446744073709551614");
    *out = number;
    return 0;
}

int json_get_i64(const struct json_object *object, const char *key, const struct json_at *at,
                 int64_t *out, struct ballast_error *err)
{
    struct json_object *value;
    int rc = find_typed(object, key, at, json_type_int, "a whole number", &value, err);
    if (rc < 0)
        return rc;
    /* json-c returns the nearest limit for anything beyond it. */
    int64_t number = json_object_get_int64(value);
    if (number == INT64_MAX || number == INT64_MIN)
        return json_fail(err, at, key, "too large: it must have at most 63 bits");
    *out = number;
    return 0;
}

int json_get_bool(const struct json_object *object, const char *key, const struct json_at *at,
                  bool *out, struct ballast_error *err)
{
    struct json_object *value;
    int rc = find_typed(object, key, at, json_type_boolean, "true or false", &value, err);
    if (rc < 0)
        return rc;
    *out = json_object_get_boolean(value) != 0;
    return 0;
}

int json_get_string(const struct json_object *object, const char *key, const struct json_at *at,
                    const char **out, struct ballast_error *err)
{
    struct json_object *value;
    int rc = find_typed(object, key, at, json_type_string, "a string", &value, err);
    if (rc < 0)
        return rc;
    const char *string = json_object_get_string(value);
    if (strlen(string) != (size_t)json_object_get_string_len(value))
        return json_fail(err, at, key, "has a NUL character in it: remove it");
    *out = string;
    return 0;
}

int json_get_seconds(const struct json_object *object, const char *key, const struct json_at *at,
                     uint64_t *out_usec, struct ballast_error *err)
{
    struct json_object *value;
    int rc = get_member(object, key, &value);
    if (rc < 0)
        return rc;
    if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
        return json_fail(err, at, key, "must be a number of seconds");
    double seconds = json_object_get_double(value);
    if (signbit(seconds) && seconds != 0)
        return json_fail(err, at, key, "%g: must not be negative", seconds);
    double usec = seconds * (double)BALLAST_SEC_USEC + 0.5;
    if (!(usec <= (double)USEC_MAX))
        return json_fail(err, at, key, "%g: use at most 2^53 us", seconds);
    *out_usec = (uint64_t)usec;
    return 0;
}

int json_get_object(const struct json_object *object, const char *key, const struct json_at *at,
                    struct json_object **out, struct ballast_error *err)
{
    return find_typed(object, key, at, json_type_object, "an object", out, err);
}

int json_get_array(const struct json_object *object, const char *key, const struct json_at *at,
                   struct json_object **out, struct ballast_error *err)
{
    return find_typed(object, key, at, json_type_array, "an array", out, err);
}
