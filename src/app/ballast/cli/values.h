/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values into JSON objects and tables, where BALLAST_NONE is "not known". */
#ifndef APP_BALLAST_CLI_VALUES_H
#define APP_BALLAST_CLI_VALUES_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;
struct cli_table;

/* All of these end the program when memory runs out. */
struct json_object *cli_json_object(void);
struct json_object *cli_json_array(void);
/* The value becomes the object's, the array's; NULL is null. */
void cli_json_add(struct json_object *object, const char *key, struct json_object *value);
void cli_json_append(struct json_object *array, struct json_object *value);
/* BALLAST_NONE is null. */
void cli_json_kib(struct json_object *object, const char *key, uint64_t kib);
/* NULL is null; what is no UTF-8 or would steer a terminal becomes '?'. */
void cli_json_string(struct json_object *object, const char *key, const char *value);
void cli_json_bool(struct json_object *object, const char *key, bool value);
/* Seconds with three decimals. */
void cli_json_seconds(struct json_object *object, const char *key, uint64_t usec);
/* One line on standard output; the object is put. */
void cli_json_print(struct json_object *object);

/* From here on Xen's maximum does not limit: dom0's without max: is all ones, less the odd page. */
#define CLI_NO_LIMIT_KIB (UINT64_C(1) << 50)

/* A cell in whole MiB, rounded down as xl does; "-" where it is not known, "none" for no limit. */
void cli_table_add_mib(struct cli_table *table, uint64_t kib);

#endif
