/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A heap like Xen's xmalloc arena, for campaigns without Xen: pages are taken if no hole is large
 * enough, and freed only when nothing is left in them. Long-lived allocations between those of
 * guests pin pages, so that the cost of a guest depends on the guests before.
 */
#ifndef TESTS_FIT_ARENA_H
#define TESTS_FIT_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena {
    struct arena_page *pages;
    size_t page_count, page_room;
    uint64_t random;
    unsigned keep_percent; /* of whole pages that come free, those that are kept all the same */
    unsigned guests;
};

void arena_init(struct arena *arena, uint64_t seed, unsigned keep_percent);
void arena_release(struct arena *arena);
/* What a guest allocates: returns by how many pages the arena grew. */
int64_t arena_build(struct arena *arena, bool is_pv, unsigned vcpus);
/* The last guest built goes: returns the pages that went back. */
int64_t arena_destroy(struct arena *arena);

#endif
