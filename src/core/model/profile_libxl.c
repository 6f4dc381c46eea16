/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl's own figures. Its need is no sum of segments: it starts from memory (video included), adds
 * the pool it would like to have, also for a PV guest that gets none, leaves extra internal out and
 * rounds up. Both are computed here, each by its own rule, and the terms between them shown.
 */
#include "core/base/units.h"
#include "core/model/profile.h"

/* From so many vCPUs on libxl's need is below what Xen takes: docs/assumptions.md, "large guests".
 */
#define NEED_SHORT_VCPUS 100

/*
 * libxl_create.c, libxl__get_required_iommu_memory: four levels of tables of 512 entries. Cannot
 * overflow: the first level alone is a 512th of the pages.
 */
static uint64_t iommu_tables_kib(uint64_t maxmem_kib)
{
    uint64_t level_pages = maxmem_kib / BALLAST_PAGE_KIB;
    uint64_t pages = 0;
    for (int level = 0; level < 4; level++) {
        level_pages = ballast_div_up(level_pages, 512);
        pages += level_pages;
    }
    return pages * BALLAST_PAGE_KIB;
}

/* The pool that libxl charges for. Cannot overflow: at most 3 pages for each MiB of a uint64_t. */
static uint64_t pool_kib(const struct ballast_libxl_rules *rules,
                         const struct ballast_settled *settled)
{
    if (settled->shadow_kib != BALLAST_UNSET)
        return settled->shadow_kib;
    uint64_t mib_pages = rules->pool_mib_pages;
    if (settled->type != BALLAST_PV)
        mib_pages += rules->pool_p2m_pages;
    if (!settled->hap)
        mib_pages += rules->pool_resident_pages;
    uint64_t pages = rules->pool_vcpu_pages * settled->vcpus +
                     mib_pages * (settled->maxmem_kib / BALLAST_MIB_KIB);
    return pages * BALLAST_PAGE_KIB;
}

/* libxl_mem.c, libxl__domain_need_memory_calculate. */
static int need(const struct ballast_libxl_rules *rules, const struct ballast_settled *settled,
                uint64_t charged_pool_kib, struct ballast_breakdown *out, struct ballast_error *err)
{
    uint64_t stubdomain_kib = 0;
    uint64_t need_kib = settled->memory_kib;
    uint64_t rounded_kib;
    int rc;
    if (settled->stubdomain_kib > 0 &&
        (rc = ballast_kib_add(settled->stubdomain_kib, settled->video_kib, &stubdomain_kib, err)) <
            0)
        return rc;
    if ((rc = ballast_kib_add(need_kib, charged_pool_kib, &need_kib, err)) < 0 ||
        (rc = ballast_kib_add(need_kib, out->segment_kib[BALLAST_IOMMU], &need_kib, err)) < 0 ||
        (rc = ballast_kib_add(need_kib, out->segment_kib[BALLAST_EXTRA_EXTERNAL], &need_kib, err)) <
            0 ||
        (rc = ballast_kib_add(need_kib, stubdomain_kib, &need_kib, err)) < 0 ||
        (rc = ballast_kib_round_up(need_kib, rules->need_step_kib, &rounded_kib, err)) < 0)
        return rc;
    out->need_kib = rounded_kib;
    ballast_breakdown_set_term(out, BALLAST_NEED_EXTRA_INTERNAL, true, rules->extra_internal_kib);
    ballast_breakdown_set_term_between(out, BALLAST_NEED_POOL, out->segment_kib[BALLAST_SHADOW],
                                       charged_pool_kib);
    ballast_breakdown_set_term(out, BALLAST_NEED_STUBDOMAIN, false, stubdomain_kib);
    ballast_breakdown_set_term(out, BALLAST_NEED_ROUNDING, false, rounded_kib - need_kib);
    if (stubdomain_kib > 0)
        ballast_breakdown_set_note(out, BALLAST_NOTE_STUBDOMAIN, stubdomain_kib, 0);
    return 0;
}

static int segments(const struct ballast_libxl_rules *rules, const struct ballast_settled *settled,
                    uint64_t charged_pool_kib, struct ballast_breakdown *out,
                    struct ballast_error *err)
{
    uint64_t *segment_kib = out->segment_kib;
    bool is_pv = settled->type == BALLAST_PV;
    if (!is_pv) {
        int rc = ballast_kib_round_up(charged_pool_kib, rules->pool_step_kib,
                                      &segment_kib[BALLAST_SHADOW], err);
        if (rc < 0)
            return rc;
    }
    if (settled->passthrough == BALLAST_PASSTHROUGH_SYNC_PT) {
        segment_kib[BALLAST_IOMMU] = iommu_tables_kib(settled->maxmem_kib);
        ballast_breakdown_set_note(out, BALLAST_NOTE_IOMMU_TABLES, segment_kib[BALLAST_IOMMU], 0);
    }
    segment_kib[BALLAST_EXTRA_EXTERNAL] =
        is_pv ? rules->pv_extra_external_kib : rules->hvm_extra_external_kib;
    segment_kib[BALLAST_EXTRA_INTERNAL] = rules->extra_internal_kib;
    segment_kib[BALLAST_VIDEO] = settled->video_kib;
    segment_kib[BALLAST_GUEST] = settled->memory_kib - settled->video_kib;
    segment_kib[BALLAST_BALLOON] = settled->maxmem_kib - settled->memory_kib;
    return ballast_breakdown_sum_spans(out, err);
}

int ballast_profile_libxl_fill(const struct ballast_profile *profile,
                               const struct ballast_settled *settled, struct ballast_breakdown *out,
                               struct ballast_error *err)
{
    const struct ballast_libxl_rules *rules = &profile->rules.libxl;
    uint64_t charged_pool_kib = pool_kib(rules, settled);
    int rc = segments(rules, settled, charged_pool_kib, out, err);
    if (rc < 0)
        return rc;
    if (settled->is_device_model) {
        /* libxl_dm.c builds it inside the creation of its guest, whose need has counted it. */
        out->need_kib = 0;
        ballast_breakdown_set_term(out, BALLAST_NEED_CHARGED, true,
                                   out->span_kib[BALLAST_FOOTPRINT]);
        return 0;
    }
    rc = need(rules, settled, charged_pool_kib, out, err);
    if (rc < 0)
        return rc;
    if (settled->type == BALLAST_PV && charged_pool_kib > 0)
        ballast_breakdown_set_note(out, BALLAST_NOTE_POOL_NOT_GIVEN, charged_pool_kib, 0);
    if (settled->pvshim)
        ballast_breakdown_set_note(out, BALLAST_NOTE_SHIM_TAKES_GUEST, 0, 0);
    if (settled->vcpus >= NEED_SHORT_VCPUS && settled->type != BALLAST_PV)
        ballast_breakdown_set_note(out, BALLAST_NOTE_NEED_TOO_SMALL, settled->vcpus, 0);
    return 0;
}
