/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/wire/line.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "edge/json/field.h"
#include "edge/json/json.h"
#include "edge/json/scan.h"

/*
 * json_next() starts its sentences with this and a line number, which a single line does not need.
 */
#define NAME "message"

/*
 * The limits of the tree of a client's line. The largest request, 256 starts of a plan, needs a
 * quarter of it; the most expensive line found (1000 objects of 15 short keys) takes 3.1 MiB and 16
 * ms with json-c 0.16, and a line's own bytes are at most 1 MiB more.
 */
enum { CLIENT_CONTAINERS = 1024, CLIENT_VALUES = 16384 };

size_t wire_utf8_span(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        size_t size = ballast_text_utf8(text + at, length - at);
        if (size == 0)
            break;
        at += size;
    }
    return at;
}

__attribute__((format(printf, 4, 5))) static void mark_broken(struct wire_message *out, int code,
                                                              bool answer, const char *format, ...)
{
    out->kind = WIRE_BROKEN;
    out->error_code = code;
    out->answer = answer;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out->error_text, sizeof(out->error_text), format, args);
    va_end(args);
    json_printable(out->error_text);
    out->error_text[wire_utf8_span(out->error_text, strlen(out->error_text))] = '\0';
}

/* Whether the line is one value of JSON within the limits; else the error. */
static bool scan_line(const char *line, size_t length, enum wire_from from,
                      struct wire_message *out)
{
    size_t valid = wire_utf8_span(line, length);
    if (valid < length) {
        mark_broken(out, WIRE_PARSE_ERROR, true, "byte %zu of the line: not UTF-8: send UTF-8",
                    valid + 1);
        return false;
    }
    struct json_scan scan = {.data = line, .length = length, .line = 1};
    json_scan_space(&scan);
    if (json_scan_value(&scan)) {
        json_scan_space(&scan);
        if (scan.at == length) {
            if (from == WIRE_FROM_DAEMON ||
                (scan.containers <= CLIENT_CONTAINERS && scan.values <= CLIENT_VALUES))
                return true;
            mark_broken(out, WIRE_INVALID_REQUEST, true,
                        "%zu values, %zu of them objects and arrays: send at most %d and %d",
                        scan.values, scan.containers, CLIENT_VALUES, CLIENT_CONTAINERS);
            return false;
        }
        scan.why = "something follows the message: one object a line";
    }
    mark_broken(out, WIRE_PARSE_ERROR, true, "byte %zu of the line: %s", scan.at + 1, scan.why);
    return false;
}

/* Builds the tree of a scanned line; false with the error, or with *rc. */
static bool parse_line_tree(const char *line, size_t length, struct json_object **tree,
                            struct wire_message *out, int *rc, struct ballast_error *err)
{
    struct json_reader reader = json_reader_over(NAME, line, length);
    struct json_at at;
    struct ballast_error why = {.text = ""};
    *rc = json_next(&reader, tree, &at, &why);
    if (*rc == 0)
        return true;
    if (*rc == -ENOMEM) {
        *rc = ballast_fail(err, -ENOMEM, "out of memory");
        return false;
    }
    *rc = 0;
    size_t skip =
        strncmp(why.text, NAME ":1: ", strlen(NAME ":1: ")) == 0 ? strlen(NAME ":1: ") : 0;
    mark_broken(out, WIRE_PARSE_ERROR, true, "%s", why.text + skip);
    return false;
}

static bool has_key(const struct json_object *tree, const char *key)
{
    return json_object_object_get_ex(tree, key, NULL);
}

/*
 * json-c returns the nearest limit for an integer beyond its range: such an id could not be
 * repeated.
 */
static bool beyond_64_bits(struct json_object *id)
{
    return json_object_is_type(id, json_type_int) &&
           (json_object_get_uint64(id) == UINT64_MAX || json_object_get_int64(id) == INT64_MIN);
}

/* Takes the id; false with the error. */
static bool take_id(const struct json_object *tree, bool answer, struct wire_message *out)
{
    struct json_object *id = json_field(tree, "id");
    if (!id)
        return true;
    if (!json_object_is_type(id, json_type_string) && !json_object_is_type(id, json_type_int) &&
        !json_object_is_type(id, json_type_double)) {
        mark_broken(out, WIRE_INVALID_REQUEST, answer, "id: must be a string, a number or null");
        return false;
    }
    size_t length = 0;
    (void)json_object_to_json_string_length(id, JSON_C_TO_STRING_PLAIN, &length);
    if (length > WIRE_ID_MOST || beyond_64_bits(id)) {
        mark_broken(out, WIRE_INVALID_REQUEST, answer,
                    "id: must be at most %d bytes long, and a whole number within 64 bits",
                    WIRE_ID_MOST);
        return false;
    }
    out->id = json_object_get(id);
    return true;
}

static void read_request(const struct json_object *tree, struct wire_message *out)
{
    struct json_object *method = json_field(tree, "method");
    if (!json_object_is_type(method, json_type_string)) {
        mark_broken(out, WIRE_INVALID_REQUEST, true, "method: must be a string");
        return;
    }
    struct json_object *params = json_field(tree, "params");
    bool structured = json_object_is_type(params, json_type_object) ||
                      json_object_is_type(params, json_type_array);
    if (has_key(tree, "params") && !structured) {
        mark_broken(out, WIRE_INVALID_REQUEST, true, "params: must be an object");
        return;
    }
    size_t length = (size_t)json_object_get_string_len(method);
    if (length >= sizeof(out->method)) {
        /* An unknown method: a request receives an error, a notification does not. */
        mark_broken(out, WIRE_METHOD_NOT_FOUND, has_key(tree, "id"),
                    "method: there is none of %zu bytes: see ballast-protocol(7)", length);
        return;
    }
    memcpy(out->method, json_object_get_string(method), length + 1);
    out->kind = has_key(tree, "id") ? WIRE_REQUEST : WIRE_NOTIFICATION;
    out->params = json_object_get(params);
}

static bool read_error(struct json_object *error, struct wire_message *out)
{
    struct json_object *code = json_field(error, "code");
    struct json_object *text = json_field(error, "message");
    if (!json_object_is_type(code, json_type_int) || !json_object_is_type(text, json_type_string))
        return false;
    int64_t number = json_object_get_int64(code);
    if (number == 0 || number < INT_MIN || number > INT_MAX)
        return false;
    out->error_code = (int)number;
    (void)snprintf(out->error_text, sizeof(out->error_text), "%s", json_object_get_string(text));
    json_printable(out->error_text);
    out->error_text[wire_utf8_span(out->error_text, strlen(out->error_text))] = '\0';
    out->error_data = json_object_get(json_field(error, "data"));
    return true;
}

/* An error in a response is never answered: two peers could answer each other forever. */
static void read_response(const struct json_object *tree, struct wire_message *out)
{
    if (has_key(tree, "result") == has_key(tree, "error") || !has_key(tree, "id")) {
        mark_broken(out, WIRE_INVALID_REQUEST, false,
                    "response: needs an id, and either a result or an error");
        return;
    }
    if (has_key(tree, "result")) {
        out->kind = WIRE_RESPONSE;
        out->result = json_object_get(json_field(tree, "result"));
        return;
    }
    struct json_object *error = json_field(tree, "error");
    if (json_object_is_type(error, json_type_object) && read_error(error, out))
        out->kind = WIRE_RESPONSE;
    else
        mark_broken(out, WIRE_INVALID_REQUEST, false,
                    "error: must be an object with an integer \"code\", not 0, and a string "
                    "\"message\"");
}

static void read_object(const struct json_object *tree, struct wire_message *out)
{
    bool response = !has_key(tree, "method") && (has_key(tree, "result") || has_key(tree, "error"));
    if (!take_id(tree, !response, out))
        return;
    struct json_object *version = json_field(tree, "jsonrpc");
    if (!json_object_is_type(version, json_type_string) ||
        strcmp(json_object_get_string(version), "2.0") != 0)
        mark_broken(out, WIRE_INVALID_REQUEST, !response, "jsonrpc: must be \"2.0\"");
    else if (response)
        read_response(tree, out);
    else if (!has_key(tree, "method"))
        mark_broken(out, WIRE_INVALID_REQUEST, true, "method: missing: add it");
    else if (has_key(tree, "result") || has_key(tree, "error"))
        mark_broken(out, WIRE_INVALID_REQUEST, true,
                    "message: has the members of both a request and a response: send one of them");
    else
        read_request(tree, out);
}

int wire_line_read(const char *line, size_t length, enum wire_from from, struct wire_message *out,
                   struct ballast_error *err)
{
    struct wire_message message = {.kind = WIRE_BROKEN};
    struct json_object *tree = NULL;
    int rc = 0;
    if (scan_line(line, length, from, &message)) {
        /* There is text after the space: the line was scanned. */
        const char *first = line;
        while (*first == ' ' || *first == '\t' || *first == '\r')
            first++;
        if (*first == '[')
            mark_broken(&message, WIRE_INVALID_REQUEST, true,
                        "batches are not served: send one object a line");
        else if (*first != '{')
            mark_broken(&message, WIRE_INVALID_REQUEST, true, "message: must be an object");
        else if (parse_line_tree(line, length, &tree, &message, &rc, err))
            read_object(tree, &message);
    }
    json_object_put(tree);
    if (rc < 0)
        return rc;
    *out = message;
    return 0;
}

void wire_message_release(struct wire_message *message)
{
    json_object_put(message->id);
    json_object_put(message->params);
    json_object_put(message->result);
    json_object_put(message->error_data);
    *message = (struct wire_message){.kind = WIRE_REQUEST};
}
