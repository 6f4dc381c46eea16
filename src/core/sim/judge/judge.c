/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sim/judge/judge.h"

#include "core/sim/judge/inside.h"

int scenario_parse_expects(const char *file, const char *text, size_t size, struct scenario *out,
                           struct ballast_error *err)
{
    static const struct scenario_expecting expecting = {scenario_expect_parse,
                                                        scenario_expect_bind};
    return scenario_parse_with(file, text, size, &expecting, out, err);
}

int sim_judge_begin(struct sim *sim, struct ballast_error *err)
{
    return sim_least_judge(sim, err);
}

int sim_judge_step(struct sim *sim, uint64_t usec, struct ballast_error *err)
{
    sim_score_step(sim, usec);
    return sim_least_judge(sim, err);
}
