/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/start_up.h"

#include "core/model/host_inline.h"

bool start_up_awaits_report(const struct track *track, const struct ballast_domain *domain,
                            uint64_t now_usec)
{
    bool of_free = domain->report_source == BALLAST_REPORT_GUEST_AGENT ||
                   domain->report_source == BALLAST_REPORT_BALLAST_AGENT;
    return of_free && track->report_usec != 0 && track->report_usec <= track->first_usec &&
           now_usec - track->first_usec < FLOOR_AGENT_PERIOD_USEC;
}

bool start_up_lasts(const struct track *track, uint64_t start_up_usec, uint64_t now_usec)
{
    return track->up_usec != BALLAST_NONE && now_usec - track->up_usec < start_up_usec;
}

void start_up_apply(uint32_t trust_permyriad, struct track *track,
                    const struct ballast_domain *domain)
{
    track->trust_permyriad = trust_permyriad;
    track->probe = (struct probe){0};
    track->likely_kib = ballast_max_u64(track->likely_kib, domain->tot_kib);
}
