/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domains that have come since the first snapshot, or that it showed as being built, and have
 * not been taken out again.
 */
#ifndef APP_TICK_ARRIVALS_H
#define APP_TICK_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/host.h"

struct arrival {
    uint32_t domid;
};

/* Begun as zeros. */
struct arrivals {
    uint32_t *seen; /* of the last snapshot, in its order */
    size_t seen_count;
    size_t seen_room;
    bool has_seen;
    struct arrival *came;
    size_t came_count;
    size_t came_room;
};

/* Takes in a snapshot; forgets those that are gone. Without memory for one it is not noticed. */
void arrivals_see(struct arrivals *arrivals, const struct ballast_host *host);
/* Until the next of these calls; NULL: it is not among them. */
struct arrival *arrivals_find(const struct arrivals *arrivals, uint32_t domid);
/* Takes one out that arrivals_find() found. */
void arrivals_remove(struct arrivals *arrivals, struct arrival *arrival);
void arrivals_free(struct arrivals *arrivals);

#endif
