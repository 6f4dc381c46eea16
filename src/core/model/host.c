/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"

#define HOST_DEFINITION
#include "core/model/host_inline.h"

static const char *const state_names[BALLAST_DOMAIN_STATES] = {
    [BALLAST_DOMAIN_RUN] = "run",
    [BALLAST_DOMAIN_BUILD] = "build",
    [BALLAST_DOMAIN_PAUSED] = "paused",
    [BALLAST_DOMAIN_MIGRATING] = "migrating",
};

bool ballast_processor_is_vmx(const char *processor)
{
    static const char *const vendors[] = {"GenuineIntel", "CentaurHauls", "??Shanghai??"};
    for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++) {
        if (strncmp(processor, vendors[i], strlen(vendors[i])) == 0)
            return true;
    }
    return false;
}

const char *ballast_domain_state_name(enum ballast_domain_state state)
{
    return (unsigned)state < BALLAST_DOMAIN_STATES ? state_names[state] : NULL;
}

int ballast_domain_state_find(const char *word)
{
    for (int i = 0; i < BALLAST_DOMAIN_STATES; i++) {
        if (strcmp(state_names[i], word) == 0)
            return i;
    }
    return -ENOENT;
}

static const char *const source_names[BALLAST_REPORT_SOURCES] = {
    [BALLAST_REPORT_NONE] = "none",
    [BALLAST_REPORT_UNKNOWN] = "unknown",
    [BALLAST_REPORT_MEMINFO] = "meminfo-writer",
    [BALLAST_REPORT_GUEST_AGENT] = "guest-agent",
    [BALLAST_REPORT_BALLAST_AGENT] = "ballast-agent",
};

const char *ballast_report_source_name(enum ballast_report_source source)
{
    return (unsigned)source < BALLAST_REPORT_SOURCES ? source_names[source] : NULL;
}

int ballast_report_source_find(const char *word)
{
    for (int i = 0; i < BALLAST_REPORT_SOURCES; i++) {
        if (strcmp(source_names[i], word) == 0)
            return i;
    }
    return -ENOENT;
}

static const char *const pressure_names[BALLAST_PRESSURES] = {
    [BALLAST_PRESSURE_SOME] = "psi_some_permyriad", [BALLAST_PRESSURE_FULL] = "psi_full_permyriad",
    [BALLAST_PRESSURE_REFAULTS] = "refaults",       [BALLAST_PRESSURE_SWAPINS] = "swapins",
    [BALLAST_PRESSURE_STALLS] = "stalls",           [BALLAST_PRESSURE_OOM_KILLS] = "oom_kills",
};

const char *ballast_pressure_name(enum ballast_pressure_kind kind)
{
    return (unsigned)kind < BALLAST_PRESSURES ? pressure_names[kind] : NULL;
}

uint64_t ballast_pressure_most(enum ballast_pressure_kind kind)
{
    bool is_share = kind == BALLAST_PRESSURE_SOME || kind == BALLAST_PRESSURE_FULL;
    return is_share ? BALLAST_PERMYRIAD : INT64_MAX;
}

uint64_t ballast_pressure_value(const struct ballast_pressure *pressure,
                                enum ballast_pressure_kind kind)
{
    return pressure->known & (UINT32_C(1) << kind) ? pressure->values[kind] : BALLAST_NONE;
}

static const char *const kind_names[BALLAST_KINDS] = {
    [BALLAST_KIND_PV] = "pv", [BALLAST_KIND_PVH] = "pvh", [BALLAST_KIND_HVM] = "hvm"};

const char *ballast_domain_kind_name(enum ballast_domain_kind kind)
{
    return (unsigned)kind < BALLAST_KINDS ? kind_names[kind] : NULL;
}

enum ballast_domain_kind ballast_domain_kind_find(const char *word)
{
    for (int i = BALLAST_KIND_PV; i < BALLAST_KINDS; i++) {
        if (strcmp(kind_names[i], word) == 0)
            return (enum ballast_domain_kind)i;
    }
    return BALLAST_KIND_UNKNOWN;
}

static int check_range(const struct ballast_domain *domain, struct ballast_error *err)
{
    if (domain->dynamic_min_kib > domain->dynamic_max_kib)
        return ballast_fail(err, -EINVAL,
                            "domain %" PRIu32 ": dynamic minimum %" PRIu64
                            " KiB is above its dynamic maximum %" PRIu64
                            " KiB; lower it or raise the maximum",
                            domain->id, domain->dynamic_min_kib, domain->dynamic_max_kib);
    if (domain->dynamic_max_kib > domain->static_max_kib)
        return ballast_fail(err, -EINVAL,
                            "domain %" PRIu32 ": dynamic maximum %" PRIu64
                            " KiB is above its static maximum %" PRIu64
                            " KiB; lower it or raise the static one",
                            domain->id, domain->dynamic_max_kib, domain->static_max_kib);
    return 0;
}

static int compare_domain_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int check_domain_ids(const struct ballast_host *host, struct ballast_error *err)
{
    if (host->domain_count == 0)
        return 0;
    uint32_t *ids = calloc(host->domain_count, sizeof(*ids));
    if (!ids)
        return ballast_fail(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < host->domain_count; i++)
        ids[i] = host->domains[i].id;
    qsort(ids, host->domain_count, sizeof(*ids), compare_domain_ids);
    int rc = 0;
    for (size_t i = 1; i < host->domain_count && rc == 0; i++) {
        if (ids[i] == ids[i - 1])
            rc = ballast_fail(err, -EINVAL,
                              "duplicate domain id %" PRIu32 ": give each domain its own", ids[i]);
    }
    free(ids);
    return rc;
}

int ballast_host_sum(const struct ballast_host *host, uint64_t *out_kib, struct ballast_error *err)
{
    uint64_t sum_kib;
    int rc = ballast_kib_add(host->free_kib, host->xen_kib, &sum_kib, NULL);
    if (rc == 0)
        rc = ballast_kib_add(sum_kib, host->parked_kib, &sum_kib, NULL);
    for (size_t i = 0; i < host->domain_count && rc == 0; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        rc = ballast_kib_add(sum_kib, domain->tot_kib, &sum_kib, NULL);
        if (rc == 0)
            rc = ballast_kib_add(sum_kib, domain->overhead_kib, &sum_kib, NULL);
    }
    if (rc < 0)
        return ballast_fail(
            err, -EINVAL,
            "domains, Xen and free memory: their sum exceeds 64 bits of KiB; lower one");
    *out_kib = sum_kib;
    return 0;
}

int ballast_host_check(const struct ballast_host *host, struct ballast_error *err)
{
    if (host->free_kib > host->total_kib)
        return ballast_fail(err, -EINVAL,
                            "free memory %" PRIu64 " KiB is more than the host's %" PRIu64
                            " KiB; lower it or raise the total",
                            host->free_kib, host->total_kib);
    if (host->scrub_kib > host->free_kib)
        return ballast_fail(err, -EINVAL,
                            "memory to be scrubbed, %" PRIu64 " KiB, is more than the free %" PRIu64
                            " KiB, which include it; lower it",
                            host->scrub_kib, host->free_kib);
    for (size_t i = 0; i < host->domain_count; i++) {
        int rc = check_range(&host->domains[i], err);
        if (rc < 0)
            return rc;
    }
    uint64_t held_kib;
    int rc = ballast_host_sum(host, &held_kib, err);
    if (rc < 0)
        return rc;
    if (held_kib > host->total_kib)
        return ballast_fail(err, -EINVAL,
                            "domains, Xen and free memory make %" PRIu64
                            " KiB, more than the host's %" PRIu64
                            " KiB; lower one or raise the total",
                            held_kib, host->total_kib);
    return check_domain_ids(host, err);
}

uint64_t ballast_host_at_once_kib(const struct ballast_host *host, uint64_t reserved_kib,
                                  uint64_t kept_kib)
{
    uint64_t building_kib = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (host->domains[i].state == BALLAST_DOMAIN_BUILD)
            building_kib = ballast_add_ceil(building_kib, host->domains[i].build_left_kib);
    }
    return ballast_host_at_once_beside_kib(host, building_kib, reserved_kib, kept_kib);
}

uint64_t ballast_host_at_once_beside_kib(const struct ballast_host *host, uint64_t building_kib,
                                         uint64_t reserved_kib, uint64_t kept_kib)
{
    uint64_t taken_kib = ballast_max_u64(host->claimed_kib, building_kib);
    reserved_kib = ballast_max_u64(reserved_kib, host->reserved_claim_kib);
    taken_kib = ballast_add_ceil(taken_kib, ballast_add_ceil(reserved_kib, host->slack_kib));
    return ballast_sub_floor(host->free_kib, ballast_add_ceil(taken_kib, kept_kib));
}

uint64_t ballast_host_available_kib(const struct ballast_host *host)
{
    return ballast_host_at_once_kib(host, 0, 0);
}

uint64_t ballast_domain_spare_kib(const struct ballast_domain *domain)
{
    if (domain->state != BALLAST_DOMAIN_RUN || !domain->has_balloon || domain->shares == 0 ||
        ballast_domain_pod_lacks_kib(domain) > 0)
        return 0;
    return ballast_sub_floor(domain->tot_kib, domain->dynamic_min_kib);
}

static int compare_domains(const void *a, const void *b)
{
    uint32_t x = ((const struct ballast_domain *)a)->id;
    uint32_t y = ((const struct ballast_domain *)b)->id;
    return (x > y) - (x < y);
}

const struct ballast_domain *ballast_domain_find(const struct ballast_domain *domains, size_t count,
                                                 uint32_t id)
{
    struct ballast_domain key = {.id = id};
    /* Xen hands domains out in order of id; a domain that is out of order is searched for. */
    const struct ballast_domain *found =
        count > 0 ? bsearch(&key, domains, count, sizeof(*domains), compare_domains) : NULL;
    for (size_t i = 0; !found && i < count; i++) {
        if (domains[i].id == id)
            found = &domains[i];
    }
    return found;
}
