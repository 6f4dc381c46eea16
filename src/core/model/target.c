/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxl_mem.c: libxl_set_memory_target(), libxl_domain_setmaxmem(). */
#include "core/model/target.h"

#include <errno.h>
#include <inttypes.h>

#include "core/base/error.h"
#include "core/base/units.h"

static const struct ballast_target_plan nothing = {
    .target_kib = BALLAST_TARGET_KEEP,
    .static_max_kib = BALLAST_TARGET_KEEP,
    .maxmem_kib = BALLAST_TARGET_KEEP,
    .pod_pages = BALLAST_TARGET_KEEP,
    .vm_memory_mib = BALLAST_TARGET_KEEP,
};

static int new_target(const struct ballast_target_domain *domain, uint64_t kib, uint64_t *out_kib,
                      struct ballast_error *err)
{
    /* libxl lets this wrap and then finds it above the static maximum. */
    if (kib < domain->videoram_kib)
        return ballast_fail(err, -EINVAL,
                            "%" PRIu64 " KiB is less than the guest's video memory alone (%" PRIu64
                            " KiB), which the size includes; use a larger size",
                            kib, domain->videoram_kib);
    *out_kib = kib - domain->videoram_kib;
    return 0;
}

static int refuse_new_target(const struct ballast_target_domain *domain, uint64_t target_kib,
                             struct ballast_error *err)
{
    if (target_kib > domain->static_max_kib)
        return ballast_fail(err, -EINVAL,
                            "%" PRIu64 " KiB is above the static maximum of %" PRIu64
                            " KiB: raise that first, and only for a guest that can hotplug memory",
                            target_kib, domain->static_max_kib);
    if (domain->id == 0 && target_kib < BALLAST_DOM0_LEAST_KIB)
        return ballast_fail(err, -EINVAL,
                            "%" PRIu64 " KiB is below dom0's minimum: use at least %" PRIu64 " KiB",
                            target_kib, BALLAST_DOM0_LEAST_KIB);
    return 0;
}

int ballast_plan_target(const struct ballast_target_domain *domain, uint64_t kib, bool enforce,
                        struct ballast_target_plan *out, struct ballast_error *err)
{
    struct ballast_target_plan plan = nothing;
    uint64_t pod_kib;
    uint64_t maxmem_kib;
    int rc;
    if ((rc = new_target(domain, kib, &plan.target_kib, err)) < 0 ||
        (rc = refuse_new_target(domain, plan.target_kib, err)) < 0 ||
        (rc = ballast_kib_add(plan.target_kib, domain->extra_internal_kib, &pod_kib, err)) < 0 ||
        (rc = ballast_kib_add(pod_kib, domain->videoram_kib, &maxmem_kib, err)) < 0)
        return rc;
    if (enforce)
        plan.maxmem_kib = maxmem_kib;
    if (domain->type != BALLAST_PV)
        plan.pod_pages = pod_kib / BALLAST_PAGE_KIB;
    plan.vm_memory_mib = plan.target_kib / BALLAST_MIB_KIB;
    *out = plan;
    return 0;
}

int ballast_plan_maximum(const struct ballast_target_domain *domain, uint64_t kib,
                         bool writes_static_max, struct ballast_target_plan *out,
                         struct ballast_error *err)
{
    struct ballast_target_plan plan = nothing;
    if (kib < domain->target_kib)
        return ballast_fail(err, -EINVAL,
                            "%" PRIu64 " KiB is below the target of %" PRIu64
                            " KiB, which the guest could then never reach: lower the target first",
                            kib, domain->target_kib);
    int rc = ballast_kib_add(kib, domain->extra_internal_kib, &plan.maxmem_kib, err);
    if (rc < 0)
        return rc;
    if (writes_static_max)
        plan.static_max_kib = kib;
    *out = plan;
    return 0;
}
