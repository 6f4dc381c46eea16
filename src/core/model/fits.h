/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether guests would start on a host, one after the other, and how much which domains would have
 * to free if available memory does not suffice. Changes nothing: the answers are values.
 *
 * A guest that fits, or fits if others free memory, takes its need before the next guest is
 * checked, and what domains have to free for it cannot be freed again. A guest that does not fit
 * takes nothing.
 */
#ifndef CORE_MODEL_FITS_H
#define CORE_MODEL_FITS_H

#include <stdint.h>

#include "core/model/host.h"

enum ballast_fit {
    BALLAST_FITS,              /* in available memory */
    BALLAST_FITS_IF_RECLAIMED, /* if others free what is missing */
    BALLAST_FITS_NOT,          /* not even if others free all they can */
    BALLAST_FIT_ANSWERS
};

struct ballast_fits_verdict {
    enum ballast_fit fit;
    uint64_t need_kib;
    uint64_t available_kib; /* available at its turn */
    uint64_t spare_kib;     /* what others could still free then, in whole pages */
    uint64_t missing_kib;   /* what others must free, in whole pages; if it does not fit, what is
                               missing after they free all of spare_kib; else 0 */
};

/* What is left of a host after the guests so far. */
struct ballast_fits {
    const struct ballast_host *host;
    uint64_t available_kib;
    uint64_t *reclaimed_kib; /* to be freed for the guests so far, by index of the host's domains */
};

/*
 * Starts with `host`, which must have passed ballast_host_check() and is not copied.
 * `reclaimed_kib` has room for host->domain_count entries; the caller owns it, and this sets it to
 * zero.
 */
void ballast_fits_begin(struct ballast_fits *fits, const struct ballast_host *host,
                        uint64_t *reclaimed_kib);

/*
 * Checks the next guest and, if it fits, lets it take its need. reclaim_kib[i] is what domain i of
 * the host must free for it: whole pages, in proportion to what each domain can spare and never
 * more, missing_kib in total; all zero if none has to, or if it would not help.
 */
void ballast_fits_check(struct ballast_fits *fits, uint64_t need_kib,
                        struct ballast_fits_verdict *verdict, uint64_t *reclaim_kib);

/* "fits", "fits-if-reclaimed", "does-not-fit". */
const char *ballast_fit_name(enum ballast_fit fit);

#endif
