/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What guests cost on a host, from guests that were built there: the corrections to an exact
 * profile, how certain each is, and which terms of the profile are wrong. Pure arithmetic; the
 * caller builds guests paused, reads free_pages before and after, destroys them, and passes the
 * measurements.
 *
 * The estimator. A guest costs what the profile says, plus a correction per guest, per vCPU (and
 * per vCPU with nested virtualisation), plus A: pages by which Xen's own heap grew. A is a whole
 * number, never negative, 0 for most builds once the heap has grown. It depends on the guests built
 * before, and larger guests have more of it, so it is neither symmetric nor independent of what is
 * fitted. Least squares would take the mean of A for a term; least absolute deviations and the
 * lower envelope (the line below all cells that is nearest to them) tilt if large guests never get
 * to 0. Certain is that all true figures are whole pages, that cells with A = 0 lie exactly on the
 * true line, and all others above it. So the fit is the line that most cells match to the page,
 * where each cell below it counts against it twice; of equal ones the one that changes the profile
 * least. tests/fit compares the four.
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

/* A guest that was built, in pages as Xen counted them. Cells are in the order of time. */
struct fit_cell {
    struct ballast_guest guest; /* its configuration */
    uint64_t tot_pages;         /* of the domain, built and paused */
    uint64_t pool_pages;        /* its paging pool; 0 for PV */
    int64_t taken_pages;        /* by which free_pages fell; negative if the heap freed some */
};

/* The terms to fit. A correction is what a guest costs beyond the profile. */
enum fit_term {
    FIT_PV_BASE,
    FIT_PV_VCPU,
    FIT_PVH_BASE,
    FIT_PVH_VCPU,
    FIT_HVM_BASE,
    FIT_HVM_VCPU,
    FIT_NESTED_VCPU,
    FIT_PV_INSIDE, /* tot_pages beyond the profile */
    FIT_PVH_INSIDE,
    FIT_HVM_INSIDE,
    FIT_PVH_POOL, /* the paging pool likewise */
    FIT_HVM_POOL,
    FIT_TERMS
};

enum fit_verdict {
    FIT_UNKNOWN,   /* no cells, or too few that agree with each other (a fifth for a correction) */
    FIT_AGREES,    /* the profile is correct */
    FIT_DISAGREES, /* the correction follows */
    FIT_VERDICTS
};

struct fit_estimate {
    enum fit_verdict verdict;
    int64_t shipped_pages;    /* the profile's figure */
    int64_t correction_pages; /* 0 if the profile is correct or nothing is known */
    /*
     * The range of corrections that are also possible, since half as many cells, of more than half
     * as many sizes, match them; the two are equal if the result is clear.
     */
    int64_t least_pages, most_pages;
    size_t cells;
    size_t exact; /* that match it to the page */
    size_t below; /* that cost less, which no growth of a heap explains */
    size_t sizes; /* different numbers of vCPUs among the exact ones */
};

/* The growth of the heap in the cells of a type: residuals after the corrections. */
struct fit_arena {
    size_t cells;
    size_t zero;
    uint64_t median_pages;
    uint64_t worst_pages;
    uint64_t worst_vcpus;
    size_t beyond; /* cells above the profile's bound */
    struct ballast_arena_bound
        bound; /* the profile's, or a larger one that covers them plus a tenth */
};

struct fit_result {
    const struct ballast_profile *profile; /* the profile that was compared with */
    struct fit_estimate estimates[FIT_TERMS];
    struct fit_arena arenas[BALLAST_GUEST_TYPES];
    size_t unexplained; /* cells below their line */
};

/*
 * Fits `count` cells of a host with `caps` against an exact profile. -EINVAL: the profile is not
 * exact, or it cannot evaluate a cell's guest (named in err); -ENOMEM.
 */
int fit_cells(const struct fit_cell *cells, size_t count, const struct ballast_profile *profile,
              const struct ballast_host_caps *caps, struct fit_result *out,
              struct ballast_error *err);

/* Whether any term disagrees; unknown ones do not count. */
bool fit_disagrees(const struct fit_result *result);

/*
 * The terms of that host: the profile's with the certain corrections. Pages in the domains
 * themselves beyond the profile become part of the correction per guest.
 */
void fit_terms(const struct fit_result *result, struct ballast_xen_terms *out);

/* "pvh_vcpu" ... */
const char *fit_term_name(enum fit_term term);
/* "unknown", "agrees", "disagrees". */
const char *fit_verdict_name(enum fit_verdict verdict);
/*
 * One sentence, always terminated: "a HVM guest: 77 pages, not 13 (41 of 53 guests to the page)".
 * Returns its full length.
 */
size_t fit_estimate_text(const struct fit_result *result, enum fit_term term, char *buf,
                         size_t size);

#endif
