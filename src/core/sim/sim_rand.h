/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random numbers that are the same everywhere: SplitMix64 (Steele, Lea, Flood: Fast Splittable
 * Pseudorandom Number Generators, OOPSLA 2014). Each domain has its own stream, so that one more
 * guest does not change what the others do.
 */
#ifndef CORE_SIM_SIM_RAND_H
#define CORE_SIM_SIM_RAND_H

#include <stdint.h>

struct sim_rand {
    uint64_t state;
};

/* The `stream`-th sequence of a seed. */
struct sim_rand sim_rand_of(uint64_t seed, uint64_t stream);
uint64_t sim_rand_next(struct sim_rand *rand);
/* Between 0 and limit - 1; 0 for a limit of 0. */
uint64_t sim_rand_below(struct sim_rand *rand, uint64_t limit);

#endif
