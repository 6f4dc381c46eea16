/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon answered, read member by member. It may be an older or a newer daemon than this
 * program, so whatever is missing or of another type is "not known" and never an error.
 */
#ifndef APP_BALLAST_CLI_FIELDS_H
#define APP_BALLAST_CLI_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* NULL where `object` is NULL or no object, or has no such member, or null for it. */
struct json_object *cli_field(const struct json_object *object, const char *key);
/* BALLAST_NONE unless it is a whole number of 0 or more. */
uint64_t cli_field_u64(const struct json_object *object, const char *key);
/* The same, and 0 for what is not known. */
uint64_t cli_field_sum(const struct json_object *object, const char *key);
bool cli_field_bool(const struct json_object *object, const char *key);
/* "" unless it is a string; not yet fit for a terminal. Lives as long as the object. */
const char *cli_field_string(const struct json_object *object, const char *key);
/* The same as it can be shown, in new memory; "-" where there is none. */
char *cli_field_shown(const struct json_object *object, const char *key);
/* 0 unless it is an array. */
size_t cli_field_count(const struct json_object *object, const char *key);
/* NULL where there are not so many. */
struct json_object *cli_field_at(const struct json_object *object, const char *key, size_t i);

struct ballast_host;
/* Of the daemon's answer to "host": which Xen and processor it is, and what decides of guests. */
void cli_field_host_facts(const struct json_object *object, struct ballast_host *out);

/* A new object to put parameters in; the rest of them leave out what is not given. */
struct json_object *cli_params(void);
/* BALLAST_NONE leaves it out. */
void cli_params_u64(struct json_object *params, const char *key, uint64_t value);
/* NULL leaves it out. */
void cli_params_string(struct json_object *params, const char *key, const char *value);
void cli_params_bool(struct json_object *params, const char *key, bool value);
/* A domain as people write it: its number, or a name or uuid. */
void cli_params_domain(struct json_object *params, const char *key, const char *domain);

#endif
