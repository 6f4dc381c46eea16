/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of a host's memory. They always sum, to the KiB:
 *
 *   all parts (the unexplained one included) - overcounted = total
 *
 * Allocated is Xen itself, the current memory of dom0 and of the other domains, and what the host
 * spends on them beyond that; the rest is unexplained. Free memory is divided by what it is set
 * aside for. Nothing counts twice: a claim and the rest of the same build are one; claims,
 * reservations and slack are parts of free memory. Where nothing reports what Xen itself takes,
 * host->xen_memory is what it should take, cut to what is there: unexplained is never less than
 * nothing. Memory that is still to be scrubbed is a part of free memory too, and
 * since Xen prefers clean pages (xen/common/page_alloc.c, alloc_heap_pages()), only that beyond all
 * reservations shows as scrub.
 */
#ifndef CORE_MODEL_HOST_BREAKDOWN_H
#define CORE_MODEL_HOST_BREAKDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/breakdown.h>
#include <ballast/error.h>

#include "core/model/host.h"

/* In the order in which they are stacked. */
enum ballast_host_part {
    BALLAST_PART_XEN,
    BALLAST_PART_DOM0,        /* its current memory */
    BALLAST_PART_DOMAINS,     /* the current memory of the others */
    BALLAST_PART_OVERHEAD,    /* what the host spends on all domains beyond that */
    BALLAST_PART_UNEXPLAINED, /* not free, and nothing accounts for it */
    BALLAST_PART_CLAIMED,  /* free, but claimed in Xen, or still to come to domains being built */
    BALLAST_PART_RESERVED, /* free, but granted to starts that Xen does not know of yet */
    BALLAST_PART_SLACK,    /* free, but kept for Xen */
    BALLAST_PART_SCRUB,    /* available, but not scrubbed yet */
    BALLAST_PART_FREE,     /* available */
    BALLAST_PARTS
};

/* What one domain takes: tot_kib and overhead_kib in total. */
struct ballast_domain_parts {
    bool is_split; /* its configuration is known; else all is in the two `other` sizes */
    /* The snapshot lacks its overhead; this is that of its configuration, which may be too high. */
    bool is_estimated;
    uint64_t tot_kib;
    uint64_t overhead_kib;
    uint64_t segment_kib[BALLAST_SEGMENTS]; /* in use; the balloon is always 0 */
    uint64_t other_held_kib;
    uint64_t other_overhead_kib;
};

struct ballast_host_breakdown {
    uint64_t total_kib;
    uint64_t part_kib[BALLAST_PARTS];
    /*
     * By how much the parts exceed the total, or 0: a snapshot of a running host is not taken at
     * one moment, and may be wrong.
     */
    uint64_t overcounted_kib;
    /* What BALLAST_PART_XEN consists of, if that is known; else all 0. */
    bool xen_is_known;
    uint64_t xen_part_kib[BALLAST_XEN_PARTS];
    uint64_t unexplained_most_kib; /* the most that should be unexplained; 0: no bound is known */
    uint64_t deficit_kib;   /* claims, reservations and slack beyond what is free; in no part */
    uint64_t estimated_kib; /* of the overhead: not measured */
};

/*
 * Divides `host`, which need not have passed ballast_host_check(). `reserved_kib` is granted and
 * not used, without what `host` already shows as claims or builds; what `host` has as claimed for
 * that counts at least. `configurations` (may be NULL) has for each domain the breakdown of its
 * configuration, or NULL. `domains` (may be NULL) has room for host->domain_count entries and
 * receives what each takes. Allocates nothing. -EOVERFLOW if the parts exceed 64 bits of KiB; then
 * only what `domains` points to has changed.
 */
int ballast_host_divide(const struct ballast_host *host, uint64_t reserved_kib,
                        const struct ballast_breakdown *const *configurations,
                        struct ballast_host_breakdown *out, struct ballast_domain_parts *domains,
                        struct ballast_error *err);

/* "xen", "dom0" ...: the names in JSON. NULL if it is not a part. */
const char *ballast_host_part_name(enum ballast_host_part part);

#endif
