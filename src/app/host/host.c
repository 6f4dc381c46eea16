/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/host/host.h"

#include <string.h>

#include "app/host/host_file.h"
#include "edge/hv/xen.h"

enum host_kind host_kind_of(const char *which)
{
    if (!which || strcmp(which, "xen") == 0)
        return HOST_XEN;
    return strcmp(which, "sim") == 0 || strncmp(which, "sim:", 4) == 0 ? HOST_SIM : HOST_FILE;
}

int host_open(const struct host_options *options, struct hv **out, struct ballast_error *err)
{
    const struct xen_options xen = {.read_only = options->read_only, .way = options->way};
    struct sim_live_options sim = options->sim;
    switch (host_kind_of(options->which)) {
    case HOST_XEN:
        return xen_open(&xen, out, err);
    case HOST_SIM:
        sim.scenario = options->which[3] ? options->which + 4 : NULL;
        return sim_live_open(&sim, out, err);
    default:
        return host_file_open(options, out, err);
    }
}
