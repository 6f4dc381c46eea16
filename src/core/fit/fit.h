/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a host takes for guests, found from guests that were built on it: the corrections that an
 * exact profile needs there, how sure each is, and which terms of the profile disagree. Pure
 * arithmetic; whoever drives a host (builds guests paused, reads free_pages before and after,
 * destroys them) hands in what it saw.
 *
 * The estimator. A guest takes what the profile says, a correction of so many pages a guest, so
 * many a vCPU (and so many a vCPU with nested virtualisation), and A: pages that Xen's own heap
 * grew by. A is a whole number, never negative, 0 in most builds once the heap has grown, and
 * depends on who was there before: larger guests have more of it, so it is neither symmetric nor
 * independent of what is fitted. Least squares then calls the mean of A a term; least absolute
 * deviations and the lower envelope (the line below all cells that is nearest to them) tilt where
 * large guests never get to 0. What is certain is that all true figures are whole pages and that
 * cells with A = 0 lie on the true line exactly, all others above it. So the line is taken that
 * most cells meet to the page, each cell below it counting against it twice; of equal ones the one
 * that changes the profile least. tests/fit compares the four.
 */
#ifndef CORE_FIT_FIT_H
#define CORE_FIT_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>
#include <ballast/host.h>
#include <ballast/profile.h>

#include "core/model/guest.h"
#include "core/model/xen_terms.h"

/* A guest that was built, in pages as Xen counted them. Cells are given in the order of time. */
struct fit_cell {
    struct ballast_guest guest; /* as it was configured */
    uint64_t tot_pages;         /* of the domain, built and paused */
    uint64_t pool_pages;        /* its paging pool; 0 for PV */
    int64_t taken_pages; /* that free_pages fell by; the heap may even have given some back */
};

/* What is fitted. A correction is what the host takes beyond what the profile says. */
enum fit_term {
    FIT_PV_BASE,
    FIT_PV_VCPU,
    FIT_PVH_BASE,
    FIT_PVH_VCPU,
    FIT_HVM_BASE,
    FIT_HVM_VCPU,
    FIT_NESTED_VCPU,
    FIT_PV_INSIDE, /* tot_pages beyond what the profile says of it */
    FIT_PVH_INSIDE,
    FIT_HVM_INSIDE,
    FIT_PVH_POOL, /* the paging pool likewise */
    FIT_HVM_POOL,
    FIT_TERMS
};

enum fit_verdict {
    FIT_UNKNOWN,   /* no cells, or too few that agree with each other, a fifth for a correction */
    FIT_AGREES,    /* the profile is right */
    FIT_DISAGREES, /* and here is what would be */
    FIT_VERDICTS
};

struct fit_estimate {
    enum fit_verdict verdict;
    int64_t shipped_pages;    /* what the profile says */
    int64_t correction_pages; /* 0 where it is right or nothing is known */
    /*
     * Corrections that could be meant as well, since half as many cells, of more than half as many
     * sizes, meet them: the two are equal where it is clear.
     */
    int64_t least_pages, most_pages;
    size_t cells;
    size_t exact; /* that meet it to the page */
    size_t below; /* that took less, which no growth of a heap explains */
    size_t sizes; /* different numbers of vCPUs among those that are exact */
};

/* What the cells of a type say of the heap: residuals once the corrections are made. */
struct fit_arena {
    size_t cells;
    size_t zero;
    uint64_t median_pages;
    uint64_t worst_pages;
    uint64_t worst_vcpus;
    size_t beyond; /* cells that took more than the profile's bound */
    struct ballast_arena_bound
        bound; /* the profile's, or a larger one that covers them, and a tenth */
};

struct fit_result {
    const struct ballast_profile *profile; /* that was compared with */
    struct fit_estimate estimates[FIT_TERMS];
    struct fit_arena arenas[BALLAST_GUEST_TYPES];
    size_t unexplained; /* cells below the line that was found for them */
};

/*
 * Fits `count` cells of a host of `caps` against an exact profile. -EINVAL: the profile is not
 * exact, or it cannot evaluate a cell's guest (err tells which); -ENOMEM.
 */
int fit_cells(const struct fit_cell *cells, size_t count, const struct ballast_profile *profile,
              const struct ballast_host_caps *caps, struct fit_result *out,
              struct ballast_error *err);

/* Whether anything disagrees; unknown terms do not. */
bool fit_disagrees(const struct fit_result *result);

/*
 * Which of the listed exact profiles disagrees least with the cells: *out is its result, and the
 * profile in it. Errors as above.
 */
int fit_nearest(const struct fit_cell *cells, size_t count, const struct ballast_host_caps *caps,
                struct fit_result *out, struct ballast_error *err);

/*
 * The terms of that host: the profile's with the corrections that are certain. What the domains
 * themselves hold beyond the profile becomes part of the correction a guest.
 */
void fit_terms(const struct fit_result *result, struct ballast_xen_terms *out);

/* "pvh_vcpu" ... */
const char *fit_term_name(enum fit_term term);
/* "unknown", "agrees", "disagrees". */
const char *fit_verdict_name(enum fit_verdict verdict);
/*
 * One sentence for people, always terminated: "a HVM guest: 77 pages, not 13 (41 of 53 guests to
 * the page)". Returns its full length.
 */
size_t fit_estimate_text(const struct fit_result *result, enum fit_term term, char *buf,
                         size_t size);

#endif
