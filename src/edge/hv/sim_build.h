/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest that a toolstack builds on a simulated host, in a start that the scenario left spare. */
#ifndef EDGE_HV_SIM_BUILD_H
#define EDGE_HV_SIM_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/sim/sim.h"

struct sim_build {
    const char *name;
    uint8_t uuid[SIM_UUID]; /* all 0: one that is made of its name */
    uint64_t memory_kib;
    uint64_t overhead_kib;
    uint64_t min_kib; /* the dynamic range and static maximum, as sim_guest_config */
    uint64_t max_kib;
    uint64_t static_max_kib;
    uint64_t rate_kib;  /* of its build, a second */
    uint64_t wait_usec; /* before it takes the first page */
    uint64_t node;      /* whose memory it takes */
    uint64_t vcpus;     /* 0: it has no configuration */
};

/* The spare starts of a simulation's configuration. */
struct sim_build_room {
    struct sim *sim;
    struct sim_start_config *starts;
    size_t from;
    size_t count;
};

/* -EEXIST: a domain has the name; -EBUSY: no start is spare; -ENOMEM, -EINVAL. */
int sim_build_guest(const struct sim_build_room *room, const struct sim_build *build,
                    uint32_t *domid, struct ballast_error *err);

#endif
