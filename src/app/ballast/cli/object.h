/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON objects that commands print. Out of memory ends the program. */
#ifndef APP_BALLAST_CLI_OBJECT_H
#define APP_BALLAST_CLI_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

struct json_object *cli_object(void);
struct json_object *cli_array(void);
void cli_object_add_kib(struct json_object *object, const char *key, uint64_t kib);
void cli_object_add_bool(struct json_object *object, const char *key, bool flag);
/* What would steer a terminal is a question mark. */
void cli_object_add_string(struct json_object *object, const char *key, const char *string);
/* Seconds with three decimals. */
void cli_object_add_seconds(struct json_object *object, const char *key, uint64_t usec);
/* The value becomes the object's, the array's. */
void cli_object_add(struct json_object *object, const char *key, struct json_object *value);
void cli_array_add(struct json_object *array, struct json_object *value);
/* One line on standard output; the object is freed. */
void cli_object_print(struct json_object *object);

#endif
