/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Measurements on Xen 4.14.6, 4.17.7 and 4.20.4 (AMD, hardware-assisted paging, no IOMMU;
 * free_pages before and after, read until several readings agreed), as data. Campaigns that kept
 * ranges instead of cells appear as ranges. KiB and pages by the name.
 */
#ifndef TESTS_EXACT_MEASURED_H
#define TESTS_EXACT_MEASURED_H

#include <stddef.h>
#include <stdint.h>

#include <ballast/guest.h>

#define MEASURED_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const measured_profiles[] = {"xen-4.14", "xen-4.17", "xen-4.20"};
static const char *const measured_libxl[] = {"libxl-4.14", "libxl", "libxl-4.20"};

/* Pages that a guest's grant table grew by, from one frame to so many. */
static const struct {
    const char *profile;
    uint64_t frames;
    int64_t pages;
} measured_grants[] = {
    {"xen-4.17", 1, 0},   {"xen-4.17", 2, 6},    {"xen-4.17", 4, 18},   {"xen-4.17", 8, 42},
    {"xen-4.17", 16, 90}, {"xen-4.17", 32, 186}, {"xen-4.17", 64, 379}, {"xen-4.14", 64, 379},
    {"xen-4.20", 1, 0},   {"xen-4.20", 2, 5},    {"xen-4.20", 64, 315},
};

/*
 * Pages that a guest allowed so many grant frames took more than one of 64: 4.17.7, PV and PVH of
 * 64 MiB paused at their start, on a Xen of gnttab_max_frames=2048. Its arrays have pages of their
 * own, and what is then not in Xen's heap may spare it one.
 */
static const struct {
    uint64_t frames;
    int64_t pages;
} measured_grant_arrays[] = {{64, 0},  {101, 0}, {102, 0},   {103, 1},
                             {511, 6}, {512, 6}, {1024, 12}, {2048, 24}};

/* Pages that event channels took beyond those of a new guest, by the highest port; all three. */
static const struct {
    uint64_t port;
    int64_t pages;
} measured_channels[] = {{63, 0}, {64, 2}, {256, 5}, {1024, 17}, {4000, 63}, {1023, 16}};

static const struct {
    uint64_t frames;
    int64_t pages;
} measured_maptrack[] = {{0, 0}, {1, 1}, {512, 1}, {1024, 2}};

/* tot_pages beyond 256 a MiB of memory, paused; -1: that column was not measured for it. */
static const struct {
    enum ballast_guest_type type;
    uint64_t vcpus;
    int64_t beyond_4_14, beyond_4_17, beyond_4_20;
} measured_tot[] = {
    {BALLAST_PV, 1, 0, 0, 0},       {BALLAST_PV, 32, 0, 0, 0},     {BALLAST_PVH, 1, 17, 17, 15},
    {BALLAST_PVH, 8, 17, 17, 15},   {BALLAST_PVH, 16, 18, 18, 15}, {BALLAST_PVH, 32, 18, 18, 15},
    {BALLAST_PVH, 128, 18, 18, 15}, {BALLAST_HVM, 1, 0, 0, 0},     {BALLAST_HVM, 64, 0, 0, 0},
};

/* The arena, pages, in every cell that was told, by measured_profiles. */
#define UNTOLD UINT64_MAX
static const struct {
    enum ballast_guest_type type;
    uint64_t vcpus;
    uint64_t pages[3];
    const char *when;
} measured_arena[] = {
    {BALLAST_PV, 1, {UNTOLD, 2, UNTOLD}, "first after boot"},
    {BALLAST_PVH, 1, {UNTOLD, 8, UNTOLD}, "first after boot"},
    {BALLAST_HVM, 1, {UNTOLD, 8, UNTOLD}, "first after boot"},
    {BALLAST_PV, 32, {UNTOLD, 7, UNTOLD}, "after smaller ones"},
    {BALLAST_PVH, 32, {UNTOLD, 34, UNTOLD}, "after smaller ones"},
    {BALLAST_PVH, 32, {58, 57, 58}, "first after boot"},
    {BALLAST_HVM, 64, {112, 112, 115}, "first after boot"},
    {BALLAST_PVH, 128, {206, 206, 214}, "first after boot"},
    {BALLAST_PVH, 128, {89, 98, 143}, "second"},
    {BALLAST_PVH, 128, {28, 32, 117}, "later"},
    {BALLAST_HVM, 128, {166, 170, 177}, "after one PV of 128"},
    {BALLAST_HVM, 128, {79, 85, 131}, "second after that"},
    {BALLAST_PVH, 64, {22, 27, 56}, "after large ones"},
    {BALLAST_HVM, 64, {19, 21, 54}, "after large ones"},
    {BALLAST_PV, 128, {54, 50, 51}, "first after boot"},
    {BALLAST_PV, 128, {10, 6, 7}, "second"},
    {BALLAST_PVH, 16, {0, 0, 12}, "once grown"},
};

/*
 * A host of 644180 free pages on which guests of one vCPU, the first after boot, were built one MiB
 * larger each time until one failed: the largest that was built, and the pages that it left.
 */
#define MEASURED_EDGE_FREE_PAGES 644180
static const struct {
    enum ballast_guest_type type;
    uint64_t mib;
    uint64_t left_pages;
    uint64_t arena_pages;
} measured_edge[] = {{BALLAST_PVH, 2505, 91, 8}, {BALLAST_PV, 2516, 63, 2}};
/* libxl's need would have stopped PVH there. */
#define MEASURED_EDGE_LIBXL_MIB 2503

/* libxl's need less the cost, guests of 64 MiB, HVM and PVH: least and most that was seen. */
static const struct {
    size_t xen; /* of measured_profiles */
    uint64_t vcpus;
    int64_t least_kib, most_kib;
} measured_short[] = {
    {0, 100, -600, -540},   {1, 100, 228, 416},    {2, 100, 88, 232},
    {0, 128, -2012, -1268}, {1, 128, -1212, -492}, {2, 128, -1224, -740},
};

#endif
