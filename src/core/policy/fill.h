/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sharing by weight within bounds: everybody gets the same level times his weight, no less than his
 * lower bound and no more than his upper one, and the sums come to the total.
 */
#ifndef CORE_POLICY_FILL_H
#define CORE_POLICY_FILL_H

#include <stddef.h>
#include <stdint.h>

struct fill_part {
    uint64_t low_kib;
    uint64_t high_kib; /* not below low */
    uint64_t weight;   /* 0: gets its lower bound */
    uint64_t out_kib;  /* the answer */
};

/*
 * Fills out_kib of `count` parts so that they sum to total_kib as nearly as whole pages allow,
 * never more (but never less than the lower bounds, even where those alone exceed the total).
 * O(count).
 */
void fill_by_weight(struct fill_part *parts, size_t count, uint64_t total_kib);

#endif
