/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The breakdown of a running domain, from what Xen and xenstore report. */
#ifndef CORE_MODEL_RUNNING_H
#define CORE_MODEL_RUNNING_H

#include <stdint.h>

#include <ballast/breakdown.h>
#include <ballast/error.h>
#include <ballast/guest.h>

/* Unknown sizes are BALLAST_NONE. */
struct ballast_running {
    enum ballast_guest_type type;
    uint32_t vcpus;          /* its maximum number */
    uint64_t tot_kib;        /* its current pages */
    uint64_t target_kib;     /* memory/target: video not included */
    uint64_t static_max_kib; /* memory/static-max */
    uint64_t videoram_kib;   /* memory/videoram */
    uint64_t pool_kib;       /* its paging pool */
    /* How far it may exceed its target: LIBXL_MAXMEM_CONSTANT, or 0. */
    uint64_t extra_internal_kib;
    uint64_t overhead_kib; /* what it costs the host beside the pool; BALLAST_NONE: by profile */
};

/*
 * Its pages beyond its target, up to extra internal, count as extra internal; the rest without
 * video is the guest's, and what is missing to the static maximum is its balloon. A guest that is
 * shrinking therefore shows up to that much of the memory that it is still to free as extra
 * internal. Extra external is what `profile` (NULL: the default) has for such a guest. -EINVAL if
 * the profile refuses such a guest and overhead_kib is not given, -EOVERFLOW.
 */
int ballast_running_breakdown(const struct ballast_running *running,
                              const struct ballast_profile *profile,
                              const struct ballast_host_caps *caps, struct ballast_breakdown *out,
                              struct ballast_error *err);

#endif
