/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host behind a door (door.h) as what `ballast top` shows: to look at, not to change. */
#ifndef APP_BALLAST_HOST_TOP_DOOR_H
#define APP_BALLAST_HOST_TOP_DOOR_H

#include <stdint.h>

#include "app/ballast/access/door.h"
#include "app/top/source.h"

struct cli_top_door {
    struct top_source source;
    struct cli_door door;
    uint64_t interval_usec; /* how far a simulated host goes on from one look to the next */
    bool has_looked;
};

/* As cli_door_open(); `out` must not be moved. */
int cli_top_door_open(struct cli_top_door *out, const char *which, uint64_t interval_usec);
void cli_top_door_close(struct cli_top_door *door); /* one that failed to open is fine too */

#endif
