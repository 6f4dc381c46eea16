/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long it takes until enough has been given, if everybody keeps his pace. */
#ifndef CORE_POLICY_FORECAST_H
#define CORE_POLICY_FORECAST_H

#include <stddef.h>
#include <stdint.h>

struct forecast_giver {
    uint64_t gives_kib; /* in all */
    uint64_t rate_kib;  /* a second */
};

/*
 * The least time after which they have given missing_kib together, each no more than he gives in
 * all. UINT64_MAX when they never will, or not within 2^53 us (285 years).
 */
uint64_t forecast_usec(const struct forecast_giver *givers, size_t count, uint64_t missing_kib);

#endif
