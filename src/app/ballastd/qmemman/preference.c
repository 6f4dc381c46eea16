/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/qmemman/preference.h"

#include "core/base/units.h"
#include "core/model/host.h"
#include "edge/qmemman/conf.h"

uint64_t qmemman_preferred_kib(const struct qmemman_conf *conf, const struct ballast_domain *domain)
{
    uint64_t used_kib = ballast_domain_used_kib(domain);
    /* Without a range it is not one that qubesd wants balanced, whatever else it reports. */
    if (used_kib == BALLAST_NONE || domain->unranged)
        return BALLAST_NONE;
    uint64_t kib = ballast_mul_div(used_kib, conf->margin_permyriad, BALLAST_PERMYRIAD);
    if (domain->is_dom0)
        kib = ballast_add_ceil(kib, conf->dom0_boost_kib);
    kib = ballast_min_u64(kib, domain->static_max_kib);
    return domain->is_dom0 ? kib : ballast_max_u64(kib, conf->guest_min_kib);
}
