/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A value of JSON as text, complete or not at all: json-c's own writer omits what it has no memory
 * for.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/wire/write.h"

struct text {
    char *bytes;
    size_t length;
    size_t room;
    bool failed; /* permanently */
};

static void append_bytes(struct text *text, const char *bytes, size_t length)
{
    if (!text->failed && text->room - text->length < length) {
        size_t room = 2 * text->room + length + 256;
        char *moved = realloc(text->bytes, room);
        text->failed = !moved;
        if (moved) {
            text->bytes = moved;
            text->room = room;
        }
    }
    if (text->failed)
        return;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

static void put_word(struct text *text, const char *word)
{
    append_bytes(text, word, strlen(word));
}

static void put_escaped(struct text *text, unsigned char c)
{
    static const char letters[] = "btnvfr"; /* from 8 on; \v has none in JSON */
    char code[8];
    if (c == '"' || c == '\\')
        (void)snprintf(code, sizeof(code), "\\%c", c);
    else if (c >= 8 && c <= 13 && c != 11)
        (void)snprintf(code, sizeof(code), "\\%c", letters[c - 8]);
    else
        (void)snprintf(code, sizeof(code), "\\u%04x", c);
    put_word(text, code);
}

static void put_string(struct text *text, const char *string, size_t length)
{
    size_t from = 0;
    put_word(text, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)string[i];
        if (c >= ' ' && c != '"' && c != '\\')
            continue;
        append_bytes(text, string + from, i - from);
        put_escaped(text, c);
        from = i + 1;
    }
    append_bytes(text, string + from, length - from);
    put_word(text, "\"");
}

static void put_number(struct text *text, struct json_object *value)
{
    char number[32];
    int64_t is = json_object_get_int64(value);
    if (is == INT64_MAX)
        (void)snprintf(number, sizeof(number), "%" PRIu64, json_object_get_uint64(value));
    else
        (void)snprintf(number, sizeof(number), "%" PRId64, is);
    put_word(text, number);
}

/* Objects and arrays have their own functions below. */
static void put_value(struct text *text, struct json_object *value);

static void put_array(struct text *text, struct json_object *array)
{
    size_t count = json_object_array_length(array);
    put_word(text, "[");
    for (size_t i = 0; i < count && !text->failed; i++) {
        if (i > 0)
            put_word(text, ",");
        put_value(text, json_object_array_get_idx(array, i));
    }
    put_word(text, "]");
}

static void put_object(struct text *text, struct json_object *object)
{
    bool any = false;
    put_word(text, "{");
    json_object_object_foreach(object, key, value)
    {
        if (any)
            put_word(text, ",");
        any = true;
        put_string(text, key, strlen(key));
        put_word(text, ":");
        put_value(text, value);
    }
    put_word(text, "}");
}

static void put_value(struct text *text, struct json_object *value)
{
    char number[40];
    switch (json_object_get_type(value)) {
    case json_type_null:
        put_word(text, "null");
        return;
    case json_type_boolean:
        put_word(text, json_object_get_boolean(value) ? "true" : "false");
        return;
    case json_type_int:
        put_number(text, value);
        return;
    case json_type_double:
        (void)snprintf(number, sizeof(number), "%.17g", json_object_get_double(value));
        put_word(text, number);
        return;
    case json_type_string:
        put_string(text, json_object_get_string(value), (size_t)json_object_get_string_len(value));
        return;
    case json_type_array:
        put_array(text, value);
        return;
    case json_type_object:
        put_object(text, value);
        return;
    }
}

char *wire_write(struct json_object *value, size_t *length)
{
    struct text text = {0};
    put_value(&text, value);
    append_bytes(&text, "\n", 2); /* with its NUL */
    if (text.failed) {
        free(text.bytes);
        return NULL;
    }
    *length = text.length - 1;
    return text.bytes;
}
