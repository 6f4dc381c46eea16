/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/fields.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "core/model/commandline.h"
#include "core/model/host.h"

char *cli_field_shown(const struct json_object *object, const char *key)
{
    const char *string = json_field_string(object, key);
    return cli_shown(*string ? string : "-");
}

static void read_fields_gnttab(const struct json_object *object, struct ballast_host *out)
{
    uint64_t frames = json_field_u64(object, "gnttab_max_frames");
    uint64_t maptrack_frames = json_field_u64(object, "gnttab_max_maptrack_frames");
    if (frames <= INT32_MAX && maptrack_frames <= INT32_MAX)
        ballast_caps_set_gnttab(&out->caps, (uint32_t)frames, (uint32_t)maptrack_frames,
                                out->xen_version);
}

void cli_field_host_facts(const struct json_object *object, struct ballast_host *out)
{
    out->caps.vmx = json_field_bool(object, "vmx");
    (void)snprintf(out->xen_version, sizeof(out->xen_version), "%s",
                   json_field_string(object, "xen_version"));
    (void)snprintf(out->processor, sizeof(out->processor), "%s",
                   json_field_string(object, "processor"));
    read_fields_gnttab(object, out);
}

struct json_object *cli_params(void)
{
    return cli_json_object();
}

void cli_params_u64(struct json_object *params, const char *key, uint64_t value)
{
    if (value != BALLAST_NONE)
        cli_json_add(params, key, xcheck(json_object_new_uint64(value)));
}

void cli_params_string(struct json_object *params, const char *key, const char *value)
{
    if (value)
        cli_json_add(params, key, xcheck(json_object_new_string(value)));
}

void cli_params_bool(struct json_object *params, const char *key, bool value)
{
    cli_json_bool(params, key, value);
}

void cli_params_domain(struct json_object *params, const char *key, const char *domain)
{
    size_t digits = strspn(domain, "0123456789");
    /* No domain has a number of so many digits: it can only be a name. */
    if (digits == 0 || digits > 9 || domain[digits] != '\0') {
        cli_params_string(params, key, domain);
        return;
    }
    uint64_t number = 0;
    for (const char *digit = domain; *digit; digit++)
        number = 10 * number + (uint64_t)(*digit - '0');
    cli_params_u64(params, key, number);
}
