/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions of what host.h declares of one domain, for files with loops over all domains, as
 * core/base/units_inline.h has them of the arithmetic. host.c defines the functions from the same
 * text, for all other callers.
 */
#ifndef CORE_MODEL_HOST_INLINE_H
#define CORE_MODEL_HOST_INLINE_H

#include "core/base/units_inline.h"
#include "core/model/host.h"

#ifndef HOST_DEFINITION
#define HOST_DEFINITION extern inline __attribute__((gnu_inline))
#endif

HOST_DEFINITION uint64_t ballast_domain_pod_lacks_kib(const struct ballast_domain *domain)
{
    uint64_t lacks_kib = ballast_sub_floor(domain->pod_entries_kib, domain->pod_cache_kib);
    return lacks_kib > BALLAST_MIB_KIB ? lacks_kib : 0;
}

HOST_DEFINITION bool ballast_domain_is_asked(const struct ballast_domain *domain)
{
    if (domain->state != BALLAST_DOMAIN_RUN || !domain->has_balloon || domain->shares == 0)
        return false;
    /* Its range is just being changed, or is invalid: it is not asked until this is fixed. */
    if (domain->dynamic_min_kib > domain->dynamic_max_kib ||
        domain->dynamic_max_kib > domain->static_max_kib)
        return false;
    /* A lower target frees nothing, and a higher one takes memory that does not return. */
    if (ballast_domain_pod_lacks_kib(domain) > 0)
        return false;
    return !domain->is_dom0 || domain->dynamic_min_kib < domain->dynamic_max_kib;
}

HOST_DEFINITION uint64_t ballast_domain_untaken_kib(const struct ballast_domain *domain)
{
    bool takes = domain->state == BALLAST_DOMAIN_RUN || domain->state == BALLAST_DOMAIN_MIGRATING;
    uint64_t reach_kib = ballast_min_u64(domain->target_kib, domain->maxmem_kib);
    if (reach_kib <= domain->tot_kib || !takes || !domain->has_balloon ||
        ballast_domain_is_asked(domain))
        return 0;
    return reach_kib - domain->tot_kib;
}

HOST_DEFINITION uint64_t ballast_domain_used_kib(const struct ballast_domain *domain)
{
    if (domain->used_kib == BALLAST_NONE)
        return BALLAST_NONE;
    return ballast_min_u64(ballast_add_ceil(domain->used_kib, domain->video_kib), BALLAST_NONE - 1);
}

#endif
