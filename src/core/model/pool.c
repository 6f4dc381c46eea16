/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/pool.h"

#include <errno.h>
#include <inttypes.h>

#include "core/base/error.h"
#include "core/base/units.h"

/* Cannot overflow: at most 3 pages for each MiB of a uint64_t. */
uint64_t ballast_pool_charged_kib(const struct ballast_pool_rules *rules,
                                  const struct ballast_settled *settled)
{
    if (settled->shadow_kib != BALLAST_UNSET)
        return settled->shadow_kib;
    uint64_t mib_pages = rules->mib_pages;
    if (settled->type != BALLAST_PV)
        mib_pages += rules->p2m_pages;
    if (!settled->hap)
        mib_pages += rules->resident_pages;
    uint64_t pages = rules->vcpu_pages * settled->pool_vcpus +
                     mib_pages * (settled->maxmem_kib / BALLAST_MIB_KIB);
    return pages * BALLAST_PAGE_KIB;
}

/* What the size of the pool comes from. */
static int pool_subject(const struct ballast_settled *settled)
{
    if (settled->shadow_kib != BALLAST_UNSET)
        return BALLAST_SHADOW_MEMORY;
    return settled->maxmem_kib == settled->memory_kib ? BALLAST_MEMORY : BALLAST_MAXMEM;
}

int ballast_pool_allocated_kib(const struct ballast_pool_rules *rules,
                               const struct ballast_settled *settled, uint64_t *out_kib,
                               struct ballast_error *err)
{
    int at = pool_subject(settled);
    uint64_t charged_kib = ballast_pool_charged_kib(rules, settled);
    if (charged_kib == 0)
        return ballast_fail_at(err, -EINVAL, at,
                               "less than 1 MiB and no vcpus make a paging pool of nothing, "
                               "without which the guest cannot be built; set vcpus");
    if (rules->round_kib > 0)
        return ballast_kib_round_up(charged_kib, rules->round_kib, out_kib, err);
    if (charged_kib % BALLAST_PAGE_KIB != 0)
        return ballast_fail_at(err, -EINVAL, at,
                               "%" PRIu64
                               " KiB: Xen takes only whole pages for a paging pool; use a "
                               "multiple of %" PRIu64 " KiB",
                               charged_kib, BALLAST_PAGE_KIB);
    if (charged_kib / BALLAST_PAGE_KIB > UINT32_MAX)
        return ballast_fail_at(err, -EINVAL, at,
                               "makes a paging pool of %" PRIu64
                               " KiB: Xen counts its pages in 32 bits, less than 16 TiB; lower it",
                               charged_kib);
    *out_kib = charged_kib;
    return 0;
}

/*
 * libxl_create.c, libxl__get_required_iommu_memory: four levels of tables of 512 entries. Cannot
 * overflow: the first level alone is a 512th of the pages.
 */
uint64_t ballast_pool_iommu_kib(const struct ballast_settled *settled)
{
    if (settled->passthrough != BALLAST_PASSTHROUGH_SYNC_PT)
        return 0;
    uint64_t level_pages = settled->maxmem_kib / BALLAST_PAGE_KIB;
    uint64_t pages = 0;
    for (int level = 0; level < 4; level++) {
        level_pages = ballast_div_up(level_pages, 512);
        pages += level_pages;
    }
    return pages * BALLAST_PAGE_KIB;
}
