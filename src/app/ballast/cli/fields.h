/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's answers (edge/json/field.h) for people, and the parameters that it is sent. */
#ifndef APP_BALLAST_CLI_FIELDS_H
#define APP_BALLAST_CLI_FIELDS_H

#include "edge/json/field.h"

struct ballast_host;

/* A string as it can be shown, in new memory; "-" where there is none. */
char *cli_field_shown(const struct json_object *object, const char *key);
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
