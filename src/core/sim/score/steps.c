/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sim/score/score.h"

#include "core/sim/score/inside.h"

int scenario_parse_expects(const char *file, const char *text, size_t size, struct scenario *out,
                           struct ballast_error *err)
{
    static const struct scenario_expecting expecting = {scenario_expect_parse,
                                                        scenario_expect_bind};
    return scenario_parse_with(file, text, size, &expecting, out, err);
}

int sim_score_begin(struct sim *sim, struct ballast_error *err)
{
    return sim_shortest_find(sim, err);
}

int sim_score_step(struct sim *sim, uint64_t usec, struct ballast_error *err)
{
    sim_score_add(sim, usec);
    return sim_shortest_find(sim, err);
}
