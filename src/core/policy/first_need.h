/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of a domain's need that is served, and counted as lacking, before all others. */
#ifndef CORE_POLICY_FIRST_NEED_H
#define CORE_POLICY_FIRST_NEED_H

#include "core/policy/policy.h"

/*
 * What counts before all other needs: what is proven; else up to an even share, or to what the
 * domain may die without; of a silent one what it has, up to half of an even share.
 */
uint64_t first_need_kib(const struct policy_domain *domain);

#endif
