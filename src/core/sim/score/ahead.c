/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to come, which no policy can know: for the oracle that policies are compared with. */
#include "core/base/units.h"
#include "core/sim/score/inside.h"
#include "core/sim/score/score.h"

/* No working set changes more than once in this time that a balloon could follow. */
#define LOOK_USEC (BALLAST_SEC_USEC / 2)

uint64_t sim_need_ahead_kib(const struct sim *sim, size_t i, uint64_t usec)
{
    struct sim later = *sim;
    struct sim_domain domain = sim->domains[i];
    uint64_t until_usec = ballast_add_ceil(sim->now_usec, usec);
    uint64_t most_kib = 0;
    if (!domain.alive || domain.building)
        return 0;
    for (;;) {
        most_kib = ballast_max_u64(most_kib, sim_need_now(&later, &domain));
        if (later.now_usec >= until_usec)
            return most_kib;
        later.now_usec = ballast_min_u64(until_usec, later.now_usec + LOOK_USEC);
    }
}
