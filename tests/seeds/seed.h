/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For a cmocka program one of whose tests is random: with a seed as its argument, which
 * tests/seeds/each gives it, that test alone runs; without one all do, the random one with the seed
 * it has.
 */
#ifndef TESTS_SEEDS_SEED_H
#define TESTS_SEEDS_SEED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Whether there is one. */
static inline bool seed_from(int argc, char **argv, uint64_t *seed, const char *random_test)
{
    if (argc < 2)
        return false;
    *seed = strtoull(argv[1], NULL, 10);
    cmocka_set_test_filter(random_test);
    return true;
}

#endif
