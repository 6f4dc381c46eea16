/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sim/sim_rand.h"

uint64_t sim_rand_next(struct sim_rand *rand)
{
    rand->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = rand->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct sim_rand sim_rand_of(uint64_t seed, uint64_t stream)
{
    struct sim_rand mixed = {seed};
    uint64_t start = sim_rand_next(&mixed);
    struct sim_rand rand = {start ^ (stream * UINT64_C(0xd1342543de82ef95))};
    sim_rand_next(&rand);
    return rand;
}

uint64_t sim_rand_below(struct sim_rand *rand, uint64_t limit)
{
    /* The high half of a product: modulo bias is negligible at these sizes. */
    return (uint64_t)(((unsigned __int128)sim_rand_next(rand) * limit) >> 64);
}
