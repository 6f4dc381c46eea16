/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/uuid.h"
#include "edge/json/field.h"
#include "edge/json/json.h"
#include "edge/wire/line.h"
#include "edge/wire/methods.h"

__attribute__((format(printf, 4, 5))) static int
fail_param(const char *where, const char *name, struct ballast_error *err, const char *format, ...)
{
    char text[BALLAST_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)ballast_fail(err, -EINVAL, "%s%s: %s", where, name, text);
    if (err) {
        json_printable(err->text);
        err->text[wire_utf8_span(err->text, strlen(err->text))] = '\0';
    }
    return -EINVAL;
}

static const char *what_it_is(enum wire_type type)
{
    static const char *const words[WIRE_TYPES] = {
        [WIRE_KIB] = "a whole number of KiB",
        [WIRE_USEC] = "a whole number of microseconds",
        [WIRE_COUNT] = "a whole number",
        [WIRE_DOMID] = "a domain's number",
        [WIRE_DOMAIN] = "a domain's number, or a string with its name or uuid",
        [WIRE_BOOL] = "true or false",
        [WIRE_STRING] = "a string",
        [WIRE_UUID] = "a string of 8-4-4-4-12 hexadecimal digits",
        [WIRE_STRINGS] = "an array of strings",
        [WIRE_OBJECTS] = "an array of objects",
    };
    return words[type];
}

static uint64_t type_maximum(enum wire_type type)
{
    switch (type) {
    case WIRE_KIB:
        return WIRE_KIB_MOST;
    case WIRE_USEC:
        return WIRE_USEC_MOST;
    case WIRE_DOMID:
    case WIRE_DOMAIN:
        return WIRE_DOMID_MOST;
    case WIRE_COUNT:
    case WIRE_BOOL:
    case WIRE_STRING:
    case WIRE_UUID:
    case WIRE_STRINGS:
    case WIRE_OBJECTS:
    case WIRE_TYPES:
        break;
    }
    return INT64_MAX;
}

static int check_number(const struct wire_param *param, const char *where,
                        const struct json_object *value, struct ballast_error *err)
{
    int64_t as_signed = json_object_get_int64(value);
    uint64_t number = json_object_get_uint64(value);
    if (as_signed < 0)
        return fail_param(where, param->name, err, "%" PRId64 ": must not be negative", as_signed);
    if (number < param->least)
        return fail_param(where, param->name, err, "%" PRIu64 ": must be at least %" PRIu64, number,
                          param->least);
    if (number > type_maximum(param->type))
        return fail_param(where, param->name, err, "must be at most %" PRIu64,
                          type_maximum(param->type));
    return 0;
}

static int check_text(const struct wire_param *param, const char *where,
                      const struct json_object *value, struct ballast_error *err)
{
    const char *text = json_object_get_string((struct json_object *)value);
    size_t length = (size_t)json_object_get_string_len(value);
    uint8_t uuid[16];
    if (param->type == WIRE_UUID)
        return ballast_uuid_parse(text, uuid) == 0
                   ? 0
                   : fail_param(where, param->name, err, "must be %s", what_it_is(WIRE_UUID));
    if (length == 0 || length > WIRE_STRING_MOST)
        return fail_param(where, param->name, err, "must have 1 to %d bytes, and has %zu",
                          WIRE_STRING_MOST, length);
    for (const char *c = text; *c;) {
        size_t size = ballast_text_character(c);
        if (size == 0)
            return fail_param(where, param->name, err, "must have no control characters");
        c += size;
    }
    return 0;
}

static int check_word(const struct wire_param *param, const char *where, const char *text,
                      struct ballast_error *err)
{
    char all[256];
    struct ballast_text known = ballast_text_over(all, sizeof(all));
    for (const char *const *word = param->words; *word; word++) {
        if (strcmp(*word, text) == 0)
            return 0;
        ballast_text_add(&known, "%s%s", known.length ? ", " : "", *word);
    }
    return fail_param(where, param->name, err, "there is no \"%s\"; there are: %s", text, all);
}

static int check_strings(const struct wire_param *param, const char *where,
                         const struct json_object *array, struct ballast_error *err)
{
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        struct json_object *item = json_object_array_get_idx(array, i);
        if (!json_object_is_type(item, json_type_string))
            return fail_param(where, param->name, err, "[%zu]: must be a string", i);
        int rc = check_text(param, where, item, err);
        if (rc == 0 && param->words)
            rc = check_word(param, where, json_object_get_string(item), err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_members(const struct wire_param *params, const char *where,
                         const struct json_object *object, struct ballast_error *err);

static int check_objects(const struct wire_param *param, const struct json_object *array,
                         struct ballast_error *err)
{
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        struct json_object *item = json_object_array_get_idx(array, i);
        char where[64];
        (void)snprintf(where, sizeof(where), "%s[%zu].", param->name, i);
        if (!json_object_is_type(item, json_type_object))
            return fail_param("", param->name, err, "[%zu]: must be an object", i);
        int rc = check_members(param->items, where, item, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool is_a(enum wire_type type, const struct json_object *value)
{
    switch (type) {
    case WIRE_KIB:
    case WIRE_USEC:
    case WIRE_COUNT:
    case WIRE_DOMID:
        return json_object_is_type(value, json_type_int);
    case WIRE_DOMAIN:
        return json_object_is_type(value, json_type_int) ||
               json_object_is_type(value, json_type_string);
    case WIRE_BOOL:
        return json_object_is_type(value, json_type_boolean);
    case WIRE_STRING:
    case WIRE_UUID:
        return json_object_is_type(value, json_type_string);
    case WIRE_STRINGS:
    case WIRE_OBJECTS:
        return json_object_is_type(value, json_type_array);
    case WIRE_TYPES:
        break;
    }
    return false;
}

static int check_value(const struct wire_param *param, const char *where,
                       const struct json_object *value, struct ballast_error *err)
{
    if (!is_a(param->type, value))
        return fail_param(where, param->name, err, "must be %s", what_it_is(param->type));
    if (json_object_is_type(value, json_type_int))
        return check_number(param, where, value, err);
    if (json_object_is_type(value, json_type_string))
        return check_text(param, where, value, err);
    if (!json_object_is_type(value, json_type_array))
        return 0;
    if (json_object_array_length(value) > WIRE_LIST_MOST)
        return fail_param(where, param->name, err, "must have at most %d items", WIRE_LIST_MOST);
    return param->type == WIRE_STRINGS ? check_strings(param, where, value, err)
                                       : check_objects(param, value, err);
}

static int check_members(const struct wire_param *params, const char *where,
                         const struct json_object *object, struct ballast_error *err)
{
    for (const struct wire_param *param = params; param->name; param++) {
        struct json_object *value = json_field(object, param->name);
        if (!value && param->required)
            return fail_param(where, param->name, err, "is missing: must be %s",
                              what_it_is(param->type));
        int rc = value ? check_value(param, where, value, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool takes_param(const struct wire_method *method, const char *name)
{
    const struct wire_param *param = method->params;
    while (param->name && strcmp(param->name, name) != 0)
        param++;
    return param->name != NULL;
}

/* Unknown parameters are ignored, unless `require` names them. */
static int check_require(const struct wire_method *method, const struct json_object *params,
                         struct ballast_error *err)
{
    static const struct wire_param require = {.name = "require", .type = WIRE_STRINGS};
    struct json_object *names = json_field(params, require.name);
    int rc = names ? check_value(&require, "", names, err) : 0;
    for (size_t i = 0; rc == 0 && names && i < json_object_array_length(names); i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(names, i));
        if (!takes_param(method, name))
            rc = fail_param("", name, err,
                            "%s has no such parameter in this version: leave it out of 'require', "
                            "or use a newer ballastd",
                            method->name);
    }
    return rc;
}

int wire_params_check(const struct wire_method *method, const struct json_object *params,
                      struct ballast_error *err)
{
    if (params && !json_object_is_type(params, json_type_object))
        return fail_param("", "params", err, "must be an object: parameters go by name");
    int rc = check_require(method, params, err);
    return rc < 0 ? rc : check_members(method->params, "", params, err);
}

uint64_t wire_param_u64(const struct json_object *params, const char *name, uint64_t otherwise)
{
    const struct json_object *value = json_field(params, name);
    return value ? json_object_get_uint64(value) : otherwise;
}

bool wire_param_bool(const struct json_object *params, const char *name, bool otherwise)
{
    const struct json_object *value = json_field(params, name);
    return value ? json_object_get_boolean(value) != 0 : otherwise;
}

const char *wire_param_string(const struct json_object *params, const char *name,
                              const char *otherwise)
{
    struct json_object *value = json_field(params, name);
    return value ? json_object_get_string(value) : otherwise;
}

struct json_object *wire_param_array(const struct json_object *params, const char *name)
{
    return json_field(params, name);
}

bool wire_param_domain(const struct json_object *params, const char *name,
                       struct wire_domain_name *out)
{
    struct json_object *value = json_field(params, name);
    if (!value)
        return false;
    bool is_number = json_object_is_type(value, json_type_int);
    *out =
        (struct wire_domain_name){.is_number = is_number,
                                  .domid = is_number ? (uint32_t)json_object_get_uint64(value) : 0,
                                  .name = is_number ? NULL : json_object_get_string(value)};
    return true;
}
