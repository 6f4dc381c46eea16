/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the memory of a host is made of. It always sums, to the KiB:
 *
 *   all parts (the unexplained one included) - overcounted = total
 *
 * What is allocated is Xen itself, what dom0 and the other domains hold, and what the host spends
 * on them beyond that; what is allocated to nobody who is known is unexplained. What is free is
 * divided by whose it is. Nothing is in two places: a claim and the rest of a build are the same
 * memory seen twice; claims, reservations and slack are parts of what is free; so is what is still
 * to be scrubbed, and since Xen prefers clean pages (xen/common/page_alloc.c, alloc_heap_pages()),
 * only what is beyond all promises is shown as scrubbing.
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
    BALLAST_PART_DOM0,        /* what it holds */
    BALLAST_PART_DOMAINS,     /* what the others hold */
    BALLAST_PART_OVERHEAD,    /* what the host spends on all domains beyond that */
    BALLAST_PART_UNEXPLAINED, /* neither free nor known to be anybody's */
    BALLAST_PART_CLAIMED,     /* free, but staked in Xen, or still to come to domains being built */
    BALLAST_PART_RESERVED,    /* free, but granted to starts of which Xen knows nothing yet */
    BALLAST_PART_SLACK,       /* free, but kept for Xen */
    BALLAST_PART_SCRUB,       /* free and nobody's, but not scrubbed yet */
    BALLAST_PART_FREE,        /* free, not promised */
    BALLAST_PARTS
};

/* What one domain takes; all of it sums to tot_kib and overhead_kib. */
struct ballast_domain_parts {
    bool is_split; /* its configuration is known; else all is in the two `other` sizes */
    /* The snapshot does not tell its overhead: that of its configuration, which may be too high. */
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
     * What the parts are together beyond total, or 0: a snapshot of a running host is not one
     * moment, and may be wrong.
     */
    uint64_t overcounted_kib;
    uint64_t deficit_kib;   /* claimed, reserved and kept beyond what is free; in no part */
    uint64_t estimated_kib; /* of the overhead: not measured */
};

/*
 * Divides `host`, which need not have passed ballast_host_check(). `reserved_kib` is what has been
 * granted and is not used, without what host already shows as claims or builds.
 * `configurations` (may be NULL) has for each domain the breakdown of its configuration, or NULL;
 * `domains` (may be NULL) has room for host->domain_count and gets what each takes. Nothing is
 * allocated. -EOVERFLOW when the parts make more than 64 bits of KiB, and nothing is changed then
 * but what `domains` points to.
 */
int ballast_host_divide(const struct ballast_host *host, uint64_t reserved_kib,
                        const struct ballast_breakdown *const *configurations,
                        struct ballast_host_breakdown *out, struct ballast_domain_parts *domains,
                        struct ballast_error *err);

/* "xen", "dom0" ...: the names in JSON. NULL for what is no part. */
const char *ballast_host_part_name(enum ballast_host_part part);
/* Whether it is a part of what is free. */
bool ballast_host_part_is_free(enum ballast_host_part part);

#endif
