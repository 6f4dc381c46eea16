/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's configuration to its breakdown: settle, note, fill, check. */
#include "core/base/units.h"
#include "core/model/breakdown.h"
#include "core/model/profile.h"

/* memory/static-max, memory/target, memory/videoram as libxl_dom.c libxl__build_post writes them.
 */
static void fill_xenstore(struct ballast_breakdown *out, const struct ballast_settled *settled)
{
    /* libxl_internal.h, libxl__get_targetmem_fudge: LIBXL_MAXMEM_CONSTANT for HVM guests only. */
    uint64_t fudge_kib = settled->type == BALLAST_HVM && settled->pod ? 1024 : 0;
    out->xenstore.static_max_kib = settled->maxmem_kib;
    out->xenstore.videoram_kib = settled->videoram_asked_kib;
    out->xenstore.target_kib = ballast_sub_floor(
        settled->memory_kib, ballast_add_ceil(settled->videoram_asked_kib, fudge_kib));
}

int ballast_breakdown_evaluate(struct ballast_breakdown *out, const struct ballast_profile *profile,
                               const struct ballast_guest *guest,
                               const struct ballast_host_caps *caps, struct ballast_error *err)
{
    struct ballast_settled settled;
    int rc = ballast_settle(guest, caps, ballast_profile_toolstack(profile), &settled, err);
    if (rc < 0)
        return rc;
    struct ballast_breakdown made = {.profile = profile, .type = guest->type};
    fill_xenstore(&made, &settled);
    ballast_note_settled(&made, &settled);
    if ((rc = profile->fill(profile, &settled, &made, err)) < 0 ||
        (rc = ballast_breakdown_check(&made, err)) < 0)
        return rc;
    *out = made;
    return 0;
}
