/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated host that runs by itself, as a real one does: from a scenario, by the real clock,
 * and, where it is kept in a file, beyond the end of the program. One that is stepped moves
 * only by hv_step().
 */
#ifndef EDGE_HV_SIM_LIVE_H
#define EDGE_HV_SIM_LIVE_H

#include "core/sim/sim.h"
#include "edge/hv/hv.h"
#include "edge/hv/sim_build.h"

/* Guests that a toolstack may build at once, beyond the scenario's own. */
enum { SIM_LIVE_SPARE = 256 };

struct sim_live_options {
    const char *scenario;     /* a regular file, or any if it is not kept; NULL: the built-in one */
    const char *run_dir;      /* it is kept in RUN_DIR/sim.host; NULL: it is not, nor built on */
    bool stepped;             /* hv.h */
    bool fresh;               /* it begins again, whatever is kept there */
    uint64_t speed_permyriad; /* of its clock against the real one */
};

/*
 * -EINVAL with file, line and word for a scenario; the errnos of file_read(); those of the kept
 * file.
 */
int sim_live_open(const struct sim_live_options *options, struct hv **out,
                  struct ballast_error *err);
/* The simulation, about to be changed; NULL where `hv` is none of these. */
struct sim *sim_live_sim(struct hv *hv);

/* A toolstack builds a guest. -EEXIST; -EBUSY: SIM_LIVE_SPARE are there; -ENOMEM, -EINVAL. */
int sim_live_build(struct hv *hv, const struct sim_build *build, uint32_t *domid,
                   struct ballast_error *err);

#endif
