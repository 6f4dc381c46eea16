/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How well a simulated host was balanced: the score, the shortest time in which each start could
 * have had its memory, and whether the expectations of a scenario were met. Only programs that run
 * scenarios link it, not the daemon.
 */
#ifndef CORE_SIM_SCORE_SCORE_H
#define CORE_SIM_SCORE_SCORE_H

#include "core/sim/scenario.h"

/* Like scenario_parse(), with the expectations. */
int scenario_parse_expects(const char *file, const char *text, size_t size, struct scenario *out,
                           struct ballast_error *err);

/*
 * Scores the starts that arrive at the very beginning, after sim_new(); then, after each sim_step()
 * of `usec`, the results. -ENOMEM.
 */
int sim_score_begin(struct sim *sim, struct ballast_error *err);
int sim_score_step(struct sim *sim, uint64_t usec, struct ballast_error *err);
void sim_score(const struct sim *sim, struct sim_score *out);

/*
 * The largest working set that the i-th domain will have from now until `usec` later, as looked at
 * each half second; 0: it has none, or it does not run. Truth of the future: only for yardsticks.
 * It changes nothing, but a guest with report=random draws its reports from the same numbers as its
 * random working set, whose future is then only likely.
 */
uint64_t sim_need_ahead_kib(const struct sim *sim, size_t i, uint64_t usec);

/* What a run has to record for the expectations, beyond the score. */
struct scenario_watch {
    uint64_t free_by_usec[SCENARIO_EXPECTS]; /* of a SCENARIO_FREE_BY: when first; BALLAST_NONE */
    uint32_t laws_broken;                    /* bit by number */
};

void scenario_watch_init(struct scenario_watch *watch);
/* Call this after each step, and once before the first. */
void scenario_watch_step(const struct scenario *scenario, const struct sim *sim,
                         struct scenario_watch *watch);

/* Whether the expectation applies to this policy. */
bool scenario_expects_of(const struct scenario_expect *expect, const char *policy, bool is_default);
/*
 * Whether the i-th expectation was met; `text` receives one line with expectation and result; like
 * snprintf().
 */
bool scenario_met(const struct scenario *scenario, size_t i, const struct sim *sim,
                  const struct scenario_watch *watch, char *text, size_t size);

/* The allowed multiple of the start's shortest time: 20000 is twice. 0: not limited. */
uint64_t scenario_ratio_permyriad(const struct sim_start *start);

/*
 * A start with at most this shortest time is granted at once or not at all: its ratio means
 * nothing.
 */
#define SCENARIO_RATIO_FROM_USEC UINT64_C(200000)

#endif
