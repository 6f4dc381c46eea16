/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A heap like Xen's xmalloc arena, for campaigns that never saw a Xen: pages are taken when no hole
 * is large enough, and go back only when nothing is left in them. What is long-lived and lies
 * between what guests come and go with pins pages, so that how many a guest takes depends on who
 * was there before.
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
