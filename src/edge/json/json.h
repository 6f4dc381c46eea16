/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strict reading of JSON from untrusted sources, on top of json-c. Every error is one sentence that
 * names the document, the line and the key ("host.json:3: doms[2].tot_kib: ..."). json-c keeps no
 * lines, accepts duplicate keys, does not bound memory and crashes when it runs out; so the text is
 * scanned first, the tree is built from that scan, and another scan finds the line of a value for a
 * message.
 */
#ifndef EDGE_JSON_JSON_H
#define EDGE_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

struct json_object;

/*
 * Larger input is refused: no file of ours comes near these limits. The last two bound what json-c
 * allocates, about 800 bytes for an empty object and 60 for a number.
 */
enum {
    JSON_MAX_DEPTH = 32,
    JSON_MAX_BYTES = 64 << 20,
    JSON_MAX_CONTAINERS = 1 << 17,
    JSON_MAX_VALUES = 1 << 20,
};

/* A text with any number of documents, read from front to back. */
struct json_reader {
    const char *name; /* its name in messages */
    const char *data; /* need not be terminated */
    size_t length;
    size_t offset; /* of the next document */
    unsigned line; /* the line at that offset; the first one is 1 */
    /*
     * Strings that are values may hold any bytes: NUL as \u0000, control characters, what is not
     * UTF-8. For a document that carries others' texts: take each with its length.
     */
    bool any_bytes;
};

/* The place of a value, for messages. */
struct json_at {
    const char *name;
    unsigned line;    /* of the start of its document */
    const char *text; /* the document, to find lines in; NULL: `line` serves for all of it */
    size_t length;
    char path[96]; /* "doms[2]"; "" at the top; cut short if too long */
};

/* Skips a byte order mark at the front. */
struct json_reader json_reader_over(const char *name, const char *data, size_t length);
/*
 * The next document, an object or an array. The caller releases *out with json_object_put(); it is
 * NULL at the end of the data. *at is its place and refers to the reader's data. -EINVAL if it is
 * not JSON, has a duplicate key, or exceeds the limits.
 */
int json_next(struct json_reader *reader, struct json_object **out, struct json_at *at,
              struct ballast_error *err);

/* A member and an item of the value at `at`. */
struct json_at json_at_key(const struct json_at *at, const char *key);
struct json_at json_at_item(const struct json_at *at, size_t i);

/*
 * A member as an unsigned 64-bit number. -ENOENT (no text) if it is absent or null; -EINVAL if it
 * is negative, not whole, not a number, or UINT64_MAX or more, which stands for "unset".
 */
int json_get_u64(const struct json_object *object, const char *key, const struct json_at *at,
                 uint64_t *out, struct ballast_error *err);
/* Likewise with a sign, within 63 bits. */
int json_get_i64(const struct json_object *object, const char *key, const struct json_at *at,
                 int64_t *out, struct ballast_error *err);
int json_get_bool(const struct json_object *object, const char *key, const struct json_at *at,
                  bool *out, struct ballast_error *err);
/* *out belongs to the object. A string with a NUL character in it is refused. */
int json_get_string(const struct json_object *object, const char *key, const struct json_at *at,
                    const char **out, struct ballast_error *err);
/* Seconds, whole or not, as microseconds; negative or beyond 2^53 us is refused. */
int json_get_seconds(const struct json_object *object, const char *key, const struct json_at *at,
                     uint64_t *out_usec, struct ballast_error *err);
/* A member that must be an object or an array; *out belongs to its parent. */
int json_get_object(const struct json_object *object, const char *key, const struct json_at *at,
                    struct json_object **out, struct ballast_error *err);
int json_get_array(const struct json_object *object, const char *key, const struct json_at *at,
                   struct json_object **out, struct ballast_error *err);

/*
 * -EINVAL, with "name:line: path.key: " before the message; `key` may be NULL. The line is that of
 * the key, or, where there is none, of what should have it.
 */
__attribute__((format(printf, 4, 5))) int json_fail(struct ballast_error *err,
                                                    const struct json_at *at, const char *key,
                                                    const char *format, ...);
/* ballast_text_make_showable(), for text from files that goes to a terminal. */
void json_printable(char *text);

#endif
