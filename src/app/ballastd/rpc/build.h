/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON that is built when memory may run out: what cannot be allocated is omitted and counted, so
 * that the sender checks once, at the end, whether it is complete. NULL is allowed as any object or
 * array.
 */
#ifndef APP_BALLASTD_RPC_BUILD_H
#define APP_BALLASTD_RPC_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* NULL: out of memory, counted. */
struct json_object *build_object(void);
struct json_object *build_array(void);
struct json_object *build_text(const char *text);
struct json_object *build_u64(uint64_t value);
struct json_object *build_i64(int64_t value);
struct json_object *build_bool(bool value);
/* Owns the value; NULL is null, or what could not be allocated, which is counted. */
void build_add(struct json_object *object, const char *key, struct json_object *value);
/*
 * The same; returns the value, to be filled later, or NULL if it could not be added and was freed.
 */
struct json_object *build_in(struct json_object *object, const char *key,
                             struct json_object *value);
void build_append(struct json_object *array, struct json_object *value);
size_t build_length(const struct json_object *array);
/* An allocation failed elsewhere, so what is built is not complete. */
void build_fail(void);
/* The number of failed allocations: what was built while it did not change is complete. */
uint64_t build_failures(void);

#endif
