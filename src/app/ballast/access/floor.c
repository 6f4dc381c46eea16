/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/access/floor.h"

#include "app/ballast/access/host_access_daemon.h"
#include "core/policy/floor.h"

static const struct ballast_domain *seen_in(const struct ballast_host *host, uint32_t id)
{
    for (size_t i = 0; i < host->domain_count; i++) {
        if (host->domains[i].id == id)
            return &host->domains[i];
    }
    return NULL;
}

uint64_t cli_floor_of(const struct host_access *access, const struct cli_domain *domain,
                      char why[CLI_FLOOR_WHY])
{
    why[0] = '\0';
    if (domain->is_dom0)
        return 0;
    if (host_access_daemon_of(access->hv))
        return host_access_daemon_floor(access->hv, domain->is.id, why, CLI_FLOOR_WHY);
    const struct ballast_domain *seen = seen_in(access->host, domain->is.id);
    if (!seen)
        return 0; /* it is going */
    struct floor_facts facts = floor_facts_seen(seen, access->host->now_usec);
    struct floor floor = floor_of(&facts);
    if (floor.reason != FLOOR_NONE)
        (void)floor_text(&floor, why, CLI_FLOOR_WHY);
    return floor.kib;
}
