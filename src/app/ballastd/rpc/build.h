/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON that is built where memory may end: what cannot be made is left out and remembered, so that
 * whoever sends what was built asks once, at the end, whether it is whole. NULL may be given as any
 * object or array.
 */
#ifndef APP_BALLASTD_RPC_BUILD_H
#define APP_BALLASTD_RPC_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* NULL: out of memory, remembered. */
struct json_object *build_object(void);
struct json_object *build_array(void);
struct json_object *build_text(const char *text);
struct json_object *build_u64(uint64_t value);
struct json_object *build_i64(int64_t value);
struct json_object *build_bool(bool value);
/* What was made is taken over; NULL is null, or what could not be made and is remembered as that.
 */
void build_add(struct json_object *object, const char *key, struct json_object *value);
/* The same; what is filled later, or NULL where it could not be added and is no more. */
struct json_object *build_in(struct json_object *object, const char *key,
                             struct json_object *value);
void build_append(struct json_object *array, struct json_object *value);
size_t build_length(const struct json_object *array);
/* Somebody found no memory elsewhere, so what is built is not whole. */
void build_fail(void);
/* How often there was no memory: what was built while it stayed the same is whole. */
uint64_t build_failures(void);

#endif
