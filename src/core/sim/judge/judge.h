/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How well a simulated host was balanced: the score, the least time in which each start could have
 * had its memory, and whether what a scenario expects came. Only who plays scenarios links it: a
 * host that the daemon runs on is not judged.
 */
#ifndef CORE_SIM_JUDGE_JUDGE_H
#define CORE_SIM_JUDGE_JUDGE_H

#include "core/sim/scenario.h"

/* As scenario_parse(), with what the scenario expects. */
int scenario_parse_expects(const char *file, const char *text, size_t size, struct scenario *out,
                           struct ballast_error *err);

/*
 * Judges the starts that have come at the very beginning, after sim_new(); then, after each
 * sim_step() of `usec`, what came of it. -ENOMEM.
 */
int sim_judge_begin(struct sim *sim, struct ballast_error *err);
int sim_judge_step(struct sim *sim, uint64_t usec, struct ballast_error *err);
void sim_score(const struct sim *sim, struct sim_score *out);

/* What the run itself has to remember for the expectations, beyond the score. */
struct scenario_watch {
    uint64_t free_by_usec[SCENARIO_EXPECTS]; /* of a SCENARIO_FREE_BY: when first; BALLAST_NONE */
    uint32_t laws_broken;                    /* bit by number */
};

void scenario_watch_init(struct scenario_watch *watch);
/* To be called after each step, and once before the first. */
void scenario_watch_step(const struct scenario *scenario, const struct sim *sim,
                         struct scenario_watch *watch);

/* Whether the expectation speaks of this policy. */
bool scenario_expects_of(const struct scenario_expect *expect, const char *policy, bool is_default);
/*
 * Whether the i-th expectation was met; what was expected and what came goes to `text` as one line,
 * as snprintf.
 */
bool scenario_met(const struct scenario *scenario, size_t i, const struct sim *sim,
                  const struct scenario_watch *watch, char *text, size_t size);

/* How often the starts' least time may be taken: 20000 is twice. 0: not to be judged. */
uint64_t scenario_ratio_permyriad(const struct sim_start *start);

/* A start whose least time is no longer is granted at once or not at all: no ratio says anything.
 */
#define SCENARIO_RATIO_FROM_USEC UINT64_C(200000)

#endif
