/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paging pool as libxl sizes it, and the IOMMU's tables as it estimates them. */
#ifndef CORE_MODEL_POOL_H
#define CORE_MODEL_POOL_H

#include <stdint.h>

#include <ballast/error.h>

#include "core/model/settle.h"

/* The terms of the default size. */
struct ballast_pool_rules {
    uint64_t vcpu_pages;     /* pages a vCPU ... */
    uint64_t mib_pages;      /* ... pages a MiB of maxmem for every guest ... */
    uint64_t p2m_pages;      /* ... more for a guest with a p2m ... */
    uint64_t resident_pages; /* ... and more for one without hardware-assisted paging */
    uint64_t round_kib; /* the unit in which it is set in Xen, rounded up; 0: bytes, and Xen refuses
                           a size that is not whole pages */
};

/* libxl_create.c, libxl__get_required_paging_memory: from 4.17 on. */
#define BALLAST_POOL_SINCE_4_17                                                                    \
    {                                                                                              \
        .vcpu_pages = 256, .p2m_pages = 1, .resident_pages = 1                                     \
    }
/*
 * Before it libxl_x86.c, libxl__arch_get_required_paging_memory: two pages a MiB whatever the
 * guest's type, set in Xen in whole MiB (libxl__arch_domain_create).
 */
#define BALLAST_POOL_BEFORE_4_17                                                                   \
    {                                                                                              \
        .vcpu_pages = 256, .mib_pages = 2, .round_kib = 1024                                       \
    }

/* What libxl charges, also for a PV guest, which has no pool. */
uint64_t ballast_pool_charged_kib(const struct ballast_pool_rules *rules,
                                  const struct ballast_settled *settled);
/*
 * What libxl then sets in Xen for a guest that is not PV. -EINVAL if Xen refuses it (paging.c,
 * arch_set_paging_mempool_size): zero, not whole pages, or more than 32 bits of them.
 */
int ballast_pool_allocated_kib(const struct ballast_pool_rules *rules,
                               const struct ballast_settled *settled, uint64_t *out_kib,
                               struct ballast_error *err);
/* 0 unless the IOMMU gets page tables of its own. */
uint64_t ballast_pool_iommu_kib(const struct ballast_settled *settled);

#endif
