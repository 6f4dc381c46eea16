/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/host_breakdown.h"

#include <errno.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/breakdown.h"

static const char *const words[BALLAST_PARTS] = {
    [BALLAST_PART_XEN] = "xen",
    [BALLAST_PART_DOM0] = "dom0",
    [BALLAST_PART_DOMAINS] = "domains",
    [BALLAST_PART_OVERHEAD] = "overhead",
    [BALLAST_PART_UNEXPLAINED] = "unexplained",
    [BALLAST_PART_CLAIMED] = "claimed",
    [BALLAST_PART_RESERVED] = "reserved",
    [BALLAST_PART_SLACK] = "slack",
    [BALLAST_PART_SCRUB] = "scrub",
    [BALLAST_PART_FREE] = "free",
};

const char *ballast_host_part_name(enum ballast_host_part part)
{
    return (unsigned)part < BALLAST_PARTS ? words[part] : NULL;
}

/* Takes as much of wanted_kib as is left. */
static uint64_t take_from_left(uint64_t *left_kib, uint64_t wanted_kib)
{
    uint64_t kib = ballast_min_u64(*left_kib, wanted_kib);
    *left_kib -= kib;
    return kib;
}

/*
 * Pages beyond the target are extra internal pages in use, unless there are so many that the
 * balloon is still moving. Then their number is unknown: assume the maximum.
 */
static void split_held(const struct ballast_domain *domain,
                       const struct ballast_breakdown *configuration,
                       struct ballast_domain_parts *out)
{
    uint64_t left_kib = domain->tot_kib;
    uint64_t beyond_kib = ballast_sub_floor(domain->tot_kib, domain->target_kib);
    const uint64_t *most_kib = configuration->segment_kib;
    out->segment_kib[BALLAST_EXTRA_INTERNAL] =
        take_from_left(&left_kib, ballast_min_u64(beyond_kib, most_kib[BALLAST_EXTRA_INTERNAL]));
    out->segment_kib[BALLAST_VIDEO] = take_from_left(&left_kib, most_kib[BALLAST_VIDEO]);
    out->segment_kib[BALLAST_GUEST] = left_kib;
}

/* What was measured beyond what the configuration explains goes to other_overhead_kib. */
static void split_overhead(const struct ballast_breakdown *configuration,
                           struct ballast_domain_parts *out)
{
    static const enum ballast_segment segments[] = {BALLAST_SHADOW, BALLAST_IOMMU,
                                                    BALLAST_EXTRA_EXTERNAL};
    uint64_t left_kib = out->overhead_kib;
    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
        out->segment_kib[segments[i]] =
            take_from_left(&left_kib, configuration->segment_kib[segments[i]]);
    out->other_overhead_kib = left_kib;
}

/* What Xen takes for it beside its pool is among Xen's own parts where these are known. */
static uint64_t configured_overhead_kib(const struct ballast_breakdown *configuration,
                                        bool xen_is_known)
{
    const uint64_t *kib = configuration->segment_kib;
    return ballast_add_ceil(ballast_add_ceil(kib[BALLAST_SHADOW], kib[BALLAST_IOMMU]),
                            xen_is_known ? 0 : kib[BALLAST_EXTRA_EXTERNAL]);
}

static struct ballast_domain_parts divide_domain(const struct ballast_domain *domain,
                                                 const struct ballast_breakdown *configuration,
                                                 bool xen_is_known)
{
    struct ballast_domain_parts parts = {.tot_kib = domain->tot_kib,
                                         .overhead_kib = domain->overhead_kib};
    if (!configuration) {
        parts.other_held_kib = parts.tot_kib;
        parts.other_overhead_kib = parts.overhead_kib;
        return parts;
    }
    parts.is_split = true;
    if (parts.overhead_kib == 0) {
        parts.overhead_kib = configured_overhead_kib(configuration, xen_is_known);
        parts.is_estimated = parts.overhead_kib > 0;
    }
    split_held(domain, configuration, &parts);
    split_overhead(configuration, &parts);
    return parts;
}

static int add_domain_parts(struct ballast_host_breakdown *made,
                            const struct ballast_domain *domain,
                            const struct ballast_domain_parts *parts, struct ballast_error *err)
{
    uint64_t *held_kib =
        &made->part_kib[domain->is_dom0 ? BALLAST_PART_DOM0 : BALLAST_PART_DOMAINS];
    uint64_t *overhead_kib = &made->part_kib[BALLAST_PART_OVERHEAD];
    int rc = ballast_kib_add(*held_kib, parts->tot_kib, held_kib, err);
    if (rc == 0)
        rc = ballast_kib_add(*overhead_kib, parts->overhead_kib, overhead_kib, err);
    /* No more than overhead, so it cannot overflow. */
    if (rc == 0 && parts->is_estimated)
        made->estimated_kib += parts->overhead_kib;
    return rc;
}

/* Xen keeps claims whatever happens, so they come first; slack is the first to be cut. */
static void divide_free(struct ballast_host_breakdown *made, const struct ballast_host *host,
                        uint64_t reserved_kib)
{
    uint64_t building_kib = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (host->domains[i].state == BALLAST_DOMAIN_BUILD)
            building_kib = ballast_add_ceil(building_kib, host->domains[i].build_left_kib);
    }
    uint64_t claimed_kib = ballast_max_u64(host->claimed_kib, building_kib);
    reserved_kib = ballast_max_u64(reserved_kib, host->reserved_claim_kib);
    uint64_t set_aside_kib =
        ballast_add_ceil(ballast_add_ceil(claimed_kib, reserved_kib), host->slack_kib);
    made->deficit_kib = ballast_sub_floor(set_aside_kib, host->free_kib);
    uint64_t left_kib = host->free_kib;
    made->part_kib[BALLAST_PART_CLAIMED] = take_from_left(&left_kib, claimed_kib);
    made->part_kib[BALLAST_PART_RESERVED] = take_from_left(&left_kib, reserved_kib);
    made->part_kib[BALLAST_PART_SLACK] = take_from_left(&left_kib, host->slack_kib);
    made->part_kib[BALLAST_PART_SCRUB] = take_from_left(&left_kib, host->scrub_kib);
    made->part_kib[BALLAST_PART_FREE] = left_kib;
}

static int sum_host_parts(const struct ballast_host_breakdown *made, uint64_t *out_kib,
                          struct ballast_error *err)
{
    *out_kib = 0;
    for (int i = 0; i < BALLAST_PARTS; i++) {
        int rc = ballast_kib_add(*out_kib, made->part_kib[i], out_kib, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/*
 * Xen itself: as the host reports it, else what it should take, as far as the other parts leave
 * something of the total.
 */
static void add_xen_itself(struct ballast_host_breakdown *made, const struct ballast_host *host,
                           uint64_t others_kib)
{
    uint64_t left_kib =
        host->xen_kib > 0 ? host->xen_kib : ballast_sub_floor(made->total_kib, others_kib);
    made->part_kib[BALLAST_PART_XEN] = host->xen_kib;
    if (!host->xen_memory.known)
        return;
    for (int i = 0; i < BALLAST_XEN_PARTS; i++) {
        made->xen_part_kib[i] = take_from_left(&left_kib, host->xen_memory.part_kib[i]);
        if (host->xen_kib == 0)
            made->part_kib[BALLAST_PART_XEN] += made->xen_part_kib[i];
    }
    made->xen_is_known = true;
    made->unexplained_most_kib = host->xen_memory.unexplained_most_kib;
}

/* What is left of the total is unexplained; less than nothing means overcounted. */
static int close_sum(struct ballast_host_breakdown *made, const struct ballast_host *host,
                     struct ballast_error *err)
{
    uint64_t known_kib;
    int rc = sum_host_parts(made, &known_kib, err);
    if (rc < 0)
        return rc;
    add_xen_itself(made, host, known_kib);
    if ((rc = sum_host_parts(made, &known_kib, err)) < 0)
        return rc;
    made->part_kib[BALLAST_PART_UNEXPLAINED] = ballast_sub_floor(made->total_kib, known_kib);
    made->overcounted_kib = ballast_sub_floor(known_kib, made->total_kib);
    return 0;
}

int ballast_host_divide(const struct ballast_host *host, uint64_t reserved_kib,
                        const struct ballast_breakdown *const *configurations,
                        struct ballast_host_breakdown *out, struct ballast_domain_parts *domains,
                        struct ballast_error *err)
{
    struct ballast_host_breakdown made = {.total_kib = host->total_kib};
    made.part_kib[BALLAST_PART_OVERHEAD] = host->parked_kib;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct ballast_domain_parts parts = divide_domain(
            domain, configurations ? configurations[i] : NULL, host->xen_memory.known);
        rc = add_domain_parts(&made, domain, &parts, err);
        if (domains)
            domains[i] = parts;
    }
    if (rc < 0)
        return rc;
    divide_free(&made, host, reserved_kib);
    rc = close_sum(&made, host, err);
    if (rc == 0)
        *out = made;
    return rc;
}
