/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/share.h"

#include "core/base/units.h"
#include "core/model/host.h"

uint64_t squeezed_share_kib(const struct ballast_host *host, uint64_t available_kib,
                            uint64_t min_kib, uint64_t max_kib)
{
    uint64_t ranges_kib = max_kib - min_kib;
    uint64_t movable_kib = available_kib;
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        if (!ballast_domain_is_asked(domain) || domain->pinned_kib > 0)
            continue;
        movable_kib = ballast_add_ceil(movable_kib, ballast_domain_spare_kib(domain));
        ranges_kib =
            ballast_add_ceil(ranges_kib, domain->dynamic_max_kib - domain->dynamic_min_kib);
    }
    uint64_t left_kib = ballast_min_u64(ballast_sub_floor(movable_kib, min_kib), ranges_kib);
    if (ranges_kib == 0)
        return min_kib;
    uint64_t part_kib = ballast_mul_div(max_kib - min_kib, left_kib, ranges_kib);
    return min_kib + part_kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
}
