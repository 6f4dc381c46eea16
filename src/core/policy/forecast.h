/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long it takes until enough has been reclaimed, at the present rates. */
#ifndef CORE_POLICY_FORECAST_H
#define CORE_POLICY_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#include "core/policy/pace.h"

struct forecast_donor {
    uint64_t reclaim_kib; /* in total */
    struct pace pace;
};

/* From the fast ends of the rates to the slow ones. Both UINT64_MAX: never. */
struct forecast {
    uint64_t min_usec;
    uint64_t max_usec;
};

/*
 * The shortest time after which the donors together have freed missing_kib, each at most its
 * reclaim_kib. More than 2^53 us (285 years) counts as never.
 */
struct forecast forecast_of(const struct forecast_donor *donors, size_t count,
                            uint64_t missing_kib);

/* "about 27 s", "about 9 min to 3 h", "less than 1 s", "never"; returns like snprintf(). */
size_t forecast_text(const struct forecast *forecast, char *buf, size_t size);

#endif
