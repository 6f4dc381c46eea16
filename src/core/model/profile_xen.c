/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cost of a guest on a host with a known Xen, to the page. Footprint is the cost on a settled
 * heap: shadow is the pool, extra internal what the domain has beyond its target, extra external
 * what Xen keeps beside it. Need adds the upper bound of the growth of Xen's own heap.
 */
#include "core/model/profile_xen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/xen_release.h"

/* The releases in which something changed; xen_terms.h has the commits. */
static const struct ballast_xen_terms terms_4_14 = {
    .pool = BALLAST_POOL_BEFORE_4_17,
    .grants_per_active_page = 102,
    .stdvga_pages = 64,
    .dsdt_bytes = 27803,
    .no_vmtrace = true,
    .arena = BALLAST_XEN_ARENA,
};
static const struct ballast_xen_terms terms_4_17_0 = {
    .pool = BALLAST_POOL_SINCE_4_17,
    .grants_per_active_page = 102,
    .stdvga_pages = 64,
    .dsdt_bytes = 27803,
    .iommu_superpages = true,
    .arena = BALLAST_XEN_ARENA,
};
static const struct ballast_xen_terms terms_4_17_6 = {
    .pool = BALLAST_POOL_SINCE_4_17,
    .grants_per_active_page = 102,
    .dsdt_bytes = 27803,
    .iommu_superpages = true,
    .arena = BALLAST_XEN_ARENA,
};
static const struct ballast_xen_terms terms_4_18_0 = {
    .pool = BALLAST_POOL_SINCE_4_17,
    .grants_per_active_page = 128,
    .stdvga_pages = 64,
    .dsdt_bytes = 27803,
    .iommu_superpages = true,
    .arena = BALLAST_XEN_ARENA,
};
static const struct ballast_xen_terms terms_4_18_4 = {
    .pool = BALLAST_POOL_SINCE_4_17,
    .grants_per_active_page = 128,
    .dsdt_bytes = 27803,
    .iommu_superpages = true,
    .arena = BALLAST_XEN_ARENA,
};
static const struct ballast_xen_terms terms_4_19_4 = {
    .pool = BALLAST_POOL_SINCE_4_17,
    .grants_per_active_page = 128,
    .dsdt_bytes = 17945,
    .iommu_superpages = true,
    .arena = BALLAST_XEN_ARENA,
};
static const struct ballast_xen_terms terms_4_20_0 = {
    .pool = BALLAST_POOL_SINCE_4_17,
    .grants_per_active_page = 128,
    .dsdt_bytes = 27803,
    .heap_below_frames = 512,
    .iommu_superpages = true,
    .arena = BALLAST_XEN_ARENA,
};
static const struct ballast_xen_terms terms_4_20_2 = {
    .pool = BALLAST_POOL_SINCE_4_17,
    .grants_per_active_page = 128,
    .dsdt_bytes = 17945,
    .heap_below_frames = 512,
    .iommu_superpages = true,
    .arena = BALLAST_XEN_ARENA,
};

static int fill_terms(const struct ballast_profile *profile, const struct ballast_settled *settled,
                      struct ballast_breakdown *out, struct ballast_error *err);

#define MEASURED(version, of)                                                                      \
    {                                                                                              \
        .name = "xen-" version, .summary = "exact: Xen " version ", measured to the page on AMD",  \
        .fill = fill_terms, .rules.xen = {                                                         \
            .terms = &(of),                                                                        \
            .sure = BALLAST_SURE_MEASURED                                                          \
        }                                                                                          \
    }
#define READ(version, of)                                                                          \
    {                                                                                              \
        .name = "xen-" version, .summary = "exact: Xen " version ", by source, not measured",      \
        .fill = fill_terms, .rules.xen = {                                                         \
            .terms = &(of),                                                                        \
            .sure = BALLAST_SURE_SOURCE                                                            \
        }                                                                                          \
    }

/* A series stands for its last known release. */
static const struct ballast_profile listed[] = {
    MEASURED("4.14", terms_4_14), MEASURED("4.17", terms_4_17_6), READ("4.18", terms_4_18_4),
    READ("4.19", terms_4_19_4),   MEASURED("4.20", terms_4_20_2), READ("4.21", terms_4_20_2),
};
static const struct {
    unsigned minor;
    unsigned last_point;
} series[] = {{14, 6}, {17, 7}, {18, 6}, {19, 6}, {20, 4}, {21, 2}};

static const struct ballast_profile releases[] = {
    READ("4.14.0", terms_4_14),     READ("4.14.1", terms_4_14),       READ("4.14.2", terms_4_14),
    READ("4.14.3", terms_4_14),     READ("4.14.4", terms_4_14),       READ("4.14.5", terms_4_14),
    MEASURED("4.14.6", terms_4_14),

    READ("4.17.0", terms_4_17_0),   READ("4.17.1", terms_4_17_0),     READ("4.17.2", terms_4_17_0),
    READ("4.17.3", terms_4_17_0),   READ("4.17.4", terms_4_17_0),     READ("4.17.5", terms_4_17_0),
    READ("4.17.6", terms_4_17_6),   MEASURED("4.17.7", terms_4_17_6),

    READ("4.18.0", terms_4_18_0),   READ("4.18.1", terms_4_18_0),     READ("4.18.2", terms_4_18_0),
    READ("4.18.3", terms_4_18_0),   READ("4.18.4", terms_4_18_4),     READ("4.18.5", terms_4_18_4),
    READ("4.18.6", terms_4_18_4),

    READ("4.19.0", terms_4_18_0),   READ("4.19.1", terms_4_18_4),     READ("4.19.2", terms_4_18_4),
    READ("4.19.3", terms_4_18_4),   READ("4.19.4", terms_4_19_4),     READ("4.19.5", terms_4_19_4),
    READ("4.19.6", terms_4_19_4),

    READ("4.20.0", terms_4_20_0),   READ("4.20.1", terms_4_20_0),     READ("4.20.2", terms_4_20_2),
    READ("4.20.3", terms_4_20_2),   MEASURED("4.20.4", terms_4_20_2),

    READ("4.21.0", terms_4_20_2),   READ("4.21.1", terms_4_20_2),     READ("4.21.2", terms_4_20_2),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct ballast_profile *ballast_xen_profile_at(size_t i)
{
    return i < COUNT(listed) ? &listed[i] : NULL;
}

const struct ballast_profile *ballast_xen_profile_find(const char *name)
{
    for (size_t i = 0; i < COUNT(listed); i++) {
        if (strcmp(listed[i].name, name) == 0)
            return &listed[i];
    }
    for (size_t i = 0; i < COUNT(releases); i++) {
        if (strcmp(releases[i].name, name) == 0)
            return &releases[i];
    }
    return NULL;
}

const struct ballast_xen_terms *ballast_xen_profile_terms(const struct ballast_profile *profile)
{
    return profile->fill == fill_terms ? profile->rules.xen.terms : NULL;
}

void ballast_xen_profile_make(struct ballast_profile *out, const char *name, const char *summary,
                              const struct ballast_xen_terms *terms)
{
    *out = (struct ballast_profile){
        .name = name,
        .summary = summary,
        .fill = fill_terms,
        .rules.xen = {.terms = terms, .sure = BALLAST_SURE_MEASURED, .calibrated = true}};
}

bool ballast_profile_exact(const struct ballast_profile *profile, enum ballast_sureness *out)
{
    if (profile->fill != fill_terms)
        return false;
    if (out)
        *out = profile->rules.xen.sure;
    return true;
}

static int refuse_release(const char *version, struct ballast_error *err)
{
    return ballast_fail(err, -ENOENT,
                        "what Xen %.40s takes for a guest is not known to the page: only releases "
                        "of 4.14 and of 4.17 to 4.21 are",
                        version);
}

const struct ballast_profile *
ballast_profile_for_xen(const char *version, enum ballast_sureness *sure, struct ballast_error *err)
{
    struct ballast_xen_release release;
    if (ballast_xen_release_parse(version, &release, err) < 0)
        return NULL;
    size_t i = 0;
    while (i < COUNT(series) && series[i].minor != release.minor)
        i++;
    bool none_yet = release.is_before && release.point == 0;
    if (release.major != 4 || i == COUNT(series) || !release.has_point || none_yet) {
        (void)refuse_release(version, err);
        return NULL;
    }
    unsigned point = release.point - release.is_before;
    bool is_later = point > series[i].last_point;
    char name[32];
    (void)snprintf(name, sizeof(name), "xen-4.%u.%u", release.minor,
                   is_later ? series[i].last_point : point);
    const struct ballast_profile *found = ballast_xen_profile_find(name);
    if (sure)
        *sure = is_later ? BALLAST_SURE_ASSUMED : found->rules.xen.sure;
    return found;
}

/* Why a figure is not measured, or 0. */
static uint64_t not_measured(const struct ballast_profile *profile,
                             const struct ballast_settled *settled,
                             const struct ballast_breakdown *out)
{
    bool is_pv = settled->type == BALLAST_PV;
    bool old = profile->rules.xen.terms->grants_per_active_page == 102;
    uint64_t why = 0;
    if (profile->rules.xen.sure != BALLAST_SURE_MEASURED)
        why |= BALLAST_UNMEASURED_RELEASE;
    if (settled->vmx && !profile->rules.xen.calibrated)
        why |= BALLAST_UNMEASURED_VMX;
    if (settled->nested && !old)
        why |= BALLAST_UNMEASURED_NESTED;
    if (settled->passthrough != BALLAST_PASSTHROUGH_DISABLED)
        why |= BALLAST_UNMEASURED_PASSTHROUGH;
    if (!is_pv && !settled->hap && profile->rules.xen.terms->pool.round_kib == 0)
        why |= BALLAST_UNMEASURED_SHADOW;
    if (settled->vcpus > 128)
        why |= BALLAST_UNMEASURED_VCPUS;
    if (settled->has_vnuma && settled->type == BALLAST_PVH)
        why |= BALLAST_UNMEASURED_VNUMA;
    if (settled->vga == BALLAST_VGA_QXL || settled->video_fixed || settled->stubdomain)
        why |= BALLAST_UNMEASURED_DEVICE_MODEL;
    if (out->cost_pages[BALLAST_COST_VMTRACE] > 0)
        why |= BALLAST_UNMEASURED_VMTRACE;
    return why;
}

static void add_notes(const struct ballast_profile *profile, const struct ballast_settled *settled,
                      struct ballast_breakdown *out)
{
    uint64_t why = not_measured(profile, settled, out);
    if (why)
        ballast_breakdown_set_note(out, BALLAST_NOTE_NOT_MEASURED, why, 0);
    if (out->segment_kib[BALLAST_IOMMU] > 0)
        ballast_breakdown_set_note(out, BALLAST_NOTE_IOMMU_TABLES, out->segment_kib[BALLAST_IOMMU],
                                   0);
    ballast_note_whole_mib(out, settled);
    if (settled->pvshim)
        ballast_breakdown_set_note(out, BALLAST_NOTE_SHIM_TAKES_GUEST, 0, 0);
    ballast_note_altp2m(out, settled);
    ballast_note_vmtrace(out, settled, !profile->rules.xen.terms->no_vmtrace);
    if (settled->has_vpmu || settled->has_argo)
        ballast_breakdown_set_note(out, BALLAST_NOTE_OPTIONS, settled->has_vpmu, settled->has_argo);
    if (settled->limits_assumed)
        ballast_breakdown_set_note(out, BALLAST_NOTE_LIMITS_ASSUMED, settled->max_grant_frames,
                                   settled->max_maptrack_frames);
    if (settled->type != BALLAST_PV && settled->pool_vcpus == 0 &&
        settled->shadow_kib == BALLAST_UNSET)
        ballast_breakdown_set_note(out, BALLAST_NOTE_NO_VCPUS,
                                   profile->rules.xen.terms->pool.vcpu_pages * BALLAST_PAGE_KIB, 0);
}

/* The sum of the pages from one term to another, in KiB. */
static int sum_terms(const int64_t *pages, int first, int last, uint64_t *out_kib,
                     struct ballast_error *err)
{
    int64_t sum = 0;
    for (int i = first; i <= last; i++) {
        if (__builtin_add_overflow(sum, pages[i], &sum))
            return ballast_fail(err, -EOVERFLOW, "guest: its pages are more than 63 bits");
    }
    if (sum < 0)
        return ballast_fail(err, -EOVERFLOW,
                            "calibration: it subtracts more pages than the guest has; 'ballast "
                            "calibrate' makes a new one");
    return ballast_kib_from_pages((uint64_t)sum, out_kib, err);
}

static int xen_segments(const struct ballast_settled *settled, struct ballast_breakdown *out,
                        struct ballast_error *err)
{
    const int64_t *pages = out->cost_pages;
    uint64_t *segment_kib = out->segment_kib;
    uint64_t memory_kib;
    int rc;
    if ((rc = sum_terms(pages, BALLAST_COST_MEMORY, BALLAST_COST_MEMORY, &memory_kib, err)) < 0 ||
        (rc = sum_terms(pages, BALLAST_COST_POOL, BALLAST_COST_POOL, &segment_kib[BALLAST_SHADOW],
                        err)) < 0 ||
        (rc = sum_terms(pages, BALLAST_COST_IOMMU, BALLAST_COST_IOMMU, &segment_kib[BALLAST_IOMMU],
                        err)) < 0 ||
        (rc = sum_terms(pages, BALLAST_COST_DOMAIN, BALLAST_COST_CALIBRATED,
                        &segment_kib[BALLAST_EXTRA_EXTERNAL], err)) < 0 ||
        (rc = sum_terms(pages, BALLAST_COST_SPECIAL, BALLAST_COST_ACPI,
                        &segment_kib[BALLAST_EXTRA_INTERNAL], err)) < 0)
        return rc;
    uint64_t video_kib = settled->vga == BALLAST_VGA_NONE ? 0 : settled->video_kib;
    segment_kib[BALLAST_VIDEO] = ballast_min_u64(video_kib, memory_kib);
    segment_kib[BALLAST_GUEST] = memory_kib - segment_kib[BALLAST_VIDEO];
    segment_kib[BALLAST_BALLOON] = settled->maxmem_kib - memory_kib;
    return ballast_breakdown_sum_spans(out, err);
}

/* The need of the device model's domain, which is built during the creation of its guest. */
static int stubdomain_need(const struct ballast_xen_terms *terms,
                           const struct ballast_settled *main, uint64_t *out_kib,
                           struct ballast_error *err)
{
    int64_t pages[BALLAST_COST_TERMS];
    struct ballast_settled stubdomain = {
        .type = BALLAST_PV,
        .vcpus = 1,
        .pool_vcpus = 1,
        .max_grant_frames = main->max_grant_frames,
        .max_maptrack_frames = main->max_maptrack_frames,
    };
    *out_kib = 0;
    if (!main->stubdomain)
        return 0;
    int rc = ballast_kib_add(main->stubdomain_kib, main->video_kib, &stubdomain.memory_kib, err);
    stubdomain.maxmem_kib = stubdomain.memory_kib;
    if (rc < 0 || (rc = ballast_xen_terms_pages(terms, &stubdomain, pages, err)) < 0)
        return rc;
    return sum_terms(pages, BALLAST_COST_MEMORY, BALLAST_COST_IOMMU_PIECES, out_kib, err);
}

static int xen_need(const struct ballast_profile *profile, const struct ballast_settled *settled,
                    struct ballast_breakdown *out, struct ballast_error *err)
{
    uint64_t stubdomain_kib;
    if (settled->is_device_model) {
        ballast_breakdown_set_term(out, BALLAST_NEED_CHARGED, true, out->cost.settled_kib);
        return 0;
    }
    int rc = stubdomain_need(profile->rules.xen.terms, settled, &stubdomain_kib, err);
    if (rc < 0 ||
        (rc = ballast_kib_add(out->cost.fresh_max_kib, stubdomain_kib, &out->need_kib, err)) < 0)
        return rc;
    uint64_t pieces_kib = (uint64_t)out->cost_pages[BALLAST_COST_IOMMU_PIECES] * BALLAST_PAGE_KIB;
    ballast_breakdown_set_term(out, BALLAST_NEED_ARENA, false,
                               out->cost.fresh_max_kib - out->cost.settled_kib - pieces_kib);
    ballast_breakdown_set_term(out, BALLAST_NEED_IOMMU_PIECES, false, pieces_kib);
    ballast_breakdown_set_term(out, BALLAST_NEED_STUBDOMAIN, false, stubdomain_kib);
    if (stubdomain_kib > 0)
        ballast_breakdown_set_note(out, BALLAST_NOTE_STUBDOMAIN, stubdomain_kib, 0);
    return 0;
}

static int fill_terms(const struct ballast_profile *profile, const struct ballast_settled *settled,
                      struct ballast_breakdown *out, struct ballast_error *err)
{
    struct ballast_cost_kib cost;
    uint64_t fresh_kib, later_kib;
    int rc = ballast_xen_terms_pages(profile->rules.xen.terms, settled, out->cost_pages, err);
    if (rc < 0 || (rc = xen_segments(settled, out, err)) < 0 ||
        (rc = sum_terms(out->cost_pages, BALLAST_COST_ARENA, BALLAST_COST_IOMMU_PIECES, &fresh_kib,
                        err)) < 0 ||
        (rc = sum_terms(out->cost_pages, BALLAST_COST_GRANT_GROWTH, BALLAST_COST_VMX_LATER,
                        &later_kib, err)) < 0)
        return rc;
    cost.settled_kib = out->span_kib[BALLAST_FOOTPRINT];
    if ((rc = ballast_kib_add(cost.settled_kib, fresh_kib, &cost.fresh_max_kib, err)) < 0 ||
        (rc = ballast_kib_add(cost.fresh_max_kib, later_kib, &cost.later_max_kib, err)) < 0)
        return rc;
    out->has_cost = true;
    out->cost = cost;
    if ((rc = xen_need(profile, settled, out, err)) < 0)
        return rc;
    add_notes(profile, settled, out);
    return 0;
}
