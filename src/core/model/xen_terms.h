/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Xen takes for a guest, page by page: the terms of include/ballast/cost.h for one release.
 * Measured by the fall of XEN_SYSCTL_physinfo.free_pages over whole builds, and over builds
 * hypercall by hypercall, on Xen 4.14.6, 4.17.7 and 4.20.4: AMD with hardware-assisted paging,
 * release builds. docs/assumptions.md, "What Xen takes", has the measurements.
 */
#ifndef CORE_MODEL_XEN_TERMS_H
#define CORE_MODEL_XEN_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/cost.h>
#include <ballast/error.h>

#include "core/model/pool.h"
#include "core/model/settle.h"

/* At most vcpu_permyriad * vCPUs / 10000 + base_pages, rounded up. */
struct ballast_arena_bound {
    uint32_t base_pages;
    uint32_t vcpu_permyriad;
};

/*
 * What differs between releases, or on a calibrated host. The rest is the same in all known
 * releases and is in xen_terms.c.
 */
struct ballast_xen_terms {
    struct ballast_pool_rules pool;
    uint32_t grants_per_active_page; /* PAGE_SIZE / sizeof(struct active_grant_entry): 40 bytes, 32
                                        since a2f5203141 (4.18.0) */
    uint32_t stdvga_pages; /* struct hvm_hw_stdvga, vram_page[64]: 64 until the series of XSA-463 */
    uint32_t dsdt_bytes;   /* dsdt_pvh_len: 27803, 17945 since b59e564aa0 */
    /* An array of fewer maptrack pointers is less than a page and comes from Xen's own heap, since
     * grant_table_init() asks xvzalloc_array() (4.20.0); 0: each has pages of its own (vzalloc). */
    uint32_t heap_below_frames;
    bool no_vmtrace;       /* before 4.15, which brought trace buffers */
    bool iommu_superpages; /* the IOMMU's tables map 2 MiB and 1 GiB as one: since 4.17.0 */
    struct ballast_arena_bound arena[BALLAST_GUEST_TYPES];
    /* What a calibration found beyond all the above; 0 in every release. */
    int32_t off_base_pages[BALLAST_GUEST_TYPES];
    int32_t off_vcpu_pages[BALLAST_GUEST_TYPES];
    int32_t off_nested_vcpu_pages;
};

/* Bounds from the measurements on three releases: 8 + 0.4 V, 10 + 1.7 V. */
#define BALLAST_XEN_ARENA                                                                          \
    {                                                                                              \
        [BALLAST_PV] = {8, 4000}, [BALLAST_PVH] = {10, 17000}, [BALLAST_HVM] = { 10, 17000 }       \
    }

/*
 * Every term of a settled guest, in pages. -EINVAL if Xen refuses its pool, -EOVERFLOW if a sum
 * does not fit, -ERANGE if one is negative (only a calibration can cause that).
 */
int ballast_xen_terms_pages(const struct ballast_xen_terms *terms,
                            const struct ballast_settled *settled,
                            int64_t pages[BALLAST_COST_TERMS], struct ballast_error *err);

/* Pages of the arena's bound. */
uint64_t ballast_xen_arena_pages(const struct ballast_arena_bound *bound, uint64_t vcpus);
/* Active frames for this number of grant frames. */
uint64_t ballast_xen_active_frames(uint32_t grants_per_active_page, uint64_t frames);
/* Pages of buckets and groups beyond the first bucket, for a guest with this last port. */
uint64_t ballast_xen_event_pages(uint64_t last_port);
/* Pages of the ACPI tables that libxl builds for a PVH guest, without those of virtual NUMA. */
uint64_t ballast_xen_acpi_pages(uint32_t dsdt_bytes, uint64_t vcpus);

#endif
