/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/access/floor.h"

#include "app/ballast/access/host_access_daemon.h"
#include "core/policy/floor.h"

uint64_t cli_floor_of(const struct host_access *access, const struct cli_domain *domain,
                      char why[CLI_FLOOR_WHY])
{
    why[0] = '\0';
    if (domain->is_dom0)
        return 0;
    if (host_access_daemon_of(access->hv))
        return host_access_daemon_floor(access->hv, domain->is.id, why, CLI_FLOOR_WHY);
    const struct ballast_domain *seen =
        ballast_domain_find(access->host->domains, access->host->domain_count, domain->is.id);
    if (!seen)
        return 0; /* it is going */
    struct floor_facts facts = floor_facts_seen(seen, access->host->now_usec);
    struct floor floor = floor_of(&facts);
    if (floor.reason != FLOOR_NONE)
        (void)floor_text(&floor, why, CLI_FLOOR_WHY);
    return floor.kib;
}
