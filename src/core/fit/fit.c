/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fit/fit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/fit/line.h"
#include "core/model/breakdown.h"
#include "core/model/profile_xen.h"

/* Agreement of fewer guests, or of fewer sizes, can be chance: two arenas may have grown alike. */
enum { LEAST_EXACT = 3, LEAST_SIZES = 3, LEAST_PLAIN = 2 };
/*
 * A correction must match at least one guest in this many: on a heap that never settles a line may
 * match some by chance, 6 guests of 36 (tests/seeds/list, fit 1785316641).
 */
#define MEET_IN 5
/* One cell in this many may lie below the line: something else on the host freed memory. */
#define BELOW_IN 20
/* A bound above the profile's is a tenth above the maximum that was measured. */
#define HEADROOM_PERMYRIAD 11000

/* A cell with the profile's prediction of it. */
struct compared {
    enum ballast_guest_type type;
    bool nested;
    int64_t vcpus;
    int64_t outside; /* taken beside the domain and its pool, beyond the profile */
    int64_t inside, pool;
    uint64_t bound; /* of the profile's arena */
};

static const char *const words[FIT_TERMS] = {
    [FIT_PV_BASE] = "pv_base",         [FIT_PV_VCPU] = "pv_vcpu",
    [FIT_PVH_BASE] = "pvh_base",       [FIT_PVH_VCPU] = "pvh_vcpu",
    [FIT_HVM_BASE] = "hvm_base",       [FIT_HVM_VCPU] = "hvm_vcpu",
    [FIT_NESTED_VCPU] = "nested_vcpu", [FIT_PV_INSIDE] = "pv_inside",
    [FIT_PVH_INSIDE] = "pvh_inside",   [FIT_HVM_INSIDE] = "hvm_inside",
    [FIT_PVH_POOL] = "pvh_pool",       [FIT_HVM_POOL] = "hvm_pool",
};

const char *fit_term_name(enum fit_term term)
{
    return (unsigned)term < FIT_TERMS ? words[term] : NULL;
}

const char *fit_verdict_name(enum fit_verdict verdict)
{
    static const char *const verdicts[FIT_VERDICTS] = {"unknown", "agrees", "disagrees"};
    return (unsigned)verdict < FIT_VERDICTS ? verdicts[verdict] : NULL;
}

static enum fit_term base_of(enum ballast_guest_type type)
{
    return type == BALLAST_PV ? FIT_PV_BASE : type == BALLAST_PVH ? FIT_PVH_BASE : FIT_HVM_BASE;
}

static enum fit_term inside_of(enum ballast_guest_type type)
{
    return type == BALLAST_PV    ? FIT_PV_INSIDE
           : type == BALLAST_PVH ? FIT_PVH_INSIDE
                                 : FIT_HVM_INSIDE;
}

/* More pages than any host has would overflow in what follows. */
static bool is_sane(const struct fit_cell *cell)
{
    const uint64_t most = UINT64_C(1) << 50;
    return cell->tot_pages <= most && cell->pool_pages <= most &&
           cell->taken_pages <= (int64_t)most && cell->taken_pages >= -(int64_t)most;
}

static int compare_cell(const struct fit_cell *cell, const struct ballast_profile *profile,
                        const struct ballast_host_caps *caps, struct compared *out,
                        struct ballast_error *err)
{
    struct ballast_breakdown made;
    if (!is_sane(cell))
        return ballast_fail(err, -EINVAL,
                            "%s: more pages than any host has: run 'ballast calibrate' again",
                            cell->guest.name);
    int rc = ballast_breakdown_evaluate(&made, profile, &cell->guest, caps, err);
    if (rc < 0)
        return rc;
    int64_t tot = (int64_t)(made.span_kib[BALLAST_XEN_MAXIMUM] / BALLAST_PAGE_KIB);
    int64_t pool = (int64_t)(made.segment_kib[BALLAST_SHADOW] / BALLAST_PAGE_KIB);
    int64_t settled = (int64_t)(made.cost.settled_kib / BALLAST_PAGE_KIB);
    uint64_t vcpus = cell->guest.attr[BALLAST_MAXVCPUS] != BALLAST_UNSET
                         ? cell->guest.attr[BALLAST_MAXVCPUS]
                         : cell->guest.attr[BALLAST_VCPUS];
    *out = (struct compared){
        .type = cell->guest.type,
        .nested = made.cost_pages[BALLAST_COST_NESTED] != 0,
        .vcpus = vcpus == BALLAST_UNSET || vcpus == 0 ? 1 : (int64_t)vcpus,
        .outside = cell->taken_pages - (int64_t)cell->tot_pages - (int64_t)cell->pool_pages -
                   (settled - tot - pool),
        .inside = (int64_t)cell->tot_pages - tot,
        .pool = (int64_t)cell->pool_pages - pool,
        .bound = (uint64_t)made.cost_pages[BALLAST_COST_ARENA],
    };
    return 0;
}

/* The profile's own figure for a term, from a guest of one vCPU. */
static void ask_profile(const struct ballast_profile *profile, const struct ballast_host_caps *caps,
                        struct fit_result *out)
{
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++) {
        struct ballast_guest guest;
        struct ballast_breakdown made;
        enum fit_term base = base_of((enum ballast_guest_type)type);
        (void)ballast_guest_init(&guest, (enum ballast_guest_type)type, "one", NULL);
        guest.attr[BALLAST_MEMORY] = 256 * BALLAST_MIB_KIB;
        guest.attr[BALLAST_VCPUS] = 1;
        if (type == BALLAST_HVM)
            guest.attr[BALLAST_NESTEDHVM] = 1;
        if (ballast_breakdown_evaluate(&made, profile, &guest, caps, NULL) < 0)
            continue;
        int64_t vcpu = made.cost_pages[BALLAST_COST_VCPUS];
        int64_t outside = (int64_t)(made.segment_kib[BALLAST_EXTRA_EXTERNAL] / BALLAST_PAGE_KIB);
        int64_t nested = made.cost_pages[BALLAST_COST_NESTED];
        out->estimates[base].shipped_pages = outside - vcpu - nested;
        out->estimates[base + 1].shipped_pages = vcpu;
        out->estimates[inside_of((enum ballast_guest_type)type)].shipped_pages =
            (int64_t)(made.segment_kib[BALLAST_EXTRA_INTERNAL] / BALLAST_PAGE_KIB);
        if (type == BALLAST_HVM)
            out->estimates[FIT_NESTED_VCPU].shipped_pages = nested;
    }
}

static enum fit_verdict fit_verdict_of(const struct fit_estimate *estimate, size_t least_exact,
                                       size_t least_sizes)
{
    bool clear = estimate->least_pages == estimate->most_pages;
    if (!clear || estimate->exact < least_exact || estimate->sizes < least_sizes ||
        estimate->below * BELOW_IN > estimate->cells)
        return FIT_UNKNOWN;
    if (estimate->correction_pages == 0)
        return FIT_AGREES;
    return estimate->exact * MEET_IN < estimate->cells ? FIT_UNKNOWN : FIT_DISAGREES;
}

static void set_estimate(struct fit_estimate *out, const struct fit_line *line, size_t cells,
                         bool slope, size_t least_exact, size_t least_sizes)
{
    out->cells = cells;
    out->exact = line->exact;
    out->below = line->below;
    out->sizes = line->sizes;
    out->least_pages = slope ? line->least_slope : line->least_base;
    out->most_pages = slope ? line->most_slope : line->most_base;
    out->correction_pages = slope ? line->slope : line->base;
    out->verdict = fit_verdict_of(out, least_exact, least_sizes);
    if (out->verdict == FIT_UNKNOWN)
        out->correction_pages = 0;
}

/*
 * A line that rises with the vCPUs from below the profile is typical of a heap that never settles:
 * most of its growth lies above it. It counts only if half of the guests match it.
 */
static bool looks_like_growth(const struct fit_line *line, size_t cells)
{
    return line->base < 0 && line->slope > 0 && 2 * line->exact < cells;
}

/* Working memory: one entry per cell. */
struct work {
    const struct compared *compared;
    size_t count;
    struct fit_point *points;
    int64_t *scratch;
    struct fit_line lines[BALLAST_GUEST_TYPES];
};

static void fit_type(struct work *work, enum ballast_guest_type type, struct fit_result *out)
{
    enum fit_term base = base_of(type);
    size_t count = 0;
    for (size_t i = 0; i < work->count; i++) {
        const struct compared *cell = &work->compared[i];
        if (cell->type == type && !cell->nested)
            work->points[count++] = (struct fit_point){cell->vcpus, cell->outside};
    }
    struct fit_line line = fit_line_find(work->points, count, 0, 0, work->scratch);
    set_estimate(&out->estimates[base], &line, count, false, LEAST_EXACT, LEAST_SIZES);
    set_estimate(&out->estimates[base + 1], &line, count, true, LEAST_EXACT, LEAST_SIZES);
    /* Half a line is worse than none. */
    if (looks_like_growth(&line, count) || out->estimates[base].verdict == FIT_UNKNOWN ||
        out->estimates[base + 1].verdict == FIT_UNKNOWN) {
        out->estimates[base].verdict = out->estimates[base + 1].verdict = FIT_UNKNOWN;
        out->estimates[base].correction_pages = out->estimates[base + 1].correction_pages = 0;
    }
    line.base = out->estimates[base].correction_pages;
    line.slope = out->estimates[base + 1].correction_pages;
    work->lines[type] = line;
}

static int64_t beyond_line(const struct work *work, const struct compared *cell)
{
    const struct fit_line *line = &work->lines[cell->type];
    return cell->outside - line->base - line->slope * cell->vcpus;
}

static void fit_nested(struct work *work, struct fit_result *out)
{
    size_t count = 0;
    for (size_t i = 0; i < work->count; i++) {
        const struct compared *cell = &work->compared[i];
        if (cell->nested)
            work->points[count++] = (struct fit_point){cell->vcpus, beyond_line(work, cell)};
    }
    struct fit_line line = fit_line_find(work->points, count, 1, 0, work->scratch);
    set_estimate(&out->estimates[FIT_NESTED_VCPU], &line, count, true, LEAST_PLAIN, LEAST_PLAIN);
}

/* tot_pages and pools are read back without noise, so they agree or they do not. */
static void fit_plain(struct work *work, enum ballast_guest_type type, bool pool,
                      struct fit_estimate *out)
{
    size_t count = 0;
    for (size_t i = 0; i < work->count; i++) {
        const struct compared *cell = &work->compared[i];
        if (cell->type == type)
            work->points[count++] =
                (struct fit_point){cell->vcpus, pool ? cell->pool : cell->inside};
    }
    struct fit_line line = fit_line_find(work->points, count, 0, 1, work->scratch);
    line.below = 0;
    line.least_base = line.most_base = line.base;
    set_estimate(out, &line, count, false, LEAST_PLAIN, 1);
    if (out->verdict == FIT_AGREES && out->exact < out->cells)
        out->verdict = FIT_DISAGREES;
}

static int64_t cell_residual(const struct work *work, const struct compared *cell,
                             const struct fit_result *result)
{
    int64_t beyond = beyond_line(work, cell);
    if (cell->nested)
        beyond -= result->estimates[FIT_NESTED_VCPU].correction_pages * cell->vcpus;
    return beyond;
}

/* The smallest slope over the profile's base that covers a cell, plus a tenth. */
static void widen_bound(struct ballast_arena_bound *bound, uint64_t pages, uint64_t vcpus)
{
    uint64_t wanted = ballast_mul_div(pages, HEADROOM_PERMYRIAD, BALLAST_PERMYRIAD) + 1;
    if (pages <= ballast_xen_arena_pages(bound, vcpus))
        return;
    uint64_t slope = ballast_div_up(
        ballast_mul_div(ballast_sub_floor(wanted, bound->base_pages), BALLAST_PERMYRIAD, 1), vcpus);
    bound->vcpu_permyriad = (uint32_t)ballast_min_u64(slope, UINT32_MAX);
}

static int by_pages(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void measure_arena(struct work *work, enum ballast_guest_type type,
                          const struct ballast_xen_terms *terms, struct fit_result *out)
{
    struct fit_arena arena = {.bound = terms->arena[type]};
    for (size_t i = 0; i < work->count; i++) {
        const struct compared *cell = &work->compared[i];
        if (cell->type != type)
            continue;
        int64_t pages = cell_residual(work, cell, out);
        out->unexplained += pages < 0;
        arena.zero += pages == 0;
        arena.beyond += pages > (int64_t)cell->bound;
        work->scratch[arena.cells++] = pages;
        if (pages <= 0)
            continue;
        if ((uint64_t)pages > arena.worst_pages) {
            arena.worst_pages = (uint64_t)pages;
            arena.worst_vcpus = (uint64_t)cell->vcpus;
        }
        widen_bound(&arena.bound, (uint64_t)pages, (uint64_t)cell->vcpus);
    }
    qsort(work->scratch, arena.cells, sizeof(*work->scratch), by_pages);
    if (arena.cells > 0 && work->scratch[arena.cells / 2] > 0)
        arena.median_pages = (uint64_t)work->scratch[arena.cells / 2];
    out->arenas[type] = arena;
}

static void fit_all(struct work *work, const struct ballast_profile *profile,
                    const struct ballast_host_caps *caps, struct fit_result *out)
{
    const struct ballast_xen_terms *terms = ballast_xen_profile_terms(profile);
    ask_profile(profile, caps, out);
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++)
        fit_type(work, (enum ballast_guest_type)type, out);
    fit_nested(work, out);
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++) {
        enum ballast_guest_type of = (enum ballast_guest_type)type;
        fit_plain(work, of, false, &out->estimates[inside_of(of)]);
        measure_arena(work, of, terms, out);
    }
    fit_plain(work, BALLAST_PVH, true, &out->estimates[FIT_PVH_POOL]);
    fit_plain(work, BALLAST_HVM, true, &out->estimates[FIT_HVM_POOL]);
}

int fit_cells(const struct fit_cell *cells, size_t count, const struct ballast_profile *profile,
              const struct ballast_host_caps *caps, struct fit_result *out,
              struct ballast_error *err)
{
    if (!ballast_xen_profile_terms(profile))
        return ballast_fail(err, -EINVAL, "profile %s is not exact: use one of xen-*",
                            ballast_profile_name(profile));
    struct compared *compared = calloc(count + 1, sizeof(*compared));
    struct work work = {compared,
                        count,
                        calloc(count + 1, sizeof(*work.points)),
                        calloc(2 * count + 1, sizeof(*work.scratch)),
                        {{0}}};
    struct fit_result made = {.profile = profile};
    int rc =
        compared && work.points && work.scratch ? 0 : ballast_fail(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = compare_cell(&cells[i], profile, caps, &compared[i], err);
    if (rc == 0) {
        fit_all(&work, profile, caps, &made);
        *out = made;
    }
    free(compared);
    free(work.points);
    free(work.scratch);
    return rc;
}

bool fit_disagrees(const struct fit_result *result)
{
    for (int i = 0; i < FIT_TERMS; i++) {
        if (result->estimates[i].verdict == FIT_DISAGREES)
            return true;
    }
    return false;
}

void fit_terms(const struct fit_result *result, struct ballast_xen_terms *out)
{
    *out = *ballast_xen_profile_terms(result->profile);
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++) {
        enum ballast_guest_type of = (enum ballast_guest_type)type;
        enum fit_term base = base_of(of);
        out->off_base_pages[type] += (int32_t)(result->estimates[base].correction_pages +
                                               result->estimates[inside_of(of)].correction_pages);
        out->off_vcpu_pages[type] += (int32_t)result->estimates[base + 1].correction_pages;
        out->arena[type] = result->arenas[type].bound;
    }
    out->off_nested_vcpu_pages += (int32_t)result->estimates[FIT_NESTED_VCPU].correction_pages;
}

/* The name of a term in a sentence. */
static const char *const names[FIT_TERMS] = {
    [FIT_PV_BASE] = "a PV guest",
    [FIT_PV_VCPU] = "a vCPU of a PV guest",
    [FIT_PVH_BASE] = "a PVH guest",
    [FIT_PVH_VCPU] = "a vCPU of a PVH guest",
    [FIT_HVM_BASE] = "an HVM guest",
    [FIT_HVM_VCPU] = "a vCPU of an HVM guest",
    [FIT_NESTED_VCPU] = "nested virtualisation, a vCPU",
    [FIT_PV_INSIDE] = "a PV guest inside, beyond its memory",
    [FIT_PVH_INSIDE] = "a PVH guest inside, beyond its memory",
    [FIT_HVM_INSIDE] = "an HVM guest inside, beyond its memory",
    [FIT_PVH_POOL] = "the paging pool of a PVH guest, beyond the configured one",
    [FIT_HVM_POOL] = "the paging pool of an HVM guest, beyond the configured one",
};

size_t fit_estimate_text(const struct fit_result *result, enum fit_term term, char *buf,
                         size_t size)
{
    const struct fit_estimate *estimate = &result->estimates[term];
    struct ballast_text text = ballast_text_over(buf, size);
    int64_t found = estimate->shipped_pages + estimate->correction_pages;
    ballast_text_add(&text, "%s: ", names[term]);
    if (estimate->cells == 0)
        ballast_text_add(&text, "no guest of that kind was measured");
    else if (estimate->verdict == FIT_UNKNOWN)
        ballast_text_add(&text, "not clear: %zu of %zu guests agree with each other, of %zu sizes",
                         estimate->exact, estimate->cells, estimate->sizes);
    else if (estimate->correction_pages == 0 && estimate->verdict == FIT_DISAGREES)
        ballast_text_add(&text,
                         "%" PRId64 " pages as the profile says for %zu of %zu guests, others for "
                         "the rest",
                         found, estimate->exact, estimate->cells);
    else
        ballast_text_add(&text, "%" PRId64 " pages%s (%zu of %zu guests to the page)", found,
                         estimate->verdict == FIT_AGREES ? ", as the profile says" : "",
                         estimate->exact, estimate->cells);
    if (estimate->verdict == FIT_DISAGREES && estimate->correction_pages != 0)
        ballast_text_add(&text, "; profile %s says %" PRId64, ballast_profile_name(result->profile),
                         estimate->shipped_pages);
    return text.length;
}
