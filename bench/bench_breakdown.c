/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_breakdown [SECONDS]: breakdowns a second through the public API of libballast in one
 * thread.
 *
 * A guest of each type is evaluated again and again into one breakdown, its memory changed by the
 * API every time so that no two evaluations are alike. malloc and its kin are counted: an
 * evaluation must not allocate, and the program fails when one does.
 */
#include <ballast/ballast.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

enum { BATCH = 1000 };

static double now_seconds(void)
{
    return (double)measure_nsec() / 1e9;
}

/* Each its own way through the rules: pool, video, IOMMU tables, stubdomain, notes. */
static const struct {
    const char *label;
    enum ballast_guest_type type;
    uint64_t set[4][2];
} cases[] = {
    {"pv", BALLAST_PV, {{BALLAST_VCPUS, 2}}},
    {"pvh", BALLAST_PVH, {{BALLAST_VCPUS, 4}}},
    {"pvh pod", BALLAST_PVH, {{BALLAST_VCPUS, 4}, {BALLAST_MAXMEM, UINT64_C(1) << 40}}},
    {"hvm", BALLAST_HVM, {{BALLAST_VCPUS, 4}, {BALLAST_VGA, BALLAST_VGA_STD}}},
    {"hvm sync_pt",
     BALLAST_HVM,
     {{BALLAST_VCPUS, 8}, {BALLAST_PASSTHROUGH, BALLAST_PASSTHROUGH_SYNC_PT}}},
    {"hvm stubdomain", BALLAST_HVM, {{BALLAST_VCPUS, 2}, {BALLAST_STUBDOMAIN, 1}}},
};

static struct ballast_guest *guest_of(size_t i)
{
    struct ballast_guest *guest = ballast_guest_new(cases[i].type, cases[i].label);
    for (int a = 0; guest && a < 4; a++) {
        if (cases[i].set[a][0] != BALLAST_MEMORY)
            ballast_guest_set(guest, (enum ballast_guest_attr)cases[i].set[a][0],
                              cases[i].set[a][1], NULL);
    }
    return guest;
}

static int evaluate_batch(struct ballast_breakdown *out, const struct ballast_profile *profile,
                          struct ballast_guest *guest, uint64_t *sum_kib)
{
    for (uint64_t i = 0; i < BATCH; i++) {
        int rc;
        if ((rc = ballast_guest_set(guest, BALLAST_MEMORY, (64 + i) * 1024, NULL)) < 0 ||
            (rc = ballast_breakdown_evaluate(out, profile, guest, NULL, NULL)) < 0)
            return rc;
        *sum_kib += ballast_breakdown_need_kib(out);
    }
    return 0;
}

/* Evaluations a second, or below zero. */
static double rate(const struct ballast_profile *profile, size_t i, double seconds)
{
    struct ballast_guest *guest = guest_of(i);
    struct ballast_breakdown *out = ballast_breakdown_new();
    uint64_t sum_kib = 0, count = 0, allocated = measure_allocations();
    int rc = guest && out ? evaluate_batch(out, profile, guest, &sum_kib) : -1;
    double start = now_seconds(), took = 0;
    while (rc == 0 && took < seconds) {
        rc = evaluate_batch(out, profile, guest, &sum_kib);
        count += BATCH;
        took = now_seconds() - start;
    }
    if (measure_allocations() != allocated) {
        fprintf(stderr, "bench_breakdown: %s allocated %" PRIu64 " times\n", cases[i].label,
                measure_allocations() - allocated);
        rc = -1;
    }
    ballast_breakdown_free(out);
    ballast_guest_free(guest);
    return rc == 0 && sum_kib > 0 ? (double)count / took : -1;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.5;
    const struct ballast_profile *profile;
    printf("%-16s %-12s %14s %8s %11s\n", "guest", "profile", "breakdowns/s", "ns each",
           "allocations");
    for (size_t p = 0; (profile = ballast_profile_at(p)); p++) {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            double each = rate(profile, i, seconds);
            if (each < 0)
                return 1;
            printf("%-16s %-12s %14.0f %8.0f %11d\n", cases[i].label, ballast_profile_name(profile),
                   each, 1e9 / each, 0);
        }
    }
    return 0;
}
