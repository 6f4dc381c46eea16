/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/first_need.h"

#include "core/base/units_inline.h"

uint64_t first_need_kib(const struct policy_domain *domain)
{
    uint64_t most_kib = ballast_max_u64(domain->even_kib, domain->vital_kib);
    uint64_t kib = domain->proven ? domain->need_kib : ballast_min_u64(domain->need_kib, most_kib);
    uint64_t modest_kib = ballast_min_u64(domain->tot_kib, domain->even_kib / POLICY_MODEST_PART);
    return domain->used_kib == BALLAST_NONE ? ballast_max_u64(kib, modest_kib) : kib;
}
