/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/running.h"

#include "core/base/units.h"
#include "core/model/breakdown.h"
#include "core/model/guest.h"
#include "core/model/host.h"

static uint64_t kib_or_zero(uint64_t kib)
{
    return kib == BALLAST_NONE ? 0 : kib;
}

/* A configuration that matches this domain, for the profile. */
static int like_it(const struct ballast_running *running, uint64_t video_kib,
                   struct ballast_guest *out, struct ballast_error *err)
{
    uint64_t target_kib = ballast_add_ceil(kib_or_zero(running->target_kib), video_kib);
    uint64_t memory_kib = target_kib > 0 ? target_kib : running->tot_kib;
    uint64_t most_kib = ballast_max_u64(kib_or_zero(running->static_max_kib), memory_kib);
    int rc = ballast_guest_init(out, running->type, "running", err);
    if (rc < 0 || (rc = ballast_guest_set(out, BALLAST_MEMORY, memory_kib, err)) < 0 ||
        (rc = ballast_guest_set(out, BALLAST_MAXMEM, most_kib, err)) < 0 ||
        (rc = ballast_guest_set(out, BALLAST_MAXVCPUS, ballast_max_u64(running->vcpus, 1), err)) <
            0)
        return rc;
    return ballast_guest_set(out, BALLAST_VCPUS, 1, err);
}

static int extra_external(const struct ballast_running *running, uint64_t video_kib,
                          const struct ballast_profile *profile,
                          const struct ballast_host_caps *caps, uint64_t *out_kib,
                          struct ballast_error *err)
{
    struct ballast_guest guest;
    struct ballast_breakdown breakdown;
    if (running->overhead_kib != BALLAST_NONE) {
        *out_kib = running->overhead_kib;
        return 0;
    }
    int rc = like_it(running, video_kib, &guest, err);
    if (rc == 0)
        rc = ballast_breakdown_evaluate(&breakdown, profile ? profile : ballast_profile_find(NULL),
                                        &guest, caps, err);
    if (rc == 0)
        *out_kib = breakdown.segment_kib[BALLAST_EXTRA_EXTERNAL];
    return rc;
}

int ballast_running_breakdown(const struct ballast_running *running,
                              const struct ballast_profile *profile,
                              const struct ballast_host_caps *caps, struct ballast_breakdown *out,
                              struct ballast_error *err)
{
    uint64_t segment_kib[BALLAST_SEGMENTS] = {0};
    bool is_hvm = running->type == BALLAST_HVM;
    uint64_t video_kib = is_hvm ? kib_or_zero(running->videoram_kib) : 0;
    int rc = extra_external(running, video_kib, profile, caps, &segment_kib[BALLAST_EXTRA_EXTERNAL],
                            err);
    if (rc < 0)
        return rc;
    video_kib = ballast_min_u64(video_kib, running->tot_kib);
    uint64_t whole_kib = ballast_add_ceil(kib_or_zero(running->target_kib), video_kib);
    uint64_t beyond_kib =
        running->target_kib == BALLAST_NONE ? 0 : ballast_sub_floor(running->tot_kib, whole_kib);
    if (running->type != BALLAST_PV)
        segment_kib[BALLAST_SHADOW] = kib_or_zero(running->pool_kib);
    segment_kib[BALLAST_EXTRA_INTERNAL] = ballast_min_u64(beyond_kib, running->extra_internal_kib);
    segment_kib[BALLAST_VIDEO] = video_kib;
    segment_kib[BALLAST_GUEST] = running->tot_kib - video_kib - segment_kib[BALLAST_EXTRA_INTERNAL];
    segment_kib[BALLAST_BALLOON] = ballast_sub_floor(kib_or_zero(running->static_max_kib),
                                                     video_kib + segment_kib[BALLAST_GUEST]);
    uint64_t footprint_kib = running->tot_kib;
    if ((rc = ballast_kib_add(footprint_kib, segment_kib[BALLAST_SHADOW], &footprint_kib, err)) <
            0 ||
        (rc = ballast_kib_add(footprint_kib, segment_kib[BALLAST_EXTRA_EXTERNAL], &footprint_kib,
                              err)) < 0)
        return rc;
    struct ballast_xenstore_kib xenstore = {
        .static_max_kib = kib_or_zero(running->static_max_kib),
        .target_kib = kib_or_zero(running->target_kib),
        .videoram_kib = kib_or_zero(running->videoram_kib),
    };
    return ballast_breakdown_from_segments(out, running->type, profile, segment_kib, footprint_kib,
                                           &xenstore, err);
}
