/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A yardstick for policies: it knows what each guest truly needs, now and for some time to come,
 * and moves memory greedily to where it will be missing. It sees no report, keeps no hold time and
 * writes at each tick; it is bound only by what binds every balancer: the speed of balloons,
 * dynamic ranges, and that memory must be free before another guest may take it.
 */
#ifndef BENCH_ORACLE_H
#define BENCH_ORACLE_H

#include <stdint.h>

#include "core/sim/score/score.h"

/*
 * Runs the scenario to its end; `ahead_usec` is how far it sees, 0: it knows only what is needed
 * now. Where the needs of `ahead_usec` exceed the host, they are met in part, by shares; waiting
 * starts come first, and are served as fast as they can be. The host as it was at the end is in
 * *out, for sim_free(). -ENOMEM; -EINVAL: a host that cannot be; -EPROTO: a page was lost.
 */
int oracle_run(const struct scenario *scenario, uint64_t ahead_usec, struct sim **out,
               struct ballast_error *err);

#endif
