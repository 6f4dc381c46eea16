/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxenlight's part in a build that has libxenctrl and libxenstore but not libxenlight. */
#include <errno.h>

#include "core/base/error.h"
#include "edge/hv/xen_light.h"

int xen_light_open(struct xen_light **out, struct ballast_error *err)
{
    (void)out;
    return ballast_fail(err, -ENOTSUP, "libxl: this Ballast was built without libxenlight");
}

void xen_light_close(struct xen_light *light)
{
    (void)light;
}

int xen_light_config(struct xen_light *light, uint32_t domid, struct ballast_guest *out,
                     struct ballast_error *err)
{
    (void)domid;
    (void)out;
    return xen_light_open(&light, err);
}

int xen_light_restarts(struct xen_light *light, uint32_t domid, enum xen_shutdown why, bool *out,
                       struct ballast_error *err)
{
    (void)domid;
    (void)why;
    (void)out;
    return xen_light_open(&light, err);
}

int xen_light_set_target(struct xen_light *light, uint32_t domid, uint64_t kib, bool enforce,
                         struct ballast_error *err)
{
    (void)domid;
    (void)kib;
    (void)enforce;
    return xen_light_open(&light, err);
}

int xen_light_set_maximum(struct xen_light *light, uint32_t domid, uint64_t kib,
                          struct ballast_error *err)
{
    (void)domid;
    (void)kib;
    return xen_light_open(&light, err);
}
