/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "core/base/units.h"

struct json_object *cli_object(void)
{
    return xcheck(json_object_new_object());
}

struct json_object *cli_array(void)
{
    return xcheck(json_object_new_array());
}

static void must_be_done(int rc)
{
    if (rc == 0)
        return;
    cli_error("out of memory");
    exit(CLI_UNREACHABLE);
}

void cli_object_add(struct json_object *object, const char *key, struct json_object *value)
{
    must_be_done(json_object_object_add(object, key, value));
}

void cli_array_add(struct json_object *array, struct json_object *value)
{
    must_be_done(json_object_array_add(array, value));
}

void cli_object_add_kib(struct json_object *object, const char *key, uint64_t kib)
{
    cli_object_add(object, key, xcheck(json_object_new_uint64(kib)));
}

void cli_object_add_bool(struct json_object *object, const char *key, bool flag)
{
    cli_object_add(object, key, xcheck(json_object_new_boolean(flag)));
}

void cli_object_add_string(struct json_object *object, const char *key, const char *string)
{
    char *shown = cli_shown(string);
    cli_object_add(object, key, xcheck(json_object_new_string(shown)));
    free(shown);
}

void cli_object_add_seconds(struct json_object *object, const char *key, uint64_t usec)
{
    char text[CLI_SIZE];
    uint64_t msec = usec / 1000;
    (void)snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, msec / 1000, msec % 1000);
    double seconds = (double)usec / (double)BALLAST_SEC_USEC;
    cli_object_add(object, key, xcheck(json_object_new_double_s(seconds, text)));
}

void cli_object_print(struct json_object *object)
{
    puts(xcheck((void *)json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
    json_object_put(object);
}
