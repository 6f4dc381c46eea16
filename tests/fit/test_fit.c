/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Campaigns on synthetic hosts with known terms: the fit must find the terms again, and detect and
 * name a wrong profile.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "exact/measured.h"
#include "rivals.h"
#include "unit/unit.h"

#include "core/base/units.h"
#include "core/fit/fit.h"
#include "core/fit/line.h"
#include "core/model/breakdown.h"
#include "core/model/profile_xen.h"

#include "../seeds/seed.h"

enum { MOST_CELLS = 256 };

struct campaign {
    const char *profile; /* what the host truly is */
    struct ballast_host_caps caps;
    unsigned seed;
    unsigned keep_percent;
    unsigned rounds; /* over all sizes */
    bool large;      /* sizes up to 128 vCPUs, not 16 */
    int64_t outlier; /* pages that something else gave back or took in one build of 40; 0: never */
    struct ballast_xen_terms off; /* corrections of this host; all 0: none */
};

static const unsigned sizes[] = {1, 2, 4, 8, 16, 3, 32, 64, 128};

static struct ballast_guest shape(unsigned round, unsigned vcpus, enum ballast_guest_type type)
{
    bool nested = type != BALLAST_PV && round % 4 == 3;
    return unit_guest(type, {BALLAST_MEMORY, (64 + 32 * (round % 3)) * MIB}, {BALLAST_VCPUS, vcpus},
                      {BALLAST_NESTEDHVM, nested},
                      {BALLAST_MAX_MAPTRACK_FRAMES, round % 5 ? 1024 : 512});
}

/* The pages that this host takes for the guest on a settled heap. */
static void truth(const struct campaign *campaign, const struct ballast_guest *guest,
                  struct fit_cell *out)
{
    struct ballast_profile host;
    struct ballast_breakdown b;
    struct ballast_xen_terms terms =
        *ballast_xen_profile_terms(ballast_profile_find(campaign->profile));
    memcpy(terms.off_base_pages, campaign->off.off_base_pages, sizeof(terms.off_base_pages));
    memcpy(terms.off_vcpu_pages, campaign->off.off_vcpu_pages, sizeof(terms.off_vcpu_pages));
    terms.off_nested_vcpu_pages = campaign->off.off_nested_vcpu_pages;
    ballast_xen_profile_make(&host, "host", "made here", &terms);
    assert_int_equal(ballast_breakdown_evaluate(&b, &host, guest, &campaign->caps, NULL), 0);
    *out = (struct fit_cell){.guest = *guest,
                             .tot_pages = b.span_kib[BALLAST_XEN_MAXIMUM] / 4,
                             .pool_pages = b.segment_kib[BALLAST_SHADOW] / 4,
                             .taken_pages = (int64_t)(b.cost.settled_kib / 4)};
}

static size_t play(const struct campaign *campaign, struct fit_cell *cells)
{
    struct arena arena;
    size_t count = 0;
    size_t size_count = campaign->large ? MEASURED_COUNT(sizes) : 6;
    arena_init(&arena, campaign->seed, campaign->keep_percent);
    for (unsigned round = 0; round < campaign->rounds; round++) {
        for (size_t i = 0; i < size_count; i++) {
            /* Another order in each round, so that large ones come first as well. */
            unsigned vcpus = sizes[(i * 5 + round * 7) % size_count];
            enum ballast_guest_type type = (enum ballast_guest_type)((i + round) % 3);
            struct ballast_guest guest = shape(round, vcpus, type);
            struct fit_cell *cell = &cells[count];
            assert_true(count < MOST_CELLS);
            truth(campaign, &guest, cell);
            cell->taken_pages += arena_build(&arena, type == BALLAST_PV, vcpus);
            if (campaign->outlier != 0 && count % 40 == 17)
                cell->taken_pages += campaign->outlier;
            arena_destroy(&arena);
            count++;
        }
    }
    arena_release(&arena);
    return count;
}

static struct fit_result fit(const struct campaign *campaign, const char *against)
{
    static struct fit_cell cells[MOST_CELLS];
    struct fit_result result;
    struct ballast_error err = unit_clean_error();
    size_t count = play(campaign, cells);
    if (fit_cells(cells, count, ballast_profile_find(against), &campaign->caps, &result, &err) != 0)
        fail_msg("%s", err.text);
    return result;
}

static void expect(const struct fit_result *result, enum fit_term term, int64_t correction)
{
    const struct fit_estimate *estimate = &result->estimates[term];
    enum fit_verdict want = correction ? FIT_DISAGREES : FIT_AGREES;
    char text[256];
    (void)fit_estimate_text(result, term, text, sizeof(text));
    if (estimate->verdict != want || estimate->correction_pages != correction)
        fail_msg("%s: %s, correction %d, not %d: %s", fit_term_name(term),
                 fit_verdict_name(estimate->verdict), (int)estimate->correction_pages,
                 (int)correction, text);
}

/* Of the heaps that are made. */
static uint64_t first_seed;
static unsigned heaps = 3;

/* A host of each version is that version, whatever its heap does, small guests or large. */
static void terms_are_found_again(void **state)
{
    (void)state;
    static const char *const versions[] = {"xen-4.14", "xen-4.17",   "xen-4.18",
                                           "xen-4.19", "xen-4.17.3", "xen-4.20"};
    static const unsigned keeps[] = {0, 60, 95};
    for (size_t v = 0; v < MEASURED_COUNT(versions); v++) {
        for (size_t k = 0; k < MEASURED_COUNT(keeps); k++) {
            for (unsigned seed = 1; seed <= heaps; seed++) {
                struct campaign campaign = {.profile = versions[v],
                                            .caps = BALLAST_HOST_CAPS_ALL,
                                            .seed = (unsigned)first_seed + seed,
                                            .keep_percent = keeps[k],
                                            .rounds = 24,
                                            .large = (first_seed + seed) % 2};
                campaign.caps.vmx = seed == 2;
                struct fit_result result = fit(&campaign, versions[v]);
                for (int i = 0; i < FIT_TERMS; i++) {
                    /* Where nothing ever settles, "unknown" is the right answer, and "wrong" not.
                     */
                    if (keeps[k] == 0 && result.estimates[i].verdict == FIT_UNKNOWN)
                        continue;
                    expect(&result, (enum fit_term)i, 0);
                }
                assert_false(fit_disagrees(&result));
                assert_int_equal(result.unexplained, 0);
            }
        }
    }
}

/* Each term that can be wrong is found by name, and the others stay right. */
static void a_wrong_profile_is_told(void **state)
{
    (void)state;
    struct campaign campaign = {.profile = "xen-4.17.3",
                                .caps = BALLAST_HOST_CAPS_ALL,
                                .seed = 3,
                                .keep_percent = 90,
                                .rounds = 24};
    struct fit_result result = fit(&campaign, "xen-4.17.7");
    expect(&result, FIT_HVM_BASE, 64);
    expect(&result, FIT_HVM_VCPU, 0);
    expect(&result, FIT_PVH_BASE, 0);
    expect(&result, FIT_PV_BASE, 0);
    char text[256];
    (void)fit_estimate_text(&result, FIT_HVM_BASE, text, sizeof(text));
    assert_non_null(strstr(text, "an HVM guest: 81 pages ("));
    assert_non_null(strstr(text, "profile xen-4.17.7 says 17"));

    campaign.profile = "xen-4.17";
    result = fit(&campaign, "xen-4.20");
    expect(&result, FIT_PV_BASE, 2);
    expect(&result, FIT_PVH_BASE, 2);
    expect(&result, FIT_HVM_BASE, 2);
    expect(&result, FIT_PVH_INSIDE, 2);
    expect(&result, FIT_PVH_VCPU, 0);

    result = fit(&campaign, "xen-4.14");
    assert_int_equal(result.estimates[FIT_PVH_POOL].verdict, FIT_DISAGREES);
    expect(&result, FIT_HVM_BASE, -64);

    campaign.caps.vmx = true;
    struct campaign amd = campaign;
    result = fit(&campaign, "xen-4.17");
    assert_false(fit_disagrees(&result));
    amd.caps.vmx = false;
    static struct fit_cell cells[MOST_CELLS];
    size_t count = play(&campaign, cells);
    assert_int_equal(
        fit_cells(cells, count, ballast_profile_find("xen-4.17"), &amd.caps, &result, NULL), 0);
    expect(&result, FIT_PVH_BASE, 3);
    expect(&result, FIT_PVH_VCPU, -1);
    expect(&result, FIT_PV_VCPU, 0);
}

/* A host like no release: the profile that is made of it says what it takes. */
static void a_host_of_its_own(void **state)
{
    (void)state;
    struct campaign campaign = {
        .profile = "xen-4.17",
        .caps = BALLAST_HOST_CAPS_ALL,
        .seed = 11,
        .keep_percent = 90,
        .rounds = 28,
        .outlier = -7,
        .off = {.off_base_pages = {[BALLAST_PV] = 1, [BALLAST_PVH] = 5, [BALLAST_HVM] = 40},
                .off_vcpu_pages = {[BALLAST_PVH] = 2, [BALLAST_HVM] = 3},
                .off_nested_vcpu_pages = 4}};
    struct fit_result result = fit(&campaign, "xen-4.17");
    expect(&result, FIT_PV_BASE, 1);
    expect(&result, FIT_PVH_BASE, 5);
    expect(&result, FIT_HVM_BASE, 40);
    expect(&result, FIT_PV_VCPU, 0);
    expect(&result, FIT_PVH_VCPU, 2);
    expect(&result, FIT_HVM_VCPU, 3);
    expect(&result, FIT_NESTED_VCPU, 4);
    assert_true(result.unexplained > 0);

    struct ballast_xen_terms terms;
    struct ballast_profile host;
    fit_terms(&result, &terms);
    ballast_xen_profile_make(&host, "host", "calibrated", &terms);
    for (unsigned i = 0; i < 40; i++) {
        struct ballast_guest guest =
            shape(i, sizes[i % 6], (enum ballast_guest_type)(i % BALLAST_GUEST_TYPES));
        struct ballast_breakdown b;
        struct fit_cell want;
        truth(&campaign, &guest, &want);
        assert_int_equal(ballast_breakdown_evaluate(&b, &host, &guest, &campaign.caps, NULL), 0);
        assert_int_equal(b.cost.settled_kib, 4 * want.taken_pages);
    }
}

/* How many terms disagree, and among equal numbers by how many pages. */
static uint64_t distance_of(const struct fit_result *result)
{
    uint64_t distance = 0;
    for (int i = 0; i < FIT_TERMS; i++) {
        if (result->estimates[i].verdict == FIT_DISAGREES)
            distance += 1000000 + (uint64_t)llabs(result->estimates[i].correction_pages);
        if (result->estimates[i].verdict == FIT_UNKNOWN && result->estimates[i].cells > 0)
            distance += 1000;
    }
    return distance;
}

/* Fits the cells against the listed exact profile that disagrees least. */
static void fit_nearest(const struct fit_cell *cells, size_t count,
                        const struct ballast_host_caps *caps, struct fit_result *out)
{
    const struct ballast_profile *profile;
    for (size_t i = 0; (profile = ballast_xen_profile_at(i)) != NULL; i++) {
        struct fit_result made;
        assert_int_equal(fit_cells(cells, count, profile, caps, &made, NULL), 0);
        if (i == 0 || distance_of(&made) < distance_of(out))
            *out = made;
    }
}

static void the_nearest_release(void **state)
{
    (void)state;
    static const char *const versions[] = {"xen-4.14", "xen-4.17", "xen-4.18", "xen-4.19",
                                           "xen-4.20"};
    for (size_t v = 0; v < MEASURED_COUNT(versions); v++) {
        static struct fit_cell cells[MOST_CELLS];
        struct campaign campaign = {.profile = versions[v],
                                    .caps = BALLAST_HOST_CAPS_ALL,
                                    .seed = 5,
                                    .keep_percent = 80,
                                    .rounds = 20};
        struct fit_result result;
        size_t count = play(&campaign, cells);
        fit_nearest(cells, count, &campaign.caps, &result);
        /* 4.19 and 4.20 are the same. */
        const char *want = v == 4 ? "xen-4.19" : versions[v];
        assert_string_equal(ballast_profile_name(result.profile), want);
        assert_false(fit_disagrees(&result));
    }
}

/* An arena that takes more than any host seen so far raises the bound, and covers every cell. */
static void a_larger_arena(void **state)
{
    (void)state;
    static struct fit_cell cells[MOST_CELLS];
    struct campaign campaign = {.profile = "xen-4.17",
                                .caps = BALLAST_HOST_CAPS_ALL,
                                .seed = 8,
                                .keep_percent = 90,
                                .rounds = 24};
    size_t count = play(&campaign, cells);
    struct fit_result result;
    struct ballast_xen_terms terms;
    for (size_t i = 0; i < count; i += 10)
        cells[i].taken_pages += 3 * (int64_t)cells[i].guest.attr[BALLAST_VCPUS] + 20;
    assert_int_equal(
        fit_cells(cells, count, ballast_profile_find("xen-4.17"), &campaign.caps, &result, NULL),
        0);
    assert_false(fit_disagrees(&result));
    fit_terms(&result, &terms);
    bool raised = false;
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++) {
        const struct fit_arena *arena = &result.arenas[type];
        raised |= arena->beyond > 0;
        assert_true(ballast_xen_arena_pages(&terms.arena[type], arena->worst_vcpus) >=
                    arena->worst_pages);
    }
    assert_true(raised);
    struct ballast_profile host;
    ballast_xen_profile_make(&host, "host", "calibrated", &terms);
    assert_int_equal(fit_cells(cells, count, &host, &campaign.caps, &result, NULL), 0);
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++)
        assert_int_equal(result.arenas[type].beyond, 0);
}

/* Too little is no answer, and never a wrong one. */
static void too_little(void **state)
{
    (void)state;
    struct fit_result result;
    struct ballast_error err = unit_clean_error();
    struct ballast_host_caps caps = BALLAST_HOST_CAPS_ALL;
    assert_int_equal(fit_cells(NULL, 0, ballast_profile_find("xen-4.17"), &caps, &result, &err), 0);
    for (int i = 0; i < FIT_TERMS; i++)
        assert_int_equal(result.estimates[i].verdict, FIT_UNKNOWN);
    assert_false(fit_disagrees(&result));
    assert_int_equal(fit_cells(NULL, 0, ballast_profile_find("libxl"), &caps, &result, &err),
                     -EINVAL);
    unit_assert_text(err, "libxl is not exact");
    /* Many guests of one size say nothing of what a vCPU takes. */
    struct campaign campaign = {.profile = "xen-4.17", .caps = caps};
    static struct fit_cell cells[30];
    for (size_t i = 0; i < 30; i++) {
        struct ballast_guest guest = shape(0, 4, BALLAST_PVH);
        truth(&campaign, &guest, &cells[i]);
    }
    assert_int_equal(fit_cells(cells, 30, ballast_profile_find("xen-4.17"), &caps, &result, &err),
                     0);
    assert_int_equal(result.estimates[FIT_PVH_VCPU].verdict, FIT_UNKNOWN);
    assert_int_equal(result.estimates[FIT_PVH_BASE].verdict, FIT_UNKNOWN);
    /* Guests that each were the first on a fresh heap: no two agree, or they are too few. */
    for (size_t i = 0; i < 6; i++) {
        struct ballast_guest guest = shape(0, sizes[i], BALLAST_PVH);
        truth(&campaign, &guest, &cells[i]);
        cells[i].taken_pages += 8 + (int64_t)(i * i * 7 % 13);
    }
    assert_int_equal(fit_cells(cells, 6, ballast_profile_find("xen-4.17"), &caps, &result, &err),
                     0);
    assert_int_equal(result.estimates[FIT_PVH_VCPU].verdict, FIT_UNKNOWN);
    cells[0].taken_pages = INT64_MAX;
    assert_int_equal(fit_cells(cells, 6, ballast_profile_find("xen-4.17"), &caps, &result, &err),
                     -EINVAL);
    unit_assert_text(err, "more pages than any host has");
}

/* The arenas that were told of real hosts, once as often as told and once with the many zeros. */
static void measured_arenas(void **state)
{
    (void)state;
    struct fit_point points[64];
    int64_t scratch[128];
    for (size_t host = 0; host < 3; host++) {
        size_t count = 0;
        for (size_t i = 0; i < MEASURED_COUNT(measured_arena); i++) {
            if (measured_arena[i].type != BALLAST_PV && measured_arena[i].pages[host] != UNTOLD)
                points[count++] = (struct fit_point){(int64_t)measured_arena[i].vcpus,
                                                     (int64_t)measured_arena[i].pages[host]};
        }
        /* "V <= 4 once grown: 0", of which there were dozens; here one each. */
        for (int64_t v = 1; v <= 4; v++)
            points[count++] = (struct fit_point){v, 0};
        struct fit_line line = fit_line_find(points, count, 0, 0, scratch);
        struct rival_line squares = rival_least_squares(points, count);
        struct rival_line absolute = rival_least_absolute(points, count);
        struct rival_line envelope = rival_envelope(points, count);
        printf("%s: arena read as a term: %+d %+dV; least squares %+.1f %+.2fV, least absolute "
               "%+.0f %+.0fV, envelope %+.0f %+.0fV\n",
               measured_profiles[host], (int)line.base, (int)line.slope, squares.base,
               squares.slope, absolute.base, absolute.slope, envelope.base, envelope.slope);
        assert_int_equal(line.base, 0);
        assert_int_equal(line.slope, 0);
        assert_true(fabs(squares.slope) > 0.5);
        assert_true(absolute.slope != 0 || absolute.base != 0);
    }
}

/* Growth that more guests share than have none is no term: those that have none lie below it. */
static void popular_growth_is_no_term(void **state)
{
    (void)state;
    struct fit_point points[20];
    int64_t scratch[40];
    for (int i = 0; i < 20; i++)
        points[i] = (struct fit_point){1 << (i / 5), i % 5 < 3 ? 2 : 0};
    struct fit_line line = fit_line_find(points, 20, 0, 0, scratch);
    assert_int_equal(line.base, 0);
    assert_int_equal(line.slope, 0);
    assert_int_equal(line.exact, 8);
    assert_int_equal(line.below, 0);
    assert_int_equal(line.sizes, 4);
    /* One that something else gave memory back to does not pull the line down to it. */
    points[7].y = -6;
    line = fit_line_find(points, 20, 0, 0, scratch);
    assert_int_equal(line.base, 0);
    assert_int_equal(line.slope, 0);
    assert_int_equal(line.below, 1);
}

/* How often each way finds the line through a made arena; the one that is used is never wrong. */
static void ways_compared(void **state)
{
    (void)state;
    unsigned found[4] = {0}, campaigns = 0;
    for (unsigned seed = 1; seed <= 30; seed++) {
        static struct fit_cell cells[MOST_CELLS];
        struct fit_point points[MOST_CELLS];
        int64_t scratch[2 * MOST_CELLS];
        struct campaign campaign = {.profile = "xen-4.17",
                                    .caps = BALLAST_HOST_CAPS_ALL,
                                    .seed = seed,
                                    .keep_percent = 10 * (seed % 10),
                                    .rounds = 6 + seed % 18,
                                    .large = true,
                                    .outlier = seed % 3 ? 0 : -5};
        size_t all = play(&campaign, cells), count = 0;
        for (size_t i = 0; i < all; i++) {
            struct fit_cell settled;
            if (cells[i].guest.type == BALLAST_PV)
                continue;
            truth(&campaign, &cells[i].guest, &settled);
            points[count++] = (struct fit_point){(int64_t)cells[i].guest.attr[BALLAST_VCPUS],
                                                 cells[i].taken_pages - settled.taken_pages};
        }
        struct fit_line line = fit_line_find(points, count, 0, 0, scratch);
        struct rival_line rivals[] = {rival_least_squares(points, count),
                                      rival_least_absolute(points, count),
                                      rival_envelope(points, count)};
        found[0] += line.base == 0 && line.slope == 0;
        for (int i = 0; i < 3; i++)
            found[i + 1] += fabs(rivals[i].base) < 0.5 && fabs(rivals[i].slope) < 0.05;
        campaigns++;
    }
    printf("of %u campaigns found: most cells met %u, least squares %u, least absolute %u, "
           "envelope %u\n",
           campaigns, found[0], found[1], found[2], found[3]);
    assert_int_equal(found[0], campaigns);
    assert_true(found[1] < campaigns / 2 && found[3] < campaigns);
}

int main(int argc, char **argv)
{
    if (seed_from(argc, argv, &first_seed, "terms_are_found_again"))
        heaps = 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_found_again),
        cmocka_unit_test(a_wrong_profile_is_told),
        cmocka_unit_test(a_host_of_its_own),
        cmocka_unit_test(the_nearest_release),
        cmocka_unit_test(a_larger_arena),
        cmocka_unit_test(too_little),
        cmocka_unit_test(measured_arenas),
        cmocka_unit_test(ways_compared),
        cmocka_unit_test(popular_growth_is_no_term),
    };
    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
