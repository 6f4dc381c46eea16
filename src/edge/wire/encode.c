/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/wire/line.h"
#include "edge/wire/write.h"

/* Adds value, and owns it also on failure. */
static bool add_value(struct json_object *object, const char *key, struct json_object *value)
{
    if (json_object_object_add(object, key, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

/* json-c represents null as NULL, so a NULL that means "out of memory" needs its own check. */
static bool add_new(struct json_object *object, const char *key, struct json_object *value)
{
    return value && add_value(object, key, value);
}

static bool add_error(struct json_object *object, const struct wire_message *message)
{
    struct json_object *error = json_object_new_object();
    if (!add_new(object, "error", error))
        return false;
    return add_new(error, "code", json_object_new_int(message->error_code)) &&
           add_new(error, "message", json_object_new_string(message->error_text)) &&
           (!message->error_data || add_value(error, "data", json_object_get(message->error_data)));
}

static bool add_message_members(struct json_object *object, const struct wire_message *message)
{
    if (!add_new(object, "jsonrpc", json_object_new_string("2.0")))
        return false;
    if (message->kind != WIRE_NOTIFICATION &&
        !add_value(object, "id", json_object_get(message->id)))
        return false;
    if (message->kind == WIRE_RESPONSE)
        return message->error_code ? add_error(object, message)
                                   : add_value(object, "result", json_object_get(message->result));
    return add_new(object, "method", json_object_new_string(message->method)) &&
           (!message->params || add_value(object, "params", json_object_get(message->params)));
}

/* Outside of its strings JSON is ASCII, so a '?' in place of an invalid byte keeps it valid. */
static void mend_utf8(char *text, size_t length)
{
    for (size_t at = wire_utf8_span(text, length); at < length;
         at += wire_utf8_span(text + at, length - at))
        text[at] = '?';
}

static int write_json_line(struct json_object *object, char **out, size_t *length,
                           struct ballast_error *err)
{
    size_t size = 0;
    char *line = wire_write(object, &size);
    if (!line)
        return ballast_fail(err, -ENOMEM, "out of memory");
    if (size - 1 > WIRE_LINE_MOST) {
        free(line);
        return ballast_fail(err, -EMSGSIZE, "a message of %zu bytes exceeds the limit of a line",
                            size - 1);
    }
    mend_utf8(line, size - 1);
    *out = line;
    *length = size;
    return 0;
}

static bool can_be_written(const struct wire_message *message)
{
    if (message->kind == WIRE_RESPONSE)
        return true;
    return message->kind != WIRE_BROKEN && message->method[0] &&
           (!message->params || json_object_is_type(message->params, json_type_object) ||
            json_object_is_type(message->params, json_type_array));
}

int wire_encode(const struct wire_message *message, char **out, size_t *length,
                struct ballast_error *err)
{
    if (!can_be_written(message))
        return ballast_fail(err, -EINVAL,
                            "message: needs a method, and params must be an object or an array");
    struct json_object *object = json_object_new_object();
    int rc = object && add_message_members(object, message)
                 ? write_json_line(object, out, length, err)
                 : ballast_fail(err, -ENOMEM, "out of memory");
    json_object_put(object);
    return rc;
}

static int encode_call(struct wire_message *message, const char *method, struct json_object *params,
                       char **out, size_t *length, struct ballast_error *err)
{
    int rc;
    message->params = params;
    if (strlen(method) >= sizeof(message->method)) {
        rc = ballast_fail(err, -EINVAL, "%s: too long for a method: use at most %zu bytes", method,
                          sizeof(message->method) - 1);
    } else {
        memcpy(message->method, method, strlen(method) + 1);
        rc = wire_encode(message, out, length, err);
    }
    wire_message_release(message);
    return rc;
}

int wire_request(uint64_t id, const char *method, struct json_object *params, char **out,
                 size_t *length, struct ballast_error *err)
{
    struct wire_message message = {.kind = WIRE_REQUEST, .id = json_object_new_uint64(id)};
    if (!message.id) {
        json_object_put(params);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    return encode_call(&message, method, params, out, length, err);
}

int wire_notification(const char *method, struct json_object *params, char **out, size_t *length,
                      struct ballast_error *err)
{
    struct wire_message message = {.kind = WIRE_NOTIFICATION};
    return encode_call(&message, method, params, out, length, err);
}

int wire_result(struct json_object *id, struct json_object *result, char **out, size_t *length,
                struct ballast_error *err)
{
    struct wire_message message = {
        .kind = WIRE_RESPONSE, .id = json_object_get(id), .result = result};
    int rc = wire_encode(&message, out, length, err);
    wire_message_release(&message);
    return rc;
}

int wire_error(struct json_object *id, int code, const char *text, struct json_object *data,
               char **out, size_t *length, struct ballast_error *err)
{
    struct wire_message message = {.kind = WIRE_RESPONSE,
                                   .id = json_object_get(id),
                                   .error_code = code ? code : WIRE_INTERNAL_ERROR,
                                   .error_data = data};
    /* If a text was cut within a character, mend_utf8() removes the rest of it. */
    size_t size = strnlen(text, sizeof(message.error_text) - 1);
    memcpy(message.error_text, text, size);
    int rc = wire_encode(&message, out, length, err);
    wire_message_release(&message);
    return rc;
}
