/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/host/list_columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/client/pages.h"
#include "app/ballast/explain/running.h"
#include "app/ballast/explain/segment_bar.h"
#include "core/base/units.h"

#define SIZE .kind = CLI_COLUMN_SIZE
#define WORD .kind = CLI_COLUMN_WORD

const struct cli_column cli_list_columns[CLI_LIST_COLUMNS + 1] = {
    [CLI_LIST_ID] = {"id", "id", .kind = CLI_COLUMN_NUMBER, .is_name = true},
    [CLI_LIST_NAME] = {"name", "name", WORD, .is_left = true, .is_name = true},
    [CLI_LIST_TYPE] = {"type", "type", WORD, .is_left = true},
    [CLI_LIST_STATE] = {"state", "state", WORD, .is_left = true},
    [CLI_LIST_CURRENT] = {"current", "current", SIZE, .has_sum = true},
    [CLI_LIST_TARGET] = {"target", "target", SIZE, .has_sum = true},
    [CLI_LIST_RANGE] = {"range", "range", SIZE},
    [CLI_LIST_STATIC] = {"static", "static", SIZE},
    [CLI_LIST_HOTPLUG] = {"hotplug", "hotplug", WORD},
    [CLI_LIST_MAX] = {"max", "xen max", SIZE},
    [CLI_LIST_POOL] = {"pool", "pool", SIZE, .has_sum = true},
    [CLI_LIST_BALLOON] = {"balloon", "balloon", WORD},
    [CLI_LIST_USED] = {"used", "used", SIZE},
    [CLI_LIST_SOURCE] = {"source", "report", WORD, .is_left = true},
    [CLI_LIST_PSI_SOME] = {"psi-some", "some %", .kind = CLI_COLUMN_NUMBER},
    [CLI_LIST_PSI_FULL] = {"psi-full", "full %", .kind = CLI_COLUMN_NUMBER},
    [CLI_LIST_OVERHEAD] = {"overhead", "overhead", SIZE},
    [CLI_LIST_NEED] = {"need", "need", SIZE},
    [CLI_LIST_PINNED] = {"pinned", "pinned", SIZE},
    [CLI_LIST_BAR] = {"bar", "memory", .kind = CLI_COLUMN_BAR, .is_left = true},
};

static void take_one(const struct json_object *domain, struct cli_list_known *out)
{
    out->need_kib = json_field_u64(domain, "need_kib");
    out->pinned_kib = json_field_u64(domain, "pinned_kib");
    out->pinned_by[0] = '\0';
    if (out->pinned_kib == BALLAST_NONE)
        return;
    char *shown = cli_field_shown(domain, "pinned_by");
    (void)snprintf(out->pinned_by, sizeof(out->pinned_by), "%s", shown);
    free(shown);
}

/* By the ids of a daemon's answer, which is not older than what Xen said. */
static void take_known(const struct host_access *access, const struct json_object *domains,
                       struct cli_list_known *out)
{
    for (size_t i = 0; i < json_object_array_length(domains); i++) {
        const struct json_object *domain = json_object_array_get_idx(domains, i);
        uint64_t id = json_field_u64(domain, "domid");
        const struct cli_domain *found =
            id <= UINT32_MAX ? host_access_by_id(access, (uint32_t)id) : NULL;
        if (found)
            take_one(domain, &out[found - access->domains]);
    }
}

/* A list that Xen has answered does not fail because the daemon cannot be asked. */
static void ask_known(const struct host_access *access, struct cli_list_known *out)
{
    struct cli_daemon daemon = {.command = "list"};
    struct json_object *domains = NULL;
    if (cli_daemon_try(&daemon, "list", NULL, CLI_DAEMON_READS) == CLI_DONE && daemon.client &&
        cli_pages(&daemon, &cli_list_of_domains, cli_params(), &domains) == CLI_DONE)
        take_known(access, domains, out);
    json_object_put(domains);
    cli_daemon_close(&daemon);
}

struct cli_list_known *cli_list_known(const struct host_access *access)
{
    struct cli_list_known *known = xcheck(calloc(access->count + 1, sizeof(*known)));
    for (size_t i = 0; i < access->count; i++)
        known[i] = (struct cli_list_known){.need_kib = BALLAST_NONE,
                                           .pinned_kib = access->domains[i].pinned_kib};
    const struct json_object *ours = host_access_daemon_domains(access->hv);
    if (ours)
        take_known(access, ours, known);
    else if (access->hv->ops->is_machine)
        ask_known(access, known);
    return known;
}

static void add_list_row_range(struct cli_sheet *sheet, const struct hv_domain *is)
{
    if (is->dynamic_min_kib == BALLAST_NONE || is->dynamic_max_kib == BALLAST_NONE)
        cli_sheet_add(sheet, BALLAST_NONE, "-");
    else
        cli_sheet_add(sheet, is->dynamic_max_kib, "%" PRIu64 "-%" PRIu64,
                      is->dynamic_min_kib / BALLAST_MIB_KIB, is->dynamic_max_kib / BALLAST_MIB_KIB);
}

/* In percent, as the kernel writes it. */
static void add_list_row_psi(struct cli_sheet *sheet, const struct hv_domain *is,
                             enum ballast_pressure_kind kind)
{
    uint64_t permyriad = ballast_pressure_value(&is->pressure, kind);
    if (permyriad == BALLAST_NONE)
        cli_sheet_add(sheet, BALLAST_NONE, "-");
    else
        cli_sheet_add(sheet, permyriad, "%" PRIu64 ".%02" PRIu64, permyriad / 100, permyriad % 100);
}

/* Sorts by all but the balloon. `profile` NULL: the column is not shown. */
static void add_list_row_bar(struct cli_sheet *sheet, const struct host_access *access,
                             const struct cli_domain *domain, const struct ballast_profile *profile,
                             bool colour)
{
    struct ballast_breakdown breakdown;
    char text[CLI_SEGMENT_BAR] = "";
    uint64_t taken_kib = BALLAST_NONE;
    if (profile && cli_running_now(access, domain, profile, &breakdown, NULL) == 0) {
        cli_segment_bar(&breakdown, colour, text);
        taken_kib = ballast_breakdown_span_kib(&breakdown, BALLAST_FOOTPRINT);
    }
    cli_sheet_add(sheet, taken_kib, "%s", text);
}

static bool is_one_to_list(const struct host_access *access, const struct cli_domain *domain,
                           char *const *names, size_t count)
{
    const struct cli_domain *found;
    for (size_t i = 0; i < count; i++) {
        if (host_access_find(access, NULL, names[i], &found) == CLI_DONE && found == domain)
            return true;
    }
    return count == 0;
}

void cli_list_fill(const struct host_access *access, const struct cli_choice *choice, bool colour,
                   char *const *names, size_t count, struct cli_sheet *out)
{
    const struct ballast_profile *profile =
        cli_choice_uses(choice, CLI_LIST_BAR) ? cli_running_profile(access) : NULL;
    bool asks = cli_choice_uses(choice, CLI_LIST_NEED) || cli_choice_uses(choice, CLI_LIST_PINNED);
    struct cli_list_known *known = asks ? cli_list_known(access) : NULL;
    cli_sheet_init(out, cli_list_columns, true);
    for (size_t i = 0; i < access->count; i++) {
        const struct cli_domain *domain = &access->domains[i];
        const struct hv_domain *is = &domain->is;
        if (!is_one_to_list(access, domain, names, count))
            continue;
        cli_sheet_row(out, domain->shown, is->id);
        out->rows[out->count - 1].at = i;
        cli_sheet_add(out, is->id, "%" PRIu32, is->id);
        cli_sheet_add(out, 0, "%s", domain->shown);
        cli_sheet_add(out, 0, "%s", cli_domain_type_name(domain));
        cli_sheet_add(out, 0, "%s", cli_domain_state_name(domain));
        cli_sheet_add_kib(out, is->tot_kib);
        cli_sheet_add_kib(out, domain->whole_target_kib);
        add_list_row_range(out, is);
        cli_sheet_add_kib(out, is->static_max_kib);
        cli_sheet_add(out, 0, "%s", is->hotplugs ? "yes" : "-");
        cli_sheet_add_kib(out, is->max_kib);
        cli_sheet_add_kib(out, is->pool_kib);
        cli_sheet_add(out, 0, "%s", is->has_balloon ? "yes" : "-");
        cli_sheet_add_kib(out, is->used_kib);
        cli_sheet_add(out, 0, "%s", ballast_report_source_name(is->report_source));
        add_list_row_psi(out, is, BALLAST_PRESSURE_SOME);
        add_list_row_psi(out, is, BALLAST_PRESSURE_FULL);
        cli_sheet_add_kib(out, domain->overhead_kib);
        cli_sheet_add_kib(out, known ? known[i].need_kib : BALLAST_NONE);
        cli_sheet_add_kib(out, known ? known[i].pinned_kib : BALLAST_NONE);
        add_list_row_bar(out, access, domain, profile, colour);
    }
    free(known);
    cli_sheet_fact(out, "free", access->host->free_kib / BALLAST_MIB_KIB);
}
