/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The measured cost of guests while they are built, compared with the prediction. Nothing reports
 * how much of its memory Xen spends on a guest. But total - free - (the current memory of all
 * domains) is what Xen spends on all of them, and balloons do not change it. Its rise from before a
 * guest appears until it is built is therefore the cost of that guest, as long as no other is built
 * or disappears meanwhile.
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

/* A guest whose build ended since the previous sample. */
struct drift_seen {
    uint32_t id;
    uint64_t tot_kib;   /* its current memory at that sample */
    int64_t beside_kib; /* what Xen spends on it beyond that, paging pool included */
};

enum { DRIFT_SEEN = 16 };

/*
 * Whether the toolstack has finished with a domain whose memory is built. Its device model starts
 * later and takes pages of Xen too; only the toolstack can say when it is up.
 */
typedef bool drift_is_finished(void *context, const struct ballast_domain *domain);

/*
 * A sample of the host, once per tick. Guests that were finished since the last one, and whose cost
 * could be separated, go to `out`, at most DRIFT_SEEN, in the order of the host's domains. Returns
 * their number, or -ENOMEM. The host must pass ballast_host_check(); its domains may change their
 * order. O(n); allocates only when there are more domains than ever before. For each guest that is
 * new and no longer in state BUILD, `is_finished` is called at each sample until it returns true;
 * NULL stands for true.
 */
int drift_sample(struct drift *drift, const struct ballast_host *host,
                 drift_is_finished *is_finished, void *context, struct drift_seen out[DRIFT_SEEN]);

/*
 * The first sample of a guest that already runs includes the pages that hvmloader adds (11 to 12
 * were seen) and the first grant frames.
 */
#define DRIFT_TOLERANCE_PAGES 24

enum drift_verdict {
    DRIFT_WITHIN, /* the bound of the prediction */
    DRIFT_BELOW,  /* it cost less than predicted */
    DRIFT_ABOVE,  /* it cost more than the predicted maximum */
    DRIFT_VERDICTS
};

/* In KiB: what the host lost for the guest, and the prediction. */
struct drift_compared {
    uint64_t settled_kib;
    uint64_t fresh_max_kib;
    int64_t actual_kib;     /* with the predicted memory, since balloons may have moved */
    int64_t difference_kib; /* actual - settled */
    enum drift_verdict verdict;
};

/* -ENODATA: `predicted` is not from an exact profile. */
int drift_compare(const struct ballast_breakdown *predicted, const struct drift_seen *seen,
                  struct drift_compared *out, struct ballast_error *err);

/* "within", "below", "above". */
const char *drift_verdict_name(enum drift_verdict verdict);

#endif
