/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long it takes until enough has been given, if everybody keeps his pace. */
#ifndef CORE_POLICY_FORECAST_H
#define CORE_POLICY_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#include "core/policy/pace.h"

struct forecast_donor {
    uint64_t reclaim_kib; /* in all */
    struct pace pace;
};

/* From the fast ends of their paces to the slow ones. UINT64_MAX, both: they never will. */
struct forecast {
    uint64_t min_usec;
    uint64_t max_usec;
};

/*
 * The least time after which they have given missing_kib together, each no more than he gives in
 * all. Never is also what takes more than 2^53 us (285 years).
 */
struct forecast forecast_of(const struct forecast_donor *donors, size_t count,
                            uint64_t missing_kib);

/* "about 27 s", "about 9 min to 3 h", "less than 1 s", "never", as snprintf. */
size_t forecast_text(const struct forecast *forecast, char *buf, size_t size);

#endif
