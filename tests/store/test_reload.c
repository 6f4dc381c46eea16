/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random transitions through the ledger with the store as its journal; at random points the store
 * is reopened and must give the same ledger. test_reload SEED
 */
#include <string.h>

#include "world.h"

enum { STEPS = 1000 };

static void run(uint64_t seed, unsigned long steps)
{
    char directory[256];
    struct world w;
    struct ballast_error err = {0};
    world_directory(directory, sizeof(directory));
    CHECK(world_open(&w, directory, seed, &err) == 0, "%s", err.text);
    unsigned long reopened = 0;
    for (unsigned long i = 0; i < steps; i++) {
        world_step(&w);
        if (world_roll(&w, 40) == 0) {
            world_reopen(&w, directory);
            reopened++;
        }
    }
    CHECK(w.refused == 0 && w.moves > steps / 4, "%lu moves", w.moves);
    printf("seed %lu: %lu transitions, opened anew %lu times, %lu ids\n", (unsigned long)seed,
           w.moves, reopened, (unsigned long)ledger_next_id(w.ledger) - 1);
    world_close(&w);
    world_remove(directory);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_store_reload SEED\n");
        return 2;
    }
    run(strtoull(argv[1], NULL, 10), STEPS);
    return 0;
}
