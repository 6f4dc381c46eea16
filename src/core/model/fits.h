/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether guests would start on a host, one after the other, and who would have to give how much
 * where free memory does not suffice. Nothing is changed: the answers are values.
 *
 * A guest that fits, or fits if others give, takes what it needs before the next one is judged, and
 * what others have promised by then they cannot promise again. A guest that does not fit takes
 * nothing.
 */
#ifndef CORE_MODEL_FITS_H
#define CORE_MODEL_FITS_H

#include <stdint.h>

#include "core/model/host.h"

enum ballast_fit {
    BALLAST_FITS,              /* in what is free */
    BALLAST_FITS_IF_RECLAIMED, /* when others give up all that is missing */
    BALLAST_FITS_NOT,          /* not even when others give all they can */
    BALLAST_FIT_ANSWERS
};

struct ballast_fits_verdict {
    enum ballast_fit fit;
    uint64_t need_kib;
    uint64_t available_kib; /* free and promised to nobody when its turn came */
    uint64_t spare_kib;     /* what others could still give then, in whole pages */
    uint64_t missing_kib;   /* what others must give, in whole pages; where it does not fit: what is
                               missing even when they give all of spare_kib; else 0 */
};

/* What is left of a host while guests are judged. */
struct ballast_fits {
    const struct ballast_host *host;
    uint64_t available_kib;
    uint64_t *reclaimed_kib; /* promised so far, by index of the host's domains */
};

/*
 * Begins with `host`, which must have passed ballast_host_check() and is not copied.
 * `reclaimed_kib` has room for host->domain_count; it is the caller's and is set to zero here.
 */
void ballast_fits_begin(struct ballast_fits *fits, const struct ballast_host *host,
                        uint64_t *reclaimed_kib);

/*
 * Judges the next guest and, unless it does not fit, lets it take what it needs. reclaim_kib[i],
 * for each of the host's domains, is what that one must give for this guest: whole pages, in
 * proportion to what each can spare and never beyond it, together exactly missing_kib; all zero
 * where nobody has to or where it would not help.
 */
void ballast_fits_judge(struct ballast_fits *fits, uint64_t need_kib,
                        struct ballast_fits_verdict *verdict, uint64_t *reclaim_kib);

/* "fits", "fits-if-reclaimed", "does-not-fit". */
const char *ballast_fit_name(enum ballast_fit fit);

#endif
