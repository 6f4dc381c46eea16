/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl's own figures. Its need is not a sum of segments: it starts from memory (video included),
 * adds the default size of the pool, also for a PV guest, which has none, leaves out extra internal
 * and rounds up. This computes both, each by its own rule, and shows the terms between them.
 */
#include "core/base/units.h"
#include "core/model/profile.h"

/* libxl_mem.c, libxl__domain_need_memory_calculate. */
static int libxl_need(const struct ballast_libxl_rules *rules,
                      const struct ballast_settled *settled, uint64_t charged_pool_kib,
                      struct ballast_breakdown *out, struct ballast_error *err)
{
    uint64_t stubdomain_kib = 0;
    uint64_t need_kib = settled->memory_kib;
    uint64_t rounded_kib;
    int rc;
    /* video_memkb as configured: a PVH guest has the key too. */
    if (settled->stubdomain_charged &&
        (rc = ballast_kib_add(settled->stubdomain_kib, settled->videoram_asked_kib, &stubdomain_kib,
                              err)) < 0)
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

/*
 * The maximum that was measured for such a guest beyond its memory and its pool, on a heap that no
 * large guest has grown yet: docs/assumptions.md, "What Xen takes".
 */
static uint64_t cost_kib(const struct ballast_libxl_rules *rules,
                         const struct ballast_settled *settled)
{
    uint64_t vcpus = settled->vcpus;
    uint64_t pages = rules->cost_pages[settled->type];
    if (settled->type == BALLAST_PV)
        pages += 3 * vcpus + ballast_div_up(vcpus, 16) + 8 + ballast_div_up(4 * vcpus, 10);
    else
        pages += 8 * vcpus + ballast_div_up(vcpus, 128) + 10 + ballast_div_up(17 * vcpus, 10);
    if (settled->nested)
        pages += 5 * vcpus;
    if (!rules->no_vmtrace)
        pages += settled->vmtrace_kib / BALLAST_PAGE_KIB * vcpus;
    return pages * BALLAST_PAGE_KIB;
}

static void note_short(const struct ballast_libxl_rules *rules,
                       const struct ballast_settled *settled, struct ballast_breakdown *out)
{
    /*
     * Never below zero: need includes each of these, and its extra external exceeds what rounding
     * can add to a pool beyond its charge.
     */
    uint64_t room_kib = out->need_kib - out->term_kib[BALLAST_NEED_STUBDOMAIN] -
                        settled->memory_kib - out->segment_kib[BALLAST_SHADOW] -
                        out->segment_kib[BALLAST_IOMMU];
    uint64_t takes_kib = cost_kib(rules, settled);
    if (takes_kib > room_kib)
        ballast_breakdown_set_note(out, BALLAST_NOTE_NEED_TOO_SMALL, settled->vcpus,
                                   takes_kib - room_kib);
}

static int libxl_segments(const struct ballast_libxl_rules *rules,
                          const struct ballast_settled *settled, struct ballast_breakdown *out,
                          struct ballast_error *err)
{
    uint64_t *segment_kib = out->segment_kib;
    bool is_pv = settled->type == BALLAST_PV;
    if (!is_pv) {
        int rc =
            ballast_pool_allocated_kib(&rules->pool, settled, &segment_kib[BALLAST_SHADOW], err);
        if (rc < 0)
            return rc;
    }
    segment_kib[BALLAST_IOMMU] = ballast_pool_iommu_kib(settled);
    if (segment_kib[BALLAST_IOMMU] > 0)
        ballast_breakdown_set_note(out, BALLAST_NOTE_IOMMU_TABLES, segment_kib[BALLAST_IOMMU], 0);
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
    uint64_t charged_pool_kib = ballast_pool_charged_kib(&rules->pool, settled);
    int rc = libxl_segments(rules, settled, out, err);
    if (rc < 0)
        return rc;
    if (settled->is_device_model) {
        /* libxl_dm.c builds it during the creation of its guest, whose need includes it. */
        out->need_kib = 0;
        ballast_breakdown_set_term(out, BALLAST_NEED_CHARGED, true,
                                   out->span_kib[BALLAST_FOOTPRINT]);
        return 0;
    }
    rc = libxl_need(rules, settled, charged_pool_kib, out, err);
    if (rc < 0)
        return rc;
    if (settled->type == BALLAST_PV && charged_pool_kib > 0)
        ballast_breakdown_set_note(out, BALLAST_NOTE_POOL_NOT_GIVEN, charged_pool_kib, 0);
    if (settled->pvshim)
        ballast_breakdown_set_note(out, BALLAST_NOTE_SHIM_TAKES_GUEST, 0, 0);
    if (settled->type != BALLAST_PV && settled->pool_vcpus == 0 &&
        settled->shadow_kib == BALLAST_UNSET)
        ballast_breakdown_set_note(out, BALLAST_NOTE_NO_VCPUS,
                                   rules->pool.vcpu_pages * BALLAST_PAGE_KIB, 0);
    ballast_note_altp2m(out, settled);
    ballast_note_vmtrace(out, settled, !rules->no_vmtrace);
    note_short(rules, settled, out);
    ballast_note_whole_mib(out, settled);
    return 0;
}
