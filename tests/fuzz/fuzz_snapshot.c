/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include <json-c/json.h>

#include "core/model/host_breakdown.h"
#include "edge/json/json.h"
#include "edge/snapshot/snapshot.h"

static void describe_report(FILE *out, const struct ballast_domain *d)
{
    (void)fprintf(out, "%ju %s %x", (uintmax_t)d->reported_swap_kib,
                  ballast_report_source_name(d->report_source), d->pressure.known);
    for (int kind = 0; kind < BALLAST_PRESSURES && d->pressure.known != 0; kind++)
        (void)fprintf(out, " %ju", (uintmax_t)d->pressure.values[kind]);
    (void)fprintf(out, " %ju\n", (uintmax_t)(d->pressure.known ? d->pressure.age_usec : 0));
}

/* Every field in order, so that two hosts can be compared. */
static char *describe(const struct ballast_host *h)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    MUST(out, "memory");
    (void)fprintf(out, "%ju %ju %ju %ju %ju %ju %ju %d%d%d%d%d %s %s\n", (uintmax_t)h->now_usec,
                  (uintmax_t)h->total_kib, (uintmax_t)h->free_kib, (uintmax_t)h->scrub_kib,
                  (uintmax_t)h->claimed_kib, (uintmax_t)h->xen_kib, (uintmax_t)h->slack_kib,
                  h->caps.hap, h->caps.shadow, h->caps.iommu, h->caps.iommu_hap_pt_share,
                  h->caps.vmx, h->xen_version, h->processor);
    for (size_t i = 0; i < h->domain_count; i++) {
        const struct ballast_domain *d = &h->domains[i];
        (void)fprintf(
            out, "%u %s %d %d %d %ju %ju %ju %ju %ju %ju %ju %ju %ju %ju %ju %ju\n", d->id, d->name,
            (int)d->state, d->is_dom0, d->has_balloon, (uintmax_t)d->tot_kib,
            (uintmax_t)d->overhead_kib, (uintmax_t)d->target_kib, (uintmax_t)d->maxmem_kib,
            (uintmax_t)d->dynamic_min_kib, (uintmax_t)d->dynamic_max_kib,
            (uintmax_t)d->static_max_kib, (uintmax_t)d->build_left_kib, (uintmax_t)d->used_kib,
            (uintmax_t)d->reported_free_kib, (uintmax_t)d->report_age_usec, (uintmax_t)d->shares);
    }
    for (size_t i = 0; i < h->domain_count; i++)
        describe_report(out, &h->domains[i]);
    MUST(fclose(out) == 0, "memory");
    return text;
}

/* The same document, written by json-c with everything in other places, makes the same host. */
static void check_round_trip(const char *data, size_t size, const struct ballast_host *host)
{
    struct json_reader reader = json_reader_over("f", data, size);
    struct json_object *object = NULL;
    struct json_at at;
    struct snapshot again;
    struct ballast_error err;
    MUST(json_next(&reader, &object, &at, &err) == 0 && object, "%s", err.text);
    const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY);
    MUST(snapshot_parse("f", text, strlen(text), &again, &err) == 0, "%s: %s", text, err.text);
    char *first = describe(host);
    char *second = describe(&again.host);
    MUST(strcmp(first, second) == 0, "%s%s", first, second);
    free(first);
    free(second);
    json_object_put(object);
    snapshot_release(&again);
}

/* What is written of a host is that host again; only times past 71 years are not written. */
static void check_written(const struct ballast_host *host)
{
    char *text = NULL;
    size_t length;
    struct snapshot again;
    struct ballast_error err;
    FILE *out = open_memstream(&text, &length);
    MUST(out, "memory");
    int rc = snapshot_write_json(out, host, &err);
    MUST(fclose(out) == 0, "memory");
    MUST(rc == 0 || strstr(err.text, " us cannot be written"), "%s", err.text);
    if (rc == 0) {
        MUST(snapshot_parse("f", text, length, &again, &err) == 0, "%s: %s", text, err.text);
        char *first = describe(host);
        char *second = describe(&again.host);
        MUST(strcmp(first, second) == 0, "%s%s", first, second);
        free(first);
        free(second);
        snapshot_release(&again);
    }
    free(text);
}

/* Whatever it says, its parts sum to the total, and checking it does no harm. */
static void check_divided(const struct ballast_host *host)
{
    struct ballast_host_breakdown made;
    struct ballast_error err;
    uint64_t sum_kib = 0;
    (void)ballast_host_check(host, &err);
    MUST(ballast_host_divide(host, 0, NULL, &made, NULL, &err) == 0, "%s", err.text);
    for (int i = 0; i < BALLAST_PARTS; i++)
        sum_kib += made.part_kib[i];
    MUST(sum_kib - made.overcounted_kib == host->total_kib, "does not sum");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snapshot snapshot;
    struct ballast_error err;
    int rc = snapshot_parse("f", (const char *)data, size, &snapshot, &err);
    if (rc < 0) {
        check_refusal(rc, &err);
        return 0;
    }
    check_round_trip((const char *)data, size, &snapshot.host);
    check_written(&snapshot.host);
    check_divided(&snapshot.host);
    snapshot_release(&snapshot);
    return 0;
}
