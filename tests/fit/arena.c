/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT = 16, UNITS = 4096 / UNIT };

/* The owner of each 16 bytes: 0 none, 1 what stays for ever, else a guest. */
struct arena_page {
    uint16_t owner[UNITS];
    bool is_there;
    unsigned no_hole_of; /* of so many units or more, none was found since anything was freed */
};

static uint64_t draw(struct arena *arena, uint64_t limit)
{
    arena->random = arena->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (arena->random >> 33) % limit;
}

void arena_init(struct arena *arena, uint64_t seed, unsigned keep_percent)
{
    *arena = (struct arena){.random = seed * 2 + 1, .keep_percent = keep_percent, .guests = 1};
}

void arena_release(struct arena *arena)
{
    free(arena->pages);
}

static bool take_hole(struct arena_page *page, unsigned units, uint16_t owner)
{
    unsigned run = 0;
    for (unsigned i = 0; i < UNITS; i++) {
        run = page->owner[i] ? 0 : run + 1;
        if (run < units)
            continue;
        for (unsigned j = 0; j < units; j++)
            page->owner[i - j] = owner;
        return true;
    }
    page->no_hole_of = units;
    return false;
}

static struct arena_page *new_page(struct arena *arena)
{
    for (size_t i = 0; i < arena->page_count; i++) {
        if (!arena->pages[i].is_there)
            return &arena->pages[i];
    }
    if (arena->page_count == arena->page_room) {
        arena->page_room = 2 * arena->page_room + 64;
        arena->pages = realloc(arena->pages, arena->page_room * sizeof(*arena->pages));
        if (!arena->pages)
            abort();
    }
    return &arena->pages[arena->page_count++];
}

/* 1 when it took a new page. */
static int64_t allocate(struct arena *arena, unsigned bytes, uint16_t owner)
{
    unsigned units = (bytes + UNIT + UNIT - 1) / UNIT;
    for (size_t i = 0; i < arena->page_count; i++) {
        if (arena->pages[i].is_there && units < arena->pages[i].no_hole_of &&
            take_hole(&arena->pages[i], units, owner))
            return 0;
    }
    struct arena_page *page = new_page(arena);
    memset(page, 0, sizeof(*page));
    page->is_there = true;
    page->no_hole_of = UNITS + 1;
    (void)take_hole(page, units, owner);
    return 1;
}

int64_t arena_build(struct arena *arena, bool is_pv, unsigned vcpus)
{
    static const unsigned per_guest[] = {520, 1000, 256, 1900, 640, 96, 2100, 128, 3000, 700};
    static const unsigned per_vcpu[] = {832, 320, 200, 1100, 600, 64, 180, 2400, 500};
    uint16_t owner = (uint16_t)++arena->guests;
    size_t vcpu_pieces = is_pv ? 4 : sizeof(per_vcpu) / sizeof(per_vcpu[0]);
    size_t guest_pieces = is_pv ? 4 : sizeof(per_guest) / sizeof(per_guest[0]);
    int64_t grown = 0;
    for (size_t i = 0; i < guest_pieces; i++)
        grown += allocate(arena, per_guest[i], owner);
    for (unsigned v = 0; v < vcpus; v++) {
        for (size_t i = 0; i < vcpu_pieces; i++)
            grown += allocate(arena, per_vcpu[i], owner);
        /* A timer, a radix tree node: now and then something that is not freed with the guest. */
        if (draw(arena, 24) == 0)
            grown += allocate(arena, 64, 1);
    }
    return grown;
}

int64_t arena_destroy(struct arena *arena)
{
    uint16_t owner = (uint16_t)arena->guests;
    int64_t back = 0;
    for (size_t i = 0; i < arena->page_count; i++) {
        struct arena_page *page = &arena->pages[i];
        bool had = false, used = false;
        for (unsigned j = 0; page->is_there && j < UNITS; j++) {
            had |= page->owner[j] == owner;
            page->owner[j] = page->owner[j] == owner ? 0 : page->owner[j];
            used |= page->owner[j] != 0;
        }
        page->no_hole_of = had ? UNITS + 1 : page->no_hole_of;
        if (had && !used && draw(arena, 100) >= arena->keep_percent) {
            page->is_there = false;
            back++;
        }
    }
    return back;
}
