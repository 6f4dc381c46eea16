/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/json/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/json/scan.h"
#include "edge/json/tree.h"

struct json_reader json_reader_over(const char *name, const char *data, size_t length)
{
    struct json_reader reader = {.name = name, .data = data, .length = length, .line = 1};
    if (length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        reader.offset = 3;
    return reader;
}

static struct json_scan scan_from(const struct json_reader *reader)
{
    return (struct json_scan){.data = reader->data,
                              .length = reader->length,
                              .at = reader->offset,
                              .line = reader->line,
                              .any_bytes = reader->any_bytes};
}

static int fail_scan(const struct json_reader *reader, const struct json_scan *scan,
                     struct ballast_error *err)
{
    struct json_at at = {.name = reader->name, .line = scan->line};
    return json_fail(err, &at, NULL, "%s", scan->why);
}

static size_t count_members(const struct json_object *value)
{
    size_t count = 0;
    if (json_object_is_type(value, json_type_object)) {
        struct json_object_iterator it = json_object_iter_begin((struct json_object *)value);
        struct json_object_iterator end = json_object_iter_end((struct json_object *)value);
        for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it))
            count += 1 + count_members(json_object_iter_peek_value(&it));
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            count += count_members(json_object_array_get_idx(value, i));
    }
    return count;
}

/* The tree has fewer members than the text: finds the duplicate key. */
static int fail_twice(const struct json_reader *reader, struct ballast_error *err)
{
    struct json_scan scan = scan_from(reader);
    scan.find_twice = true;
    struct json_at at = {.name = reader->name, .line = reader->line};
    if (json_scan_value(&scan))
        return json_fail(err, &at, NULL, "a duplicate key: remove it");
    at.line = scan.line;
    int shown = scan.key_length > 40 ? 40 : (int)scan.key_length;
    return json_fail(err, &at, NULL, "duplicate key '%.*s': remove one of the two", shown,
                     scan.key);
}

static int build_tree(const struct json_reader *reader, struct json_object **out,
                      struct ballast_error *err)
{
    struct json_scan scan = scan_from(reader);
    *out = json_tree(&scan);
    if (*out)
        return 0;
    return scan.why ? fail_scan(reader, &scan, err) : ballast_fail(err, -ENOMEM, "out of memory");
}

int json_next(struct json_reader *reader, struct json_object **out, struct json_at *at,
              struct ballast_error *err)
{
    struct json_scan scan = scan_from(reader);
    if (reader->length > JSON_MAX_BYTES)
        return ballast_fail(err, -EFBIG, "%s: too much JSON: use at most %d bytes", reader->name,
                            JSON_MAX_BYTES);
    json_scan_space(&scan);
    reader->offset = scan.at;
    reader->line = scan.line;
    if (scan.at == scan.length) {
        *out = NULL;
        return 0;
    }
    scan.why = "not JSON: start with an object or array";
    int first = json_scan_peek(&scan);
    if ((first != '{' && first != '[') || !json_scan_value(&scan))
        return fail_scan(reader, &scan, err);
    struct json_object *made = NULL;
    int rc = build_tree(reader, &made, err);
    if (rc < 0)
        return rc;
    if (count_members(made) != scan.members) {
        json_object_put(made);
        return fail_twice(reader, err);
    }
    *out = made;
    *at = (struct json_at){.name = reader->name,
                           .line = reader->line,
                           .text = reader->data + reader->offset,
                           .length = scan.at - reader->offset};
    reader->offset = scan.at;
    reader->line = scan.line;
    return 0;
}
