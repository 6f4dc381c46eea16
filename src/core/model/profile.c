/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/profile.h"

#include <string.h>

#include "core/model/profile_xen.h"

/*
 * libxl_internal.h: LIBXL_MAXMEM_CONSTANT 1024, LIBXL_HVM_EXTRA_MEMORY 2048, LIBXL_PV_EXTRA_MEMORY
 * 1024, the same from 4.14 to 4.20. libxl_mem.c, libxl__domain_need_memory_calculate: 2 MiB. The
 * pool's constants stand in pool.h.
 *
 * cost_pages, in the order PV, PVH, HVM: measured on Xen 4.14.6, 4.17.7 and 4.20.4, AMD with HAP;
 * see "What Xen takes" in docs/assumptions.md.
 */
#define LIBXL_CONSTANTS                                                                            \
    .extra_internal_kib = 1024, .hvm_extra_external_kib = 2048, .pv_extra_external_kib = 1024,     \
    .need_step_kib = 2048

/* xen-api, ocaml/xapi-idl/memory/memory.ml: the three *_memory_model_data modules. */
#define XAPI_CONSTANTS                                                                             \
    .extra_external_mib = 1, .hvm_extra_internal_mib = 1, .pv_extra_internal_mib = 0,              \
    .shim_mib = 23, .shim_per_mib = 90

static const struct ballast_profile profiles[] = {
    {
        .name = "libxl",
        .summary = "libxl of Xen 4.17: xl and libvirt",
        .fill = ballast_profile_libxl_fill,
        .rules.libxl = {LIBXL_CONSTANTS, .pool = BALLAST_POOL_SINCE_4_17,
                        .cost_pages = {15, 32, 16}},
    },
    {
        .name = "libxl-4.14",
        .summary = "libxl of Xen 4.14: a larger default pool, set in whole MiB",
        .fill = ballast_profile_libxl_fill,
        .rules.libxl = {LIBXL_CONSTANTS, .pool = BALLAST_POOL_BEFORE_4_17, .no_vmtrace = true,
                        .cost_pages = {15, 32, 80}},
    },
    {
        .name = "libxl-4.20",
        .summary = "libxl of Xen 4.20: the same arithmetic as 4.17",
        .fill = ballast_profile_libxl_fill,
        .rules.libxl = {LIBXL_CONSTANTS, .pool = BALLAST_POOL_SINCE_4_17,
                        .cost_pages = {13, 27, 14}},
    },
    {
        .name = "xapi",
        .summary = "XAPI since CA-423172 (2026): 38 pages a vCPU more",
        .fill = ballast_profile_xapi_fill,
        .rules.xapi = {XAPI_CONSTANTS, .vcpu_extra_pages = 38},
    },
    {
        .name = "xapi-2025",
        .summary = "XAPI before CA-423172",
        .fill = ballast_profile_xapi_fill,
        .rules.xapi = {XAPI_CONSTANTS},
    },
};

enum { PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

const struct ballast_profile *ballast_profile_at(size_t i)
{
    return i < PROFILES ? &profiles[i] : ballast_xen_profile_at(i - PROFILES);
}

const struct ballast_profile *ballast_profile_find(const char *name)
{
    if (!name)
        return &profiles[0];
    for (size_t i = 0; i < PROFILES; i++) {
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    }
    return ballast_xen_profile_find(name);
}

enum ballast_toolstack ballast_profile_toolstack(const struct ballast_profile *profile)
{
    return profile && profile->fill == ballast_profile_xapi_fill ? BALLAST_BY_XAPI
                                                                 : BALLAST_BY_LIBXL;
}

const char *ballast_profile_name(const struct ballast_profile *profile)
{
    return profile->name;
}

const char *ballast_profile_summary(const struct ballast_profile *profile)
{
    return profile->summary;
}
