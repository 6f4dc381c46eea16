/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host and the access to it (host_access.h) as `ballast top` shows it, read only. */
#ifndef APP_BALLAST_HOST_TOP_ACCESS_H
#define APP_BALLAST_HOST_TOP_ACCESS_H

#include <stdint.h>

#include "app/ballast/access/host_access.h"
#include "app/top/source.h"

struct top_access {
    struct top_source source;
    struct host_access access;
    uint64_t interval_usec; /* how far a simulated host moves from one sample to the next */
    bool has_looked;
};

/* As host_access_open(); `out` must not be moved. */
int top_access_open(struct top_access *out, const char *which, uint64_t interval_usec);
void top_access_close(struct top_access *access); /* one that failed to open is fine too */

#endif
