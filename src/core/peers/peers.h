/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of other balancers, to compare ours with. They are policies like those of core/policy,
 * and the same balancer surrounds them; only what changes no host links them.
 */
#ifndef CORE_PEERS_PEERS_H
#define CORE_PEERS_PEERS_H

#include "core/policy/policy.h"

/* The i-th policy of all, ours first, in the order of policy_at(); NULL past the end. */
const struct policy *peers_policy_at(size_t i);
/* As policy_find(), among all. */
const struct policy *peers_policy_find(const char *name);

void peers_proportional_aim(const struct policy_view *view, struct policy_aim *aims);
void peers_preferred_aim(const struct policy_view *view, struct policy_aim *aims);
void peers_rules_aim(const struct policy_view *view, struct policy_aim *aims);
void peers_shares_aim(const struct policy_view *view, struct policy_aim *aims);

#endif
