/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What guests really cost, seen from outside while they are built, beside what was predicted.
 *
 * Nobody tells how much of its memory Xen spends on a guest. But total - free - (what all domains
 * hold) is what Xen spends on everybody, and does not move when balloons do; so what it rises by
 * from before a guest was there until it is built is that guest's, as long as nobody else was built
 * or went meanwhile.
 */
#ifndef CORE_MODEL_DRIFT_H
#define CORE_MODEL_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/breakdown.h>
#include <ballast/error.h>

#include "core/model/host.h"

struct drift;

/* NULL: out of memory. drift_free() takes NULL. */
struct drift *drift_new(void);
void drift_free(struct drift *drift);

/* A guest that has been built since the sample before. */
struct drift_seen {
    uint32_t id;
    uint64_t tot_kib;   /* that it held at that sample */
    int64_t beside_kib; /* that Xen spends on it beside that, its paging pool included */
};

enum { DRIFT_SEEN = 16 };

/*
 * Whether its toolstack has finished with a domain whose memory is built. What emulates its devices
 * comes after that, takes pages of Xen as well, and is told of only by the toolstack.
 */
typedef bool drift_is_finished(void *context, const struct ballast_domain *domain);

/*
 * A sample of the host, each tick. Of guests that were finished since the last one, those whose
 * cost could be told apart go to `out`, DRIFT_SEEN at the most, in the order of the host's; the
 * number of them, or -ENOMEM. The host is one that ballast_host_check() lets through; its domains
 * may be in another order than before. O(n), and memory is taken only when there are more than
 * ever. `is_finished` is asked at each sample about a guest that is new and no longer in BUILD,
 * until it says yes; NULL stands for yes.
 */
int drift_sample(struct drift *drift, const struct ballast_host *host,
                 drift_is_finished *is_finished, void *context, struct drift_seen out[DRIFT_SEEN]);

/*
 * What the first sample of a guest that already runs cannot tell from its building: the pages that
 * hvmloader adds (11 to 12 were seen) and the first grant frames.
 */
#define DRIFT_TOLERANCE_PAGES 24

enum drift_verdict {
    DRIFT_WITHIN, /* the bound of the prediction */
    DRIFT_BELOW,  /* it cost less than was said */
    DRIFT_ABOVE,  /* it cost more than was said to be the most */
    DRIFT_VERDICTS
};

/* Whole, in KiB: what the host has lost for the guest, and was said to lose. */
struct drift_compared {
    uint64_t settled_kib;
    uint64_t fresh_max_kib;
    int64_t actual_kib;     /* with the memory that was predicted: balloons may have moved it */
    int64_t difference_kib; /* actual - settled */
    enum drift_verdict verdict;
};

/* -ENODATA: `predicted` is of no profile that knows costs to the page. */
int drift_compare(const struct ballast_breakdown *predicted, const struct drift_seen *seen,
                  struct drift_compared *out, struct ballast_error *err);

/* "within", "below", "above". */
const char *drift_verdict_name(enum drift_verdict verdict);

#endif
