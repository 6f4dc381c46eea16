/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/json/scan.h"

#include <float.h>
#include <json-c/json.h>
#include <string.h>

#include "edge/json/json.h"

static bool note_scan_fault(struct json_scan *scan, const char *why)
{
    scan->why = why;
    return false;
}

int json_scan_peek(const struct json_scan *scan)
{
    return scan->at < scan->length ? (unsigned char)scan->data[scan->at] : -1;
}

void json_scan_space(struct json_scan *scan)
{
    int c;
    while ((c = json_scan_peek(scan)) == ' ' || c == '\t' || c == '\n' || c == '\r') {
        scan->line += c == '\n';
        scan->at++;
    }
}

static bool is_hex(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool scan_escape(struct json_scan *scan)
{
    scan->at++;
    int c = json_scan_peek(scan);
    if (c == 'u') {
        for (size_t i = 1; i <= 4; i++) {
            if (scan->at + i >= scan->length || !is_hex(scan->data[scan->at + i]))
                return note_scan_fault(scan, "\\u needs four hexadecimal digits");
        }
        if (!scan->any_bytes && memcmp(scan->data + scan->at + 1, "0000", 4) == 0)
            return note_scan_fault(scan, "a NUL character in a string");
        scan->at += 5;
        return true;
    }
    if (c <= 0 || !strchr("\"\\/bfnrt", c))
        return note_scan_fault(scan, "a backslash that begins no escape sequence of JSON");
    scan->at++;
    return true;
}

static bool scan_string(struct json_scan *scan)
{
    scan->at++;
    for (;;) {
        int c = json_scan_peek(scan);
        if (c < 0)
            return note_scan_fault(scan, "a string without an end");
        if (c < ' ' && !scan->any_bytes)
            return note_scan_fault(scan,
                                   "a control character or the end of the line inside a string");
        if (c == '\\') {
            if (!scan_escape(scan))
                return false;
            continue;
        }
        scan->at++;
        if (c == '"')
            return true;
    }
}

static bool scan_digits(struct json_scan *scan)
{
    size_t begin = scan->at;
    int c;
    while ((c = json_scan_peek(scan)) >= '0' && c <= '9')
        scan->at++;
    return scan->at > begin || note_scan_fault(scan, "a digit is missing in a number");
}

/*
 * An exponent, if one follows. A double with more than DBL_MAX_10_EXP digits before its point is
 * infinite, which JSON cannot say.
 */
static bool scan_exponent(struct json_scan *scan, size_t integer_digits)
{
    long exponent = 0;
    bool negative = false;
    int c = json_scan_peek(scan);
    if (c == 'e' || c == 'E') {
        scan->at++;
        c = json_scan_peek(scan);
        negative = c == '-';
        if (c == '+' || c == '-')
            scan->at++;
        size_t begin = scan->at;
        if (!scan_digits(scan))
            return false;
        for (; begin < scan->at && exponent <= DBL_MAX_10_EXP; begin++)
            exponent = 10 * exponent + (scan->data[begin] - '0');
    }
    if (integer_digits + (negative ? 0 : (size_t)exponent) > DBL_MAX_10_EXP)
        return note_scan_fault(scan, "a number of more than 308 digits");
    return true;
}

static bool scan_number(struct json_scan *scan)
{
    if (json_scan_peek(scan) == '-')
        scan->at++;
    bool zero = json_scan_peek(scan) == '0';
    size_t begin = scan->at;
    if (!scan_digits(scan))
        return false;
    if (zero && scan->at - begin > 1)
        return note_scan_fault(scan, "a number that begins with 0");
    size_t integer_digits = scan->at - begin;
    if (json_scan_peek(scan) == '.') {
        scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    return scan_exponent(scan, integer_digits);
}

static bool scan_word(struct json_scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);
        if (scan->length - scan->at >= length &&
            memcmp(scan->data + scan->at, words[i], length) == 0) {
            scan->at += length;
            return true;
        }
    }
    return note_scan_fault(scan, json_scan_peek(scan) < 0 ? "the text ends before a value"
                                                          : "not a JSON value");
}

bool json_scan_key(struct json_scan *scan)
{
    if (json_scan_peek(scan) != '"')
        return note_scan_fault(scan, "a key is missing: write it in double quotes");
    size_t begin = scan->at + 1;
    if (!scan_string(scan))
        return false;
    scan->key = scan->data + begin;
    scan->key_length = scan->at - 1 - begin;
    scan->members++;
    json_scan_space(scan);
    if (json_scan_peek(scan) != ':')
        return note_scan_fault(scan, "a colon is missing after the key");
    scan->at++;
    json_scan_space(scan);
    return true;
}

bool json_scan_more(struct json_scan *scan, char close, bool *more)
{
    json_scan_space(scan);
    int c = json_scan_peek(scan);
    *more = c == ',';
    if (c != ',' && c != close)
        return note_scan_fault(scan, close == '}' ? "a comma or } is missing"
                                                  : "a comma or ] is missing");
    scan->at++;
    if (*more)
        json_scan_space(scan);
    return true;
}

bool json_scan_open(struct json_scan *scan, char close, bool *empty)
{
    if (++scan->containers > JSON_MAX_CONTAINERS)
        return note_scan_fault(scan, "more objects and arrays than any file of this kind has");
    scan->at++;
    json_scan_space(scan);
    *empty = json_scan_peek(scan) == close;
    if (*empty)
        scan->at++;
    return true;
}

/* Whether the key just scanned is new to `seen`, as json-c would decode it. */
static bool key_is_new(struct json_scan *scan, struct json_object *seen)
{
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *key = NULL;
    bool is_new = true;
    if (tokener)
        key = json_tokener_parse_ex(tokener, scan->key - 1, (int)scan->key_length + 2);
    if (key) {
        is_new = !json_object_object_get_ex(seen, json_object_get_string(key), NULL);
        json_object_object_add(seen, json_object_get_string(key), NULL);
    }
    json_object_put(key);
    json_tokener_free(tokener);
    return is_new || note_scan_fault(scan, "duplicate key");
}

static bool scan_members(struct json_scan *scan, struct json_object *seen)
{
    bool more;
    bool empty;
    if (!json_scan_open(scan, '}', &empty))
        return false;
    for (more = !empty; more;) {
        if (!json_scan_key(scan) || (seen && !key_is_new(scan, seen)) || !json_scan_value(scan) ||
            !json_scan_more(scan, '}', &more))
            return false;
    }
    return true;
}

static bool scan_object(struct json_scan *scan)
{
    struct json_object *seen = scan->find_twice ? json_object_new_object() : NULL;
    bool ok = scan_members(scan, seen);
    json_object_put(seen);
    return ok;
}

static bool scan_array(struct json_scan *scan)
{
    bool more;
    bool empty;
    if (!json_scan_open(scan, ']', &empty))
        return false;
    for (more = !empty; more;) {
        if (!json_scan_value(scan) || !json_scan_more(scan, ']', &more))
            return false;
    }
    return true;
}

static bool scan_container(struct json_scan *scan, bool is_object)
{
    if (scan->depth == JSON_MAX_DEPTH)
        return note_scan_fault(scan, "nested more deeply than any file of this kind is");
    scan->depth++;
    bool ok = is_object ? scan_object(scan) : scan_array(scan);
    scan->depth--;
    return ok;
}

bool json_scan_value(struct json_scan *scan)
{
    if (++scan->values > JSON_MAX_VALUES)
        return note_scan_fault(scan, "more values than any file of this kind has");
    int c = json_scan_peek(scan);
    if (c == '{' || c == '[')
        return scan_container(scan, c == '{');
    if (c == '"')
        return scan_string(scan);
    if (c == '-' || (c >= '0' && c <= '9'))
        return scan_number(scan);
    return scan_word(scan);
}
