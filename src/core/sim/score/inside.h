/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared only by the files of core/sim/score. */
#ifndef CORE_SIM_SCORE_INSIDE_H
#define CORE_SIM_SCORE_INSIDE_H

#include "core/sim/scenario_inside.h"
#include "core/sim/sim_inside.h"

/* Fills shortest_usec and feasible of the waiting starts, when `arrived` of them have just arrived.
 */
int sim_shortest_find(struct sim *sim, struct ballast_error *err);
/* Adds the last `usec` to the score. */
void sim_score_add(struct sim *sim, uint64_t usec);
/* Parses an `expect` statement. Names are resolved at the end: see scenario_expect_bind(). */
int scenario_expect_parse(const struct scenario_line *line, struct scenario *out,
                          struct ballast_error *err);
/* Resolves the guests and starts that expectations name. */
int scenario_expect_bind(const char *file, struct scenario *scenario, struct ballast_error *err);

#endif
