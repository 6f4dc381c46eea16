/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/client/admission_preview.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/pages.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "core/policy/forecast.h"

static struct json_object *plan_params(const char *label, uint64_t need_kib)
{
    struct json_object *params = cli_params();
    struct json_object *starts = cli_json_array();
    struct json_object *start = cli_params();
    cli_params_string(start, "label", label && *label ? label : NULL);
    cli_params_u64(start, "min_kib", need_kib);
    cli_json_append(starts, start);
    cli_json_add(params, "requests", starts);
    return params;
}

int cli_admission_preview_ask(struct cli_daemon *daemon, const char *label, uint64_t need_kib,
                              struct cli_admission_preview *out)
{
    struct cli_admission_preview preview = {0};
    struct json_object *result = NULL;
    int rc = cli_daemon_call(daemon, "plan", plan_params(label, need_kib), &result);
    preview.start = json_object_get(json_field_at(result, "requests", 0));
    struct json_object *donors = json_field(preview.start, "donors");
    preview.donors = json_object_get(donors ? donors : json_field(result, "donors"));
    json_object_put(result);
    if (!rc && !preview.start) {
        cli_error("%s: the daemon's answer to 'plan' has no plan", daemon->command);
        rc = CLI_UNREACHABLE;
    }
    if (!rc)
        rc = cli_pages(daemon, &cli_list_of_domains, cli_params(), &preview.domains);
    if (rc)
        cli_admission_preview_release(&preview);
    else
        *out = preview;
    return rc;
}

void cli_admission_preview_release(struct cli_admission_preview *preview)
{
    json_object_put(preview->start);
    json_object_put(preview->donors);
    json_object_put(preview->domains);
    *preview = (struct cli_admission_preview){0};
}

static bool has_verdict(const struct cli_admission_preview *preview, const char *word)
{
    return strcmp(json_field_string(preview->start, "verdict"), word) == 0;
}

bool cli_admission_preview_is_possible(const struct cli_admission_preview *preview)
{
    return has_verdict(preview, "fits") || has_verdict(preview, "waits");
}

static size_t admission_preview_length_of(const struct json_object *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

/* Why a domain is not asked for what it holds above its minimum, or NULL: it is. */
static const char *in_the_way(const struct json_object *domain)
{
    const char *state = json_field_string(domain, "state");
    const char *balloon_status = json_field_string(domain, "balloon_status");
    if (strcmp(state, "paused") == 0)
        return "it is paused";
    if (strcmp(state, "migrating") == 0)
        return "it is migrating";
    if (strcmp(state, "build") == 0)
        return NULL;
    if (json_field_bool(domain, "opted_out"))
        return "it is opted out of balancing";
    if (json_field_bool(domain, "paused"))
        return "its balancing is paused";
    if (json_field_u64(domain, "shares") == 0)
        return "it has 0 shares, so it is not balanced";
    if (!json_field_bool(domain, "balloon") || strcmp(balloon_status, "no-driver") == 0)
        return "it has no balloon driver";
    return strcmp(balloon_status, "stuck") == 0 ? "its balloon does not move" : NULL;
}

static uint64_t above_minimum_kib(const struct json_object *domain)
{
    uint64_t min_kib = json_field_u64(domain, "dynamic_min_kib");
    if (min_kib == BALLAST_NONE)
        return 0;
    return ballast_sub_floor(json_field_sum(domain, "current_kib"), min_kib);
}

static void print_preview_donors(const struct cli_admission_preview *preview, FILE *out)
{
    for (size_t i = 0; i < admission_preview_length_of(preview->donors); i++) {
        const struct json_object *donor = json_object_array_get_idx(preview->donors, i);
        uint64_t reclaim_kib = json_field_sum(donor, "reclaim_kib");
        char *name = cli_field_shown(donor, "name");
        if (reclaim_kib > 0)
            fprintf(out, "    domain %" PRIu64 " %s can free %" PRIu64 " KiB%s\n",
                    json_field_sum(donor, "domid"), name, reclaim_kib,
                    json_field_bool(donor, "stuck") ? " (it is stuck)" : "");
        free(name);
    }
}

/* Minima are what an operator set: they are in the way too, and last. */
static void print_preview_obstacles(const struct cli_admission_preview *preview, FILE *out)
{
    for (size_t i = 0; i < admission_preview_length_of(preview->domains); i++) {
        const struct json_object *domain = json_object_array_get_idx(preview->domains, i);
        const char *why = in_the_way(domain);
        uint64_t above_kib = above_minimum_kib(domain);
        if (!why || above_kib == 0)
            continue;
        char *name = cli_field_shown(domain, "name");
        fprintf(out, "    domain %" PRIu64 " %s has %" PRIu64 " KiB above its minimum: %s\n",
                json_field_sum(domain, "domid"), name, above_kib, why);
        free(name);
    }
    fputs("    lower minima would also help: ballast set-range DOMAIN MIN MAX\n", out);
}

void cli_admission_preview_print(const struct cli_admission_preview *preview, FILE *out)
{
    char *message = cli_field_shown(preview->start, "message");
    uint64_t missing_kib = json_field_sum(preview->start, "missing_kib");
    struct forecast wait = {json_field_u64(preview->start, "wait_min_usec"),
                            json_field_u64(preview->start, "wait_max_usec")};
    if (has_verdict(preview, "fits")) {
        fputs("it fits into the available memory\n", out);
    } else if (has_verdict(preview, "waits")) {
        fprintf(out, "it fits once other domains free %" PRIu64 " KiB", missing_kib);
        if (wait.max_usec != BALLAST_NONE) {
            char text[96];
            (void)forecast_text(&wait, text, sizeof(text));
            fprintf(out, ", in %s", text);
        }
        fputs(":\n", out);
        print_preview_donors(preview, out);
    } else {
        fprintf(out, "it does not fit, %" PRIu64 " KiB are missing: %s\n", missing_kib, message);
        print_preview_obstacles(preview, out);
    }
    free(message);
}

struct json_object *cli_admission_preview_json(const struct cli_admission_preview *preview)
{
    struct json_object *object = cli_json_object();
    struct json_object *way = cli_json_array();
    json_object_object_foreach(preview->start, key, value)
    {
        if (strcmp(key, "donors") != 0)
            cli_json_add(object, key, json_object_get(value));
    }
    cli_json_add(object, "donors",
                 preview->donors ? json_object_get(preview->donors) : cli_json_array());
    for (size_t i = 0; i < admission_preview_length_of(preview->domains); i++) {
        const struct json_object *domain = json_object_array_get_idx(preview->domains, i);
        const char *why = in_the_way(domain);
        if (!why || above_minimum_kib(domain) == 0)
            continue;
        struct json_object *one = cli_json_object();
        cli_json_kib(one, "domid", json_field_u64(domain, "domid"));
        cli_json_string(one, "name", json_field_string(domain, "name"));
        cli_json_kib(one, "above_minimum_kib", above_minimum_kib(domain));
        cli_json_string(one, "why", why);
        cli_json_append(way, one);
    }
    cli_json_add(object, "in_the_way", way);
    return object;
}
