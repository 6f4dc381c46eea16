/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Members of an answer. NULL and BALLAST_NONE mean unknown, also if the type is wrong. Shared only
 * by the files of this folder.
 */
#ifndef EDGE_METRICS_MEMBER_H
#define EDGE_METRICS_MEMBER_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

struct json_object *metrics_member(const struct json_object *object, const char *key);
uint64_t metrics_number(const struct json_object *object, const char *key);
/* "" if unknown. */
const char *metrics_word(const struct json_object *object, const char *key);
size_t metrics_count(const struct json_object *array);

#endif
