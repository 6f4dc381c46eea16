/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/arrivals.h"

#include <stdlib.h>

#include "app/tick/kept.h"

static bool make_id_room(uint32_t **ids, size_t *room, size_t count)
{
    if (count <= *room)
        return true;
    uint32_t *more = reallocarray(*ids, 2 * count, sizeof(*more));
    if (!more)
        return false;
    *ids = more;
    *room = 2 * count;
    return true;
}

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
        if (kept_find(host->domains, host->domain_count, arrivals->came[i]))
            arrivals->came[left++] = arrivals->came[i];
    }
    arrivals->came_count = left;
}

void arrivals_see(struct arrivals *arrivals, const struct ballast_host *host)
{
    size_t from = 0;
    drop_gone_arrivals(arrivals, host);
    for (size_t i = 0; arrivals->has_seen && i < host->domain_count; i++) {
        uint32_t domid = host->domains[i].id;
        if (was_seen(arrivals, &from, domid) ||
            !make_id_room(&arrivals->came, &arrivals->came_room, arrivals->came_count + 1))
            continue;
        arrivals->came[arrivals->came_count++] = domid;
    }
    if (!make_id_room(&arrivals->seen, &arrivals->seen_room, host->domain_count))
        return;
    for (size_t i = 0; i < host->domain_count; i++)
        arrivals->seen[i] = host->domains[i].id;
    arrivals->seen_count = host->domain_count;
    arrivals->has_seen = true;
}

bool arrivals_take(struct arrivals *arrivals, uint32_t domid)
{
    for (size_t i = 0; i < arrivals->came_count; i++) {
        if (arrivals->came[i] != domid)
            continue;
        arrivals->came[i] = arrivals->came[--arrivals->came_count];
        return true;
    }
    return false;
}

void arrivals_free(struct arrivals *arrivals)
{
    free(arrivals->seen);
    free(arrivals->came);
    *arrivals = (struct arrivals){0};
}
