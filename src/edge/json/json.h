/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strict reading of JSON that strangers wrote, on top of json-c. Every error is one sentence that
 * names the document, the line and the key ("host.json:3: domains[2].tot_kib: ...").
 */
#ifndef EDGE_JSON_JSON_H
#define EDGE_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

struct json_object;

/* Depth and size past which a document is refused: no file of ours comes near them. */
enum { JSON_MAX_DEPTH = 32, JSON_MAX_BYTES = 64 << 20 };

/*
 * The next value of `data`, from *offset on; *offset moves past it and the white space behind,
 * *line (the first line is 1) with it. *out is the caller's, to be put; NULL at the end of the
 * data. -EINVAL where there is no JSON, a key is there twice, or it is too deep; the text has
 * `name` and the line.
 */
int json_next(const char *name, const char *data, size_t length, size_t *offset, unsigned *line,
              struct json_object **out, struct ballast_error *err);

/* Where a value stands, for messages: "name:line: path". */
struct json_at {
    const char *name;
    unsigned line;
    const char *path; /* "" at the top */
};

/*
 * A member as an unsigned 64-bit number. -ENOENT (no text) when it is absent or null; -EINVAL when
 * it is negative, not whole, too large or no number.
 */
int json_get_u64(const struct json_object *object, const char *key, const struct json_at *at,
                 uint64_t *out, struct ballast_error *err);
int json_get_bool(const struct json_object *object, const char *key, const struct json_at *at,
                  bool *out, struct ballast_error *err);
/* *out belongs to the object. A string with a NUL byte inside is refused. */
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

/* -EINVAL, with "name:line: path.key: " before the message. */
__attribute__((format(printf, 4, 5))) int json_fail(struct ballast_error *err,
                                                    const struct json_at *at, const char *key,
                                                    const char *format, ...);

#endif
