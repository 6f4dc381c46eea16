/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Divides a total by weight within bounds: each part is the same level times its weight, but at
 * least its lower bound and at most its upper one, and the parts sum to the total.
 */
#ifndef CORE_POLICY_FILL_H
#define CORE_POLICY_FILL_H

#include <stddef.h>
#include <stdint.h>

struct fill_part {
    uint64_t low_kib;
    uint64_t high_kib; /* not below low */
    uint64_t weight;   /* 0: receives its lower bound */
    uint64_t out_kib;  /* the result */
};

/*
 * Fills out_kib of `count` parts so that they sum to total_kib as closely as whole pages allow and
 * never exceed it, except that no part is below its lower bound, even if those alone exceed the
 * total. O(count).
 */
void fill_by_weight(struct fill_part *parts, size_t count, uint64_t total_kib);

#endif
