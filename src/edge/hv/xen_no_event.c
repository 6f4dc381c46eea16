/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xen's own words in a build that has no libxenevtchn. */
#include <errno.h>

#include "core/base/error.h"
#include "edge/hv/xen_event.h"

int xen_event_open(struct xen_event **out, struct ballast_error *err)
{
    (void)out;
    return ballast_fail(err, -ENOTSUP, "low memory: this Ballast was built without libxenevtchn");
}

void xen_event_close(struct xen_event *event)
{
    (void)event;
}

int xen_event_fd(const struct xen_event *event)
{
    (void)event;
    return -1;
}

bool xen_event_received(struct xen_event *event)
{
    (void)event;
    return false;
}
