/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/host.h"

#include <errno.h>

#include "core/base/error.h"
#include "edge/hv/xen.h"

/* Nobody is to take a simulated host for the one that this runs on: it must be asked for. */
static int open_default(struct hv **out, struct ballast_error *err)
{
    struct ballast_error why;
    int rc = xen_open(NULL, out, &why);
    if (rc == -ENODEV || rc == -ENOTSUP)
        return ballast_fail(
            err, rc, "no Xen here: %s; use --host sim to try it on a simulated host", why.text);
    return rc < 0 ? ballast_fail(err, rc, "%s", why.text) : 0;
}

int engine_host_open(const struct engine_host_options *options, struct hv **out,
                     struct ballast_error *err)
{
    if (options->kind == ENGINE_HOST_SIM)
        return sim_live_open(&options->sim, out, err);
    return options->kind == ENGINE_HOST_XEN ? xen_open(NULL, out, err) : open_default(out, err);
}
