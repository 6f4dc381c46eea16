/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What guests cost that were built while the daemon ran, compared with the prediction. An alert is
 * on as long as the cost is outside the bound of the prediction.
 */
#ifndef APP_BALLASTD_ENGINE_COSTS_H
#define APP_BALLASTD_ENGINE_COSTS_H

#include <stdint.h>

#include "core/ledger/ledger.h"
#include "core/model/drift.h"

struct calibration;
struct engine;
struct costs;

/* NULL: out of memory. costs_free() takes NULL. */
struct costs *costs_new(void);
void costs_free(struct costs *costs);

/* After each sample of the host. */
void costs_sample(struct engine *engine);

/* Of a life, or NULL: it was there before the daemon, or could not be told apart. */
const struct drift_compared *costs_find(const struct costs *costs, uint32_t domid,
                                        const uint8_t uuid[LEDGER_UUID]);

struct costs_sum {
    const char *profile; /* that guests are predicted by; NULL: none knows this host to the page */
    const struct calibration *calibration; /* that it is of; NULL: it is one of ours */
    const char *refused; /* why the host's own is ignored; NULL: it is used, or there is none */
    uint64_t guests;     /* that were compared since the start */
    uint64_t outside;    /* of these, whose cost was not within the bound */
    uint64_t above;      /* of these, which cost more */
    int64_t worst_kib;   /* the largest difference, by its size; 0: none */
};
struct costs_sum costs_sum(const struct engine *engine);

#endif
