/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What it takes to set a target or a maximum: the rules of libxl_set_memory_target() and
 * libxl_domain_setmaxmem(), as data. Does nothing itself; the host interface writes what a plan
 * contains, all of it or nothing.
 */
#ifndef CORE_MODEL_TARGET_H
#define CORE_MODEL_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>
#include <ballast/guest.h>

/* LIBXL_MIN_DOM0_MEM, libxl_internal.h: 128 MiB. */
#define BALLAST_DOM0_LEAST_KIB (UINT64_C(128) * 1024)

/* The properties of a domain that the rules use. The sizes in xenstore are KiB. */
struct ballast_target_domain {
    uint32_t id;
    enum ballast_guest_type type; /* PV: no populate-on-demand target */
    uint64_t target_kib;          /* memory/target: video not included */
    uint64_t static_max_kib;      /* memory/static-max */
    uint64_t videoram_kib;        /* memory/videoram, 0 if absent */
    uint64_t extra_internal_kib;  /* LIBXL_MAXMEM_CONSTANT: added to every maximum */
};

/* What to write; BALLAST_TARGET_KEEP: no change. */
#define BALLAST_TARGET_KEEP UINT64_MAX

struct ballast_target_plan {
    uint64_t target_kib;     /* memory/target */
    uint64_t static_max_kib; /* memory/static-max */
    uint64_t maxmem_kib;     /* XEN_DOMCTL_max_mem, extra internal included */
    uint64_t pod_pages;      /* XENMEM_set_pod_target; KEEP for PV */
    uint64_t vm_memory_mib;  /* /vm/UUID/memory */
};

/*
 * libxl_set_memory_target() of an absolute size, video included: `enforce` also moves the maximum
 * (as xl mem-set does). -EINVAL: above the static maximum, below dom0's minimum, or less than the
 * video memory; -EOVERFLOW.
 */
int ballast_plan_target(const struct ballast_target_domain *domain, uint64_t kib, bool enforce,
                        struct ballast_target_plan *out, struct ballast_error *err);

/*
 * libxl_domain_setmaxmem(): sets static-max, and the xen maximum to it plus extra internal.
 * -EINVAL: below the guest's target; -EOVERFLOW. Xen 4.14 does not change static-max (77bbea1baf
 * came with 4.17): `writes_static_max` says which applies.
 */
int ballast_plan_maximum(const struct ballast_target_domain *domain, uint64_t kib,
                         bool writes_static_max, struct ballast_target_plan *out,
                         struct ballast_error *err);

#endif
