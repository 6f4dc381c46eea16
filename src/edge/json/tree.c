/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A json-c tree from scanned text; json-c's own reader crashes when it runs out of memory. */
#include "edge/json/tree.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "edge/json/scan.h"

static unsigned parse_hex4(const char *text)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)text[i];
        value = value << 4 | (c <= '9' ? c - 48u : (c | 0x20u) - 87u); /* '0', 'a' - 10 */
    }
    return value;
}

static size_t put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(marks[size] | code);
    return size;
}

/* After "\u"; a surrogate without its other half becomes U+FFFD. Returns how much was read. */
static size_t take_code(const char *text, size_t length, char *out, size_t *out_length)
{
    unsigned code = parse_hex4(text);
    size_t used = 4;
    if (code >= 0xd800 && code < 0xdc00 && length >= 10 && text[4] == '\\' && text[5] == 'u') {
        unsigned low = parse_hex4(text + 6);
        if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            used = 10;
        }
    }
    if (code >= 0xd800 && code < 0xe000)
        code = 0xfffd;
    *out_length += put_utf8(out + *out_length, code);
    return used;
}

static char unescape_char(char c)
{
    static const char names[] = "bfnrt";
    static const char are[] = "\b\f\n\r\t";
    const char *name = strchr(names, c);
    return name && c ? are[name - names] : c;
}

static bool is_utf8(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        unsigned char c = (unsigned char)text[i];
        size_t size = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
        if (size == 0 || size > length - i)
            return false;
        for (size_t j = 1; j < size; j++) {
            if (((unsigned char)text[i + j] & 0xc0) != 0x80)
                return false;
        }
        i += size;
    }
    return true;
}

/* Decodes a string, with a NUL at the end; the caller frees it. */
static char *decode_string(struct json_scan *scan, const char *text, size_t length,
                           size_t *out_length)
{
    if (!scan->any_bytes && !is_utf8(text, length)) {
        scan->why = "bytes that are not UTF-8 in a string";
        return NULL;
    }
    char *out = malloc(length + 1); /* no escape is shorter than its character */
    size_t at = 0;
    for (size_t i = 0; out && i < length;) {
        if (text[i] != '\\') {
            out[at++] = text[i++];
        } else if (text[i + 1] == 'u') {
            i += 2 + take_code(text + i + 2, length - i - 2, out, &at);
        } else {
            out[at++] = unescape_char(text[i + 1]);
            i += 2;
        }
    }
    if (out)
        out[at] = '\0';
    *out_length = at;
    return out;
}

static struct json_object *string_of(struct json_scan *scan, const char *text, size_t length)
{
    size_t size = 0;
    char *is = decode_string(scan, text + 1, length - 2, &size);
    struct json_object *made = is ? json_object_new_string_len(is, (int)size) : NULL;
    free(is);
    return made;
}

/* A number beyond 64 bits becomes the nearest limit: callers check bounds. */
static struct json_object *whole_of(const char *text)
{
    if (text[0] == '-')
        return json_object_new_int64(strtoll(text, NULL, 10));
    uint64_t number = strtoull(text, NULL, 10);
    return number <= INT64_MAX ? json_object_new_int64((int64_t)number)
                               : json_object_new_uint64(number);
}

static struct json_object *make_number(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    struct json_object *made =
        strpbrk(copy, ".eE") ? json_object_new_double_s(strtod(copy, NULL), copy) : whole_of(copy);
    free(copy);
    return made;
}

/* *is_null: the result NULL is the value null. */
static struct json_object *read_scalar(struct json_scan *scan, bool *is_null)
{
    const char *text = scan->data + scan->at;
    size_t from = scan->at;
    if (!json_scan_value(scan))
        return NULL;
    size_t length = scan->at - from;
    *is_null = text[0] == 'n';
    if (text[0] == '"')
        return string_of(scan, text, length);
    if (text[0] == 't' || text[0] == 'f')
        return json_object_new_boolean(text[0] == 't');
    return *is_null ? NULL : make_number(text, length);
}

static bool take_value(struct json_scan *scan, struct json_object **out);

static bool add_member(struct json_scan *scan, struct json_object *object)
{
    struct json_object *value = NULL;
    size_t size = 0;
    if (!json_scan_key(scan))
        return false;
    char *key = decode_string(scan, scan->key, scan->key_length, &size);
    if (key && memchr(key, '\0', size))
        scan->why = "a NUL character in a key";
    bool done = key && !scan->why && take_value(scan, &value) &&
                json_object_object_add(object, key, value) == 0;
    if (!done)
        json_object_put(value);
    free(key);
    return done;
}

static bool add_item(struct json_scan *scan, struct json_object *array)
{
    struct json_object *value = NULL;
    if (take_value(scan, &value) && json_object_array_add(array, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

static bool fill_tree(struct json_scan *scan, struct json_object *made, bool is_object)
{
    char close = is_object ? '}' : ']';
    bool empty = false;
    if (!json_scan_open(scan, close, &empty))
        return false;
    for (bool more = !empty; more;) {
        if (!(is_object ? add_member(scan, made) : add_item(scan, made)) ||
            !json_scan_more(scan, close, &more))
            return false;
    }
    return true;
}

static bool take_value(struct json_scan *scan, struct json_object **out)
{
    bool is_null = false;
    int first = json_scan_peek(scan);
    if (first != '{' && first != '[') {
        *out = read_scalar(scan, &is_null);
        return *out || is_null;
    }
    *out = first == '{' ? json_object_new_object() : json_object_new_array();
    return *out && fill_tree(scan, *out, first == '{');
}

struct json_object *json_tree(struct json_scan *scan)
{
    struct json_object *made = NULL;
    scan->why = NULL;
    if (take_value(scan, &made))
        return made;
    json_object_put(made);
    return NULL;
}
