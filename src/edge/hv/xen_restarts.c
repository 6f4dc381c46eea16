/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which domains that have shut down their toolstack starts again. */
#include <stdlib.h>
#include <string.h>

#include "edge/hv/xen_inside.h"

static const struct xen_restart *find_restart(const struct xen_host *host,
                                              const struct xen_counted *counted)
{
    for (size_t i = 0; i < host->restart_count; i++) {
        const struct xen_restart *restart = &host->restarts[i];
        if (restart->domid == counted->id &&
            memcmp(restart->uuid, counted->uuid, sizeof(restart->uuid)) == 0)
            return restart;
    }
    return NULL;
}

/* Where nothing is known: on_reboot is "restart" unless it is set, on_crash "destroy" (xl.cfg(5)).
 */
static bool is_reboot(const struct xen_counted *counted)
{
    return counted->why == XEN_SHUTDOWN_REBOOT;
}

static bool ask_config(struct xen_host *host, const struct xen_counted *counted)
{
    bool restarts;
    bool known = xen_host_light(host, NULL) == 0 &&
                 xen_light_restarts(host->light, counted->id, counted->why, &restarts, NULL) == 0;
    return known ? restarts : is_reboot(counted);
}

void xen_host_ask_restarts(struct xen_host *host, const struct xen_counted *counted, size_t count)
{
    struct xen_restart *list = NULL;
    size_t filled = 0;
    for (size_t i = 0; i < count; i++)
        filled += counted[i].why != XEN_SHUTDOWN_NONE;
    if (filled > 0 && !(list = calloc(filled, sizeof(*list))))
        return;
    filled = 0;
    for (size_t i = 0; i < count; i++) {
        if (counted[i].why == XEN_SHUTDOWN_NONE)
            continue;
        const struct xen_restart *known = find_restart(host, &counted[i]);
        struct xen_restart *restart = &list[filled++];
        *restart = (struct xen_restart){.domid = counted[i].id,
                                        .restarts = known ? known->restarts
                                                          : ask_config(host, &counted[i])};
        memcpy(restart->uuid, counted[i].uuid, sizeof(restart->uuid));
    }
    free(host->restarts);
    host->restarts = list;
    host->restart_count = filled;
}

bool xen_host_restarts(const struct xen_host *host, const struct xen_counted *counted)
{
    const struct xen_restart *known = find_restart(host, counted);
    return counted->why != XEN_SHUTDOWN_NONE && (known ? known->restarts : is_reboot(counted));
}
