/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "core/base/units.h"
#include "core/model/host.h"

struct json_object *cli_json_object(void)
{
    return xcheck(json_object_new_object());
}

struct json_object *cli_json_array(void)
{
    return xcheck(json_object_new_array());
}

void cli_json_add(struct json_object *object, const char *key, struct json_object *value)
{
    if (json_object_object_add(object, key, value) < 0)
        xcheck(NULL);
}

void cli_json_append(struct json_object *array, struct json_object *value)
{
    if (json_object_array_add(array, value) < 0)
        xcheck(NULL);
}

void cli_json_kib(struct json_object *object, const char *key, uint64_t kib)
{
    cli_json_add(object, key, kib == BALLAST_NONE ? NULL : xcheck(json_object_new_uint64(kib)));
}

void cli_json_string(struct json_object *object, const char *key, const char *value)
{
    char *shown = value ? cli_shown(value) : NULL;
    cli_json_add(object, key, shown ? xcheck(json_object_new_string(shown)) : NULL);
    free(shown);
}

void cli_json_bool(struct json_object *object, const char *key, bool value)
{
    cli_json_add(object, key, xcheck(json_object_new_boolean(value)));
}

void cli_json_seconds(struct json_object *object, const char *key, uint64_t usec)
{
    char text[CLI_SIZE];
    uint64_t msec = usec / 1000;
    (void)snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, msec / 1000, msec % 1000);
    double seconds = (double)usec / (double)BALLAST_SEC_USEC;
    cli_json_add(object, key, xcheck(json_object_new_double_s(seconds, text)));
}

void cli_json_print(struct json_object *object)
{
    puts(xcheck((void *)json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
    json_object_put(object);
}

void cli_table_add_mib(struct cli_table *table, uint64_t kib)
{
    if (kib == BALLAST_NONE)
        cli_table_add(table, "-");
    else if (kib >= CLI_NO_LIMIT_KIB)
        cli_table_add(table, "none");
    else
        cli_table_add(table, "%" PRIu64, kib / BALLAST_MIB_KIB);
}
