/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The laws, as far as they can be seen in what a host shows before and after a tick has acted. */
#ifndef APP_TICK_LAWS_H
#define APP_TICK_LAWS_H

#include "app/tick/kept.h"
#include "app/tick/tick.h"

/* Sums over one snapshot. */
struct tick_sums {
    uint64_t held_kib;      /* Xen, domains and free memory */
    uint64_t available_kib; /* available: free, less slack, builds, claims and reservations */
    uint64_t owed_kib;      /* slack, builds, claims and reservations beyond what is free */
    uint64_t room_kib;      /* between what domains that can take hold, and their maxima */
    uint64_t growth_kib;    /* between what they hold and their targets */
};

struct tick_sums tick_sums_of(const struct ballast_host *host, uint64_t reserved_kib);
/*
 * The same, after the sample whose domains are `before`. A guest that has given something since
 * then left that room itself, and as much became free or covers what is owed: it is not counted,
 * nor is the growth back to where it was.
 */
struct tick_sums tick_sums_since(const struct ballast_host *host, uint64_t reserved_kib,
                                 const struct kept *before);

/* The laws about a single set, which was done to `domain` as it was before. */
void tick_laws_of_set(const struct ballast_domain *domain, const struct balancer_set *set,
                      struct tick_result *out);
/* The laws about sums, before and after everything was done. */
void tick_laws_of_sums(const struct ballast_host *host, const struct tick_sums *before,
                       const struct tick_sums *after, struct tick_result *out);

#endif
