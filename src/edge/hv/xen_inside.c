/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/xen_inside.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/error.h"

struct xen_host *xen_host_of(struct hv *hv)
{
    return (struct xen_host *)hv;
}

const struct xen_host *xen_host_of_const(const struct hv *hv)
{
    return (const struct xen_host *)hv;
}

int xen_host_may_write(const struct xen_host *host, struct ballast_error *err)
{
    return host->read_only ? ballast_fail(err, -EPERM, "xen: the host was opened for reading only")
                           : 0;
}

int xen_host_store(struct xen_host *host, struct ballast_error *err)
{
    return host->store ? 0 : xen_store_open(&host->store, err);
}

int xen_host_light(struct xen_host *host, struct ballast_error *err)
{
    return host->light ? 0 : xen_light_open(&host->light, err);
}

void xen_snapshot_free(struct xen_snapshot *snapshot)
{
    free(snapshot->domains);
    free(snapshot->shown);
    *snapshot = (struct xen_snapshot){0};
}

struct xen_record *xen_record_find(struct xen_host *host, uint32_t domid)
{
    size_t low = 0;
    size_t high = host->record_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (host->records[middle].domid == domid)
            return &host->records[middle];
        if (host->records[middle].domid < domid)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
