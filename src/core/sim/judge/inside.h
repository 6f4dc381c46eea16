/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of core/sim/judge alone. */
#ifndef CORE_SIM_JUDGE_INSIDE_H
#define CORE_SIM_JUDGE_INSIDE_H

#include "core/sim/scenario_inside.h"
#include "core/sim/sim_inside.h"

/* Fills least_usec and feasible of those that wait, when `arrived` of them have just come. */
int sim_least_judge(struct sim *sim, struct ballast_error *err);
void sim_score_step(struct sim *sim, uint64_t usec);
/* An `expect` statement. Names are looked up when all is read: see scenario_expect_bind(). */
int scenario_expect_parse(const struct scenario_line *line, struct scenario *out,
                          struct ballast_error *err);
/* Finds the guests and starts that expectations name. */
int scenario_expect_bind(const char *file, struct scenario *scenario, struct ballast_error *err);

#endif
