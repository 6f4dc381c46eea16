/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/arrivals.h"

#include <stdlib.h>

#include "app/tick/kept.h"
#include "core/base/array.h"

/* Numbers rise, so where they do not the rest is searched. */
static bool was_seen(const struct arrivals *arrivals, size_t *from, uint32_t domid)
{
    for (size_t i = 0; i < arrivals->seen_count; i++) {
        size_t at = (*from + i) % arrivals->seen_count;
        if (arrivals->seen[at] == domid) {
            *from = at + 1;
            return true;
        }
    }
    return false;
}

static void drop_gone_arrivals(struct arrivals *arrivals, const struct ballast_host *host)
{
    size_t left = 0;
    for (size_t i = 0; i < arrivals->came_count; i++) {
        if (ballast_domain_find(host->domains, host->domain_count, arrivals->came[i].domid))
            arrivals->came[left++] = arrivals->came[i];
    }
    arrivals->came_count = left;
}

static void add_arrival(struct arrivals *arrivals, uint32_t domid)
{
    if (array_reserve(&arrivals->came, &arrivals->came_room, arrivals->came_count + 1,
                      sizeof(*arrivals->came)))
        arrivals->came[arrivals->came_count++] = (struct arrival){.domid = domid};
}

void arrivals_see(struct arrivals *arrivals, const struct ballast_host *host)
{
    size_t from = 0;
    drop_gone_arrivals(arrivals, host);
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        if (arrivals->has_seen ? !was_seen(arrivals, &from, domain->id)
                               : domain->state == BALLAST_DOMAIN_BUILD)
            add_arrival(arrivals, domain->id);
    }
    if (!array_reserve(&arrivals->seen, &arrivals->seen_room, host->domain_count,
                       sizeof(*arrivals->seen)))
        return;
    for (size_t i = 0; i < host->domain_count; i++)
        arrivals->seen[i] = host->domains[i].id;
    arrivals->seen_count = host->domain_count;
    arrivals->has_seen = true;
}

struct arrival *arrivals_find(const struct arrivals *arrivals, uint32_t domid)
{
    for (size_t i = 0; i < arrivals->came_count; i++) {
        if (arrivals->came[i].domid == domid)
            return &arrivals->came[i];
    }
    return NULL;
}

void arrivals_remove(struct arrivals *arrivals, struct arrival *arrival)
{
    *arrival = arrivals->came[--arrivals->came_count];
}

void arrivals_free(struct arrivals *arrivals)
{
    free(arrivals->seen);
    free(arrivals->came);
    *arrivals = (struct arrivals){0};
}
