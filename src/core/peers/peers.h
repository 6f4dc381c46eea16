/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of other balancers, to compare ours with. They are policies like those of core/policy,
 * in the same balancer; only programs that cannot change a host link them.
 */
#ifndef CORE_PEERS_PEERS_H
#define CORE_PEERS_PEERS_H

#include "core/policy/policy.h"

/* The i-th of all policies, ours first, in the order of policy_at(); NULL past the end. */
const struct policy *peers_policy_at(size_t i);
/* Like policy_find(), among all. */
const struct policy *peers_policy_find(const char *name);

void peers_proportional_aim(const struct policy_view *view, struct policy_aim *aims);
void peers_preferred_aim(const struct policy_view *view, struct policy_aim *aims);
void peers_rules_aim(const struct policy_view *view, struct policy_aim *aims);
void peers_shares_aim(const struct policy_view *view, struct policy_aim *aims);

#endif
