/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/explain/report.h"
#include "app/ballast/explain/running.h"
#include "core/base/units.h"
#include "edge/guestcfg/guestcfg.h"

enum { WORDS = 32 };

/* What Xen or xenstore has for a span, and where. */
static uint64_t said_of(const struct cli_running *running, enum ballast_span span,
                        const char **where)
{
    const struct hv_domain *is = &running->domain.is;
    switch (span) {
    case BALLAST_STATIC_MAXIMUM:
        *where = "memory/static-max";
        return is->static_max_kib;
    case BALLAST_ACTUAL_TARGET:
        *where = is->videoram_kib != BALLAST_NONE && is->videoram_kib > 0
                     ? "memory/target + videoram"
                     : "memory/target";
        return running->domain.whole_target_kib;
    case BALLAST_XEN_MAXIMUM:
        *where = "Xen's max_pages";
        return is->max_kib;
    case BALLAST_OVERHEAD:
    case BALLAST_BUILD_START:
    case BALLAST_BUILD_MAXIMUM:
    case BALLAST_FOOTPRINT:
    case BALLAST_SPANS:
        break;
    }
    *where = NULL;
    return BALLAST_NONE;
}

static void add_running_config(struct cli_table *table, const struct cli_running *running,
                               uint64_t now_kib, uint64_t configured_kib)
{
    if (!running->has_config)
        cli_table_add(table, "-");
    else if (now_kib == configured_kib)
        cli_table_add(table, "=");
    else
        cli_table_add_kib(table, configured_kib);
}

static void add_running_name(struct cli_table *table, const char *words, uint64_t kib)
{
    char spaced[WORDS];
    cli_spaced(words, spaced, sizeof(spaced));
    cli_table_add(table, "%s", spaced);
    cli_table_add_kib(table, kib);
}

static void add_running_segments(struct cli_table *table, const struct cli_running *running)
{
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        enum ballast_segment segment = (enum ballast_segment)i;
        uint64_t now_kib = running->now.segment_kib[i];
        uint64_t configured_kib = running->has_config ? running->configured.segment_kib[i] : 0;
        bool empty = segment == BALLAST_IOMMU && now_kib == 0 && configured_kib == 0;
        if (empty || !ballast_segment_applies(segment, running->now.type))
            continue;
        add_running_name(table, ballast_segment_name(segment), now_kib);
        add_running_config(table, running, now_kib, configured_kib);
        cli_table_end_row(table);
    }
    cli_table_end_row(table);
}

static void add_running_spans(struct cli_table *table, const struct cli_running *running)
{
    for (int i = 0; i < BALLAST_SPANS; i++) {
        enum ballast_span span = (enum ballast_span)i;
        const char *where;
        uint64_t now_kib = running->now.span_kib[i];
        uint64_t said_kib = said_of(running, span, &where);
        add_running_name(table, ballast_span_name(span), now_kib);
        add_running_config(table, running, now_kib,
                           running->has_config ? running->configured.span_kib[i] : 0);
        if (!where || said_kib == BALLAST_NONE) {
            cli_table_end_row(table);
            continue;
        }
        if (said_kib == now_kib)
            cli_table_add(table, "=");
        else if (said_kib >= CLI_NO_LIMIT_KIB)
            cli_table_add(table, "no limit");
        else
            cli_table_add_kib(table, said_kib);
        cli_table_add(table, "%s", where);
    }
}

static void print_running_title(const struct cli_running *running)
{
    const struct cli_domain *domain = &running->domain;
    printf("%s: domain %" PRIu32 ", %s, %s, as it is now; profile %s\n\n", domain->shown,
           domain->is.id, domain->is.knows_type ? cli_domain_type_name(domain) : "simulated",
           cli_domain_state_name(domain), running->profile_name);
}

/* What its kernel counts on beyond what Xen keeps for it: touching that kills it. */
static uint64_t pod_missing_kib(const struct hv_domain *is)
{
    return is->pod_entries_kib == BALLAST_NONE || is->pod_cache_kib == BALLAST_NONE
               ? 0
               : ballast_sub_floor(is->pod_entries_kib, is->pod_cache_kib);
}

static void print_pod(const struct cli_domain *domain)
{
    const struct hv_domain *is = &domain->is;
    if (is->pod_entries_kib == BALLAST_NONE || is->pod_entries_kib == 0)
        return;
    uint64_t missing_kib = pod_missing_kib(is);
    printf("note: populated on demand: its kernel counts on %" PRIu64
           " KiB more, for which Xen keeps %" PRIu64 " KiB",
           is->pod_entries_kib, is->pod_cache_kib);
    if (missing_kib == 0) {
        puts(": enough");
        return;
    }
    printf(": %" PRIu64 " KiB are missing\n", missing_kib);
    printf("note: it dies if it touches more than %" PRIu64
           " KiB before its balloon has freed %" PRIu64
           " KiB; until then, raising its target takes up to %" PRIu64
           " KiB at once, and lowering it frees nothing\n",
           is->tot_kib, missing_kib, missing_kib);
    if (domain->whole_target_kib != BALLAST_NONE &&
        is->tot_kib > ballast_add_ceil(domain->whole_target_kib, domain->is.extra_internal_kib))
        puts(
            "note: its target was higher: the memory that Xen took for it stays until its balloon runs");
}

/* Where its reports come from; what it says of its use beside that. */
static void print_reports(const struct hv_domain *is)
{
    uint64_t some = ballast_pressure_value(&is->pressure, BALLAST_PRESSURE_SOME);
    if (is->used_kib != BALLAST_NONE)
        printf("note: it reports %" PRIu64 " KiB in use, by %s\n", is->used_kib,
               is->report_source == BALLAST_REPORT_UNKNOWN
                   ? "an unknown program"
                   : ballast_report_source_name(is->report_source));
    if (some != BALLAST_NONE)
        printf("note: its tasks waited for memory %" PRIu64 ".%02" PRIu64
               " %% of the last 10 seconds\n",
               some / 100, some % 100);
    if (is->hotplugs)
        printf("note: its kernel hotplugs memory, up to %" PRIu64 " KiB\n", is->static_max_kib);
    if (is->malformed)
        printf("note: %s has a value that is not usable, and is ignored\n", is->malformed);
}

static void print_way(const struct cli_running *running)
{
    const struct cli_domain *domain = &running->domain;
    uint64_t target_kib = domain->whole_target_kib;
    if (target_kib == BALLAST_NONE)
        puts("note: it has no target");
    else if (domain->is.tot_kib + BALLAST_PAGE_KIB <= target_kib)
        printf("note: it is %" PRIu64 " KiB below its target\n", target_kib - domain->is.tot_kib);
    else if (domain->is.tot_kib > ballast_add_ceil(target_kib, domain->is.extra_internal_kib))
        printf("note: it is %" PRIu64 " KiB above its target\n", domain->is.tot_kib - target_kib);
    print_pod(domain);
    if (running->cost.is_known)
        printf("note: building it cost %" PRId64 " KiB; %" PRIu64 " to %" PRIu64
               " KiB were predicted, a difference of %" PRId64 " KiB\n",
               running->cost.actual_kib, running->cost.settled_kib, running->cost.fresh_max_kib,
               running->cost.difference_kib);
    if (running->floor_kib > 0)
        printf("note: its floor is %" PRIu64 " KiB, %s: a lower target needs --force\n",
               running->floor_kib, running->floor_why);
    print_reports(&domain->is);
    if (!domain->is.has_balloon)
        puts("note: it shows no balloon driver");
}

void cli_running_table(const struct cli_running *running)
{
    static const char *const heads[] = {"KiB", "now", "configured", "set to", "by"};
    enum { COLUMNS = sizeof(heads) / sizeof(heads[0]) };
    struct cli_table table;
    cli_table_init(&table, COLUMNS, 1 | 1 << 4);
    for (size_t i = 0; i < COLUMNS; i++)
        cli_table_add(&table, "%s", heads[i]);
    add_running_segments(&table, running);
    add_running_spans(&table, running);
    print_running_title(running);
    cli_table_print(&table);
    cli_table_release(&table);
    putchar('\n');
    print_way(running);
}

void cli_running_diagram(const struct cli_running *running, bool colour)
{
    print_running_title(running);
    cli_report_draw(&running->now, colour);
    print_way(running);
}

/* As guestcfg writes it, so that there is one writer of that shape. */
static struct json_object *breakdown_json(const char *name, const struct ballast_guest *config,
                                          const struct ballast_breakdown *breakdown,
                                          const char *profile_name)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = xcheck(open_memstream(&text, &size));
    int rc = guestcfg_write_json(out, name, config, breakdown, profile_name);
    if (fclose(out) != 0 || rc < 0)
        xcheck(NULL);
    struct json_object *object = xcheck(json_tokener_parse(text));
    free(text);
    return object;
}

static struct json_object *xen_json(const struct cli_running *running)
{
    const struct hv_domain *is = &running->domain.is;
    struct json_object *object = cli_json_object();
    cli_json_kib(object, "tot", is->tot_kib);
    cli_json_kib(object, "max", is->max_kib);
    cli_json_kib(object, "pool", is->pool_kib);
    cli_json_kib(object, "target", is->target_kib);
    cli_json_kib(object, "static_max", is->static_max_kib);
    cli_json_kib(object, "videoram", is->videoram_kib);
    cli_json_kib(object, "dynamic_min", is->dynamic_min_kib);
    cli_json_kib(object, "dynamic_max", is->dynamic_max_kib);
    cli_json_kib(object, "pod_entries", is->pod_entries_kib);
    cli_json_kib(object, "pod_cache", is->pod_cache_kib);
    cli_json_kib(object, "pod_missing",
                 is->pod_entries_kib == BALLAST_NONE ? BALLAST_NONE : pod_missing_kib(is));
    return object;
}

static struct json_object *built_json(const struct cli_running_cost *cost)
{
    if (!cost->is_known)
        return NULL;
    struct json_object *object = cli_json_object();
    cli_json_kib(object, "settled", cost->settled_kib);
    cli_json_kib(object, "fresh_max", cost->fresh_max_kib);
    cli_json_add(object, "actual", xcheck(json_object_new_int64(cost->actual_kib)));
    cli_json_add(object, "difference", xcheck(json_object_new_int64(cost->difference_kib)));
    cli_json_string(object, "verdict", cost->verdict);
    return object;
}

void cli_running_json(const struct cli_running *running)
{
    const char *name = running->domain.is.name;
    struct json_object *object = breakdown_json(name, NULL, &running->now, running->profile_name);
    cli_json_kib(object, "id", running->domain.is.id);
    cli_json_string(object, "state", cli_domain_state_name(&running->domain));
    cli_json_bool(object, "balloon", running->domain.is.has_balloon);
    cli_json_bool(object, "hotplugs", running->domain.is.hotplugs);
    cli_json_kib(object, "floor", running->floor_kib);
    cli_json_string(object, "floor_why", *running->floor_why ? running->floor_why : NULL);
    cli_json_string(object, "report_source",
                    ballast_report_source_name(running->domain.is.report_source));
    cli_json_string(object, "malformed_node", running->domain.is.malformed);
    cli_json_add(object, "configured",
                 running->has_config ? breakdown_json(name, &running->config, &running->configured,
                                                      running->profile_name)
                                     : NULL);
    cli_json_add(object, "xen", xen_json(running));
    cli_json_add(object, "built", built_json(&running->cost));
    cli_json_print(object);
}
