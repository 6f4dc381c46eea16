/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formulas of the exact cost as derived from the measurements, one line per type and release:
 * written separately from the product, which sums terms. Whole MiB only, AMD, hardware-assisted
 * paging.
 */
#ifndef TESTS_EXACT_TWIN_H
#define TESTS_EXACT_TWIN_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/guest.h>

struct twin_guest {
    enum ballast_guest_type type;
    uint64_t mib, max_mib, vcpus;
    uint64_t shadow_mib; /* 0: default */
    uint64_t maptrack;   /* frames */
    bool nested;
    bool no_vga; /* HVM: vga="none" with so much videoram */
    uint64_t video_mib;
};

struct twin_release {
    const char *profile;
    bool old_pool;      /* 4.14 */
    uint64_t grants;    /* 2 less since 4.18 */
    uint64_t stdvga;    /* 64 more */
    bool small_dsdt;    /* since 4.19.4 and 4.20.2 */
    bool heap_maptrack; /* since 4.20.0: less than 512 pointers are Xen's own heap's */
};

uint64_t twin_settled_pages(const struct twin_release *release, const struct twin_guest *guest);
uint64_t twin_arena_pages(const struct twin_guest *guest);
uint64_t twin_growth_pages(const struct twin_release *release, const struct twin_guest *guest,
                           uint64_t frames, uint64_t last_port);

#endif
