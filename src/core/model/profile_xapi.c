/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XAPI's figures, which it keeps in whole MiB (ocaml/xapi-idl/memory/memory.ml). A PVH guest
 * follows the model of HVM guests (ocaml/xenopsd/xc/domain.ml). The shim of a PV-in-PVH guest is
 * memory of the domain that its kernel does not see: part of extra internal here.
 */
#include "core/base/units.h"
#include "core/model/profile.h"

struct sizes_mib {
    uint64_t static_max;
    uint64_t target;
    uint64_t video;
    uint64_t shadow;
    uint64_t internal;
    uint64_t external;
};

/*
 * No sum here can overflow: every size is at most 2^54 MiB. Video stays within target: a settled
 * guest's is less than its memory, and both are rounded alike.
 */
static struct sizes_mib xapi_sizes(const struct ballast_xapi_rules *rules,
                                   const struct ballast_settled *settled)
{
    struct sizes_mib mib = {
        .static_max = ballast_div_up(settled->maxmem_kib, BALLAST_MIB_KIB),
        .target = ballast_div_up(settled->memory_kib, BALLAST_MIB_KIB),
        .video = ballast_div_up(settled->video_kib, BALLAST_MIB_KIB),
    };
    uint64_t pool_pages = BALLAST_MIB_PAGES * settled->vcpus + 2 * mib.static_max;
    mib.shadow = ballast_max_u64(1, ballast_div_up(pool_pages, BALLAST_MIB_PAGES));
    mib.external = rules->extra_external_mib +
                   ballast_div_up(rules->vcpu_extra_pages * settled->vcpus, BALLAST_MIB_PAGES);
    mib.internal =
        settled->type == BALLAST_PV ? rules->pv_extra_internal_mib : rules->hvm_extra_internal_mib;
    if (settled->pvshim)
        mib.internal += rules->shim_mib + mib.static_max / rules->shim_per_mib;
    return mib;
}

static int xapi_segments(const struct sizes_mib *mib, enum ballast_guest_type type,
                         struct ballast_breakdown *out, struct ballast_error *err)
{
    const uint64_t segment_mib[BALLAST_SEGMENTS] = {
        [BALLAST_SHADOW] = type == BALLAST_PV ? 0 : mib->shadow,
        [BALLAST_EXTRA_EXTERNAL] = mib->external,
        [BALLAST_EXTRA_INTERNAL] = mib->internal,
        [BALLAST_VIDEO] = mib->video,
        [BALLAST_GUEST] = mib->target - mib->video,
        [BALLAST_BALLOON] = mib->static_max - mib->target,
    };
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        int rc = ballast_kib_from_mib(segment_mib[i], &out->segment_kib[i], err);
        if (rc < 0)
            return rc;
    }
    return ballast_breakdown_sum_spans(out, err);
}

int ballast_profile_xapi_fill(const struct ballast_profile *profile,
                              const struct ballast_settled *settled, struct ballast_breakdown *out,
                              struct ballast_error *err)
{
    const struct ballast_xapi_rules *rules = &profile->rules.xapi;
    struct sizes_mib mib = xapi_sizes(rules, settled);
    int rc = xapi_segments(&mib, settled->type, out, err);
    if (rc < 0)
        return rc;
    /* footprint_mib: the pool is counted for every type. */
    rc = ballast_kib_from_mib(mib.target + mib.internal + mib.external + mib.shadow, &out->need_kib,
                              err);
    if (rc < 0)
        return rc;
    /* ocaml/xenopsd/xc/domain.ml, build_post: whole MiB, video included, and no videoram node. */
    out->xenstore = (struct ballast_xenstore_kib){
        .static_max_kib = out->span_kib[BALLAST_STATIC_MAXIMUM],
        .target_kib = out->span_kib[BALLAST_ACTUAL_TARGET],
    };
    if (settled->type == BALLAST_PV) {
        uint64_t pool_kib = mib.shadow * BALLAST_MIB_KIB;
        ballast_breakdown_set_term(out, BALLAST_NEED_POOL, false, pool_kib);
        ballast_breakdown_set_note(out, BALLAST_NOTE_POOL_NOT_GIVEN, pool_kib, 0);
    }
    if (settled->pvshim)
        ballast_breakdown_set_note(out, BALLAST_NOTE_SHIM_ADDED,
                                   (mib.internal - rules->hvm_extra_internal_mib) * BALLAST_MIB_KIB,
                                   0);
    ballast_note_vmtrace(out, settled, false);
    if (settled->shadow_kib != BALLAST_UNSET && !settled->is_device_model)
        ballast_breakdown_set_note(out, BALLAST_NOTE_SHADOW_IGNORED, settled->shadow_kib, 0);
    return 0;
}
