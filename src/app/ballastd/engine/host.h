/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host that the daemon runs on, opened. */
#ifndef APP_BALLASTD_ENGINE_HOST_H
#define APP_BALLASTD_ENGINE_HOST_H

#include <ballast/error.h>

#include "edge/hv/hv.h"
#include "edge/hv/sim_live.h"

enum engine_host_kind {
    ENGINE_HOST_DEFAULT, /* xen; where there is none, the remedy is told too */
    ENGINE_HOST_XEN,
    ENGINE_HOST_SIM,
};

struct engine_host_options {
    enum engine_host_kind kind;
    struct sim_live_options sim;
};

/* The errors of xen_open() or sim_live_open(). */
int engine_host_open(const struct engine_host_options *options, struct hv **out,
                     struct ballast_error *err);

#endif
