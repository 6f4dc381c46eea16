/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real Xen in a build without its libraries: none can be opened. */
#include <errno.h>

#include "core/base/error.h"
#include "edge/hv/xen.h"

static int fail_without_xen(struct ballast_error *err)
{
    return ballast_fail(err, -ENOTSUP,
                        "xen: this Ballast was built without Xen's libraries: build it where "
                        "libxenctrl and libxenstore are (libxen-dev), with -Dxen=enabled");
}

int xen_open(const struct xen_options *options, struct hv **out, struct ballast_error *err)
{
    (void)options;
    (void)out;
    return fail_without_xen(err);
}

int xen_version(struct hv *hv, struct xen_version *out, struct ballast_error *err)
{
    (void)hv;
    (void)out;
    return fail_without_xen(err);
}

void xen_calls(const struct hv *hv, struct xen_calls *out)
{
    (void)hv;
    *out = (struct xen_calls){0};
}

int xen_set_target(struct hv *hv, uint32_t domid, enum xen_way way, uint64_t kib, bool enforce,
                   struct ballast_target_plan *done, struct ballast_error *err)
{
    (void)hv;
    (void)domid;
    (void)way;
    (void)kib;
    (void)enforce;
    (void)done;
    return fail_without_xen(err);
}

int xen_set_maximum(struct hv *hv, uint32_t domid, enum xen_way way, uint64_t kib,
                    struct ballast_target_plan *done, struct ballast_error *err)
{
    (void)hv;
    (void)domid;
    (void)way;
    (void)kib;
    (void)done;
    return fail_without_xen(err);
}

int xen_set_range(struct hv *hv, uint32_t domid, uint64_t min_kib, uint64_t max_kib,
                  struct ballast_error *err)
{
    (void)hv;
    (void)domid;
    (void)min_kib;
    (void)max_kib;
    return fail_without_xen(err);
}
