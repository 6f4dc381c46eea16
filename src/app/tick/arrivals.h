/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domains that have come since the first snapshot and have not been taken out again. */
#ifndef APP_TICK_ARRIVALS_H
#define APP_TICK_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/host.h"

/* Begun as zeros. */
struct arrivals {
    uint32_t *seen; /* of the last snapshot, in its order */
    size_t seen_count;
    size_t seen_room;
    bool has_seen;
    uint32_t *came;
    size_t came_count;
    size_t came_room;
};

/* Takes in a snapshot; forgets those that are gone. Without memory for one it is not noticed. */
void arrivals_see(struct arrivals *arrivals, const struct ballast_host *host);
/* Takes one out; false: it is not among them. */
bool arrivals_take(struct arrivals *arrivals, uint32_t domid);
void arrivals_free(struct arrivals *arrivals);

#endif
