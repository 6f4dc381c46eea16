/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The law between a breakdown and its cost: see include/ballast/cost.h for what that is. */
#ifndef CORE_MODEL_COST_H
#define CORE_MODEL_COST_H

#include <ballast/cost.h>
#include <ballast/error.h>

#include "core/model/breakdown.h"

/*
 * Settled is the footprint, settled <= fresh_max <= later_max, and if the terms are known each of
 * the three is their sum. 0, also without a cost, or -EPROTO with the rule that is broken.
 */
int ballast_cost_check(const struct ballast_breakdown *breakdown, struct ballast_error *err);

#endif
