/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What another program answered, read member by member. It may be older or newer than this one, so
 * whatever is missing or of another type is "not known" and never an error.
 */
#ifndef EDGE_JSON_FIELD_H
#define EDGE_JSON_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* NULL where `object` is NULL or no object, or has no such member, or null for it. */
struct json_object *json_field(const struct json_object *object, const char *key);
/* UINT64_MAX, which is BALLAST_NONE, unless it is a whole number of 0 or more. */
uint64_t json_field_u64(const struct json_object *object, const char *key);
/* The same, and 0 for what is not known. */
uint64_t json_field_sum(const struct json_object *object, const char *key);
bool json_field_bool(const struct json_object *object, const char *key);
/* "" unless it is a string; not yet fit for a terminal. Lives as long as the object. */
const char *json_field_string(const struct json_object *object, const char *key);
/* 0 unless it is an array, or the member is. */
size_t json_count(const struct json_object *array);
size_t json_field_count(const struct json_object *object, const char *key);
/* NULL where there are not so many. */
struct json_object *json_field_at(const struct json_object *object, const char *key, size_t i);

#endif
