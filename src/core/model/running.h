/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The breakdown of a domain that runs, from what Xen and xenstore say of it. */
#ifndef CORE_MODEL_RUNNING_H
#define CORE_MODEL_RUNNING_H

#include <stdint.h>

#include <ballast/breakdown.h>
#include <ballast/error.h>
#include <ballast/guest.h>

/* Sizes that are not known are BALLAST_NONE. */
struct ballast_running {
    enum ballast_guest_type type;
    uint32_t vcpus;          /* that it can ever have */
    uint64_t tot_kib;        /* pages it holds */
    uint64_t target_kib;     /* memory/target: video not included */
    uint64_t static_max_kib; /* memory/static-max */
    uint64_t videoram_kib;   /* memory/videoram */
    uint64_t pool_kib;       /* its paging pool */
    /* Most that it may hold beyond its target: LIBXL_MAXMEM_CONSTANT, 0 where there is no such. */
    uint64_t extra_internal_kib;
    uint64_t
        overhead_kib; /* what the host spends on it beside the pool; BALLAST_NONE: by profile */
};

/*
 * What it holds beyond its target, up to extra internal, counts as extra internal; the rest without
 * video is the guest's, and what is missing to the static maximum is its balloon. A guest on its
 * way down therefore shows up to that much of what it is still to give as extra internal. Extra
 * external is what `profile` (NULL: the default) says for a guest like it.
 *
 * -EINVAL where the profile refuses such a guest and overhead_kib is not given, -EOVERFLOW.
 */
int ballast_running_breakdown(const struct ballast_running *running,
                              const struct ballast_profile *profile,
                              const struct ballast_host_caps *caps, struct ballast_breakdown *out,
                              struct ballast_error *err);

#endif
