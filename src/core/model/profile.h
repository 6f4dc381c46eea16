/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The definition of a profile. A new set of rules is a row in profile.c: constants as data if an
 * existing function uses them, else with a new function beside the others.
 */
#ifndef CORE_MODEL_PROFILE_H
#define CORE_MODEL_PROFILE_H

#include <ballast/profile.h>

#include "core/model/breakdown.h"
#include "core/model/pool.h"
#include "core/model/settle.h"

struct ballast_xen_terms;

/* The constants of libxl's arithmetic. */
struct ballast_libxl_rules {
    uint64_t extra_internal_kib;     /* LIBXL_MAXMEM_CONSTANT */
    uint64_t hvm_extra_external_kib; /* LIBXL_HVM_EXTRA_MEMORY, PVH too */
    uint64_t pv_extra_external_kib;  /* LIBXL_PV_EXTRA_MEMORY */
    uint64_t need_step_kib; /* libxl__domain_need_memory_calculate rounds up to a multiple of it */
    struct ballast_pool_rules pool;
    bool no_vmtrace;                          /* it does not know trace buffers yet */
    uint64_t cost_pages[BALLAST_GUEST_TYPES]; /* measured: what Xen takes beyond memory and pool,
                                                 without terms per vCPU; docs/assumptions.md */
};

/* The constants of XAPI's model, all in MiB but for the pages a vCPU. */
struct ballast_xapi_rules {
    uint64_t extra_external_mib;
    uint64_t hvm_extra_internal_mib;
    uint64_t pv_extra_internal_mib;
    uint64_t shim_mib;         /* a PV-in-PVH guest's shim ... */
    uint64_t shim_per_mib;     /* ... and one more MiB per this many MiB of static maximum */
    uint64_t vcpu_extra_pages; /* CA-423172: beyond the pool's 256 */
};

/* A release of Xen: xen_terms.h. */
struct ballast_xen_rules {
    const struct ballast_xen_terms *terms;
    enum ballast_sureness sure;
    bool calibrated; /* corrected by a calibration: certain for its host, not for the release */
};

struct ballast_profile {
    const char *name;
    const char *summary;
    /*
     * Fills segments, spans, need and its terms, and the notes that depend on the profile, of an
     * otherwise ready breakdown. -EOVERFLOW.
     */
    int (*fill)(const struct ballast_profile *profile, const struct ballast_settled *settled,
                struct ballast_breakdown *out, struct ballast_error *err);
    union {
        struct ballast_libxl_rules libxl;
        struct ballast_xapi_rules xapi;
        struct ballast_xen_rules xen;
    } rules;
};

int ballast_profile_libxl_fill(const struct ballast_profile *profile,
                               const struct ballast_settled *settled, struct ballast_breakdown *out,
                               struct ballast_error *err);
int ballast_profile_xapi_fill(const struct ballast_profile *profile,
                              const struct ballast_settled *settled, struct ballast_breakdown *out,
                              struct ballast_error *err);

/* The toolstack whose rules it applies; NULL is the default profile. */
enum ballast_toolstack ballast_profile_toolstack(const struct ballast_profile *profile);

/* The notes that follow from the settled configuration alone. */
void ballast_note_settled(struct ballast_breakdown *out, const struct ballast_settled *settled);
/* What the views of altp2m may take of the pool, which is already in the breakdown. */
void ballast_note_altp2m(struct ballast_breakdown *out, const struct ballast_settled *settled);
/* That a guest has trace buffers, or that its setting has no effect. */
void ballast_note_vmtrace(struct ballast_breakdown *out, const struct ballast_settled *settled,
                          bool is_known);
/* That libxl cannot build this size, for the profiles of libxl. */
void ballast_note_whole_mib(struct ballast_breakdown *out, const struct ballast_settled *settled);

#endif
