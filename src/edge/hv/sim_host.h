/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated host (core/sim) behind hv.h. Its clock is the simulation's, which its owner moves. */
#ifndef EDGE_HV_SIM_HOST_H
#define EDGE_HV_SIM_HOST_H

#include "core/sim/sim.h"
#include "edge/hv/hv.h"

struct sim_host {
    struct hv hv; /* first */
    struct sim *sim;
    bool changed; /* set or claimed on since its owner cleared it */
};

/* The table over `sim`, which stays the caller's: close() leaves it. The host is *out itself. */
struct hv *sim_host_init(struct sim_host *out, struct sim *sim);

#endif
