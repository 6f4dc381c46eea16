/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pinned target is one that an administrator set: the balancer keeps it, whatever the policy and
 * the guest's reports say, within the guest's dynamic range. Only a request may squeeze the guest
 * below it, never below its floor, and under Ballast's own policy only if all other domains
 * together cannot serve it. Afterwards the guest returns to its pinned target, and has precedence
 * over others for free memory. If its balloon has shown that it cannot go as low, the pin does not
 * force it.
 */
#ifndef CORE_POLICY_PIN_H
#define CORE_POLICY_PIN_H

#include "core/policy/floor.h"
#include "core/policy/policy.h"

/* Applies a pin to a view that is otherwise complete. 0: not pinned, nothing changes. */
void pin_view(struct policy_domain *view, uint64_t pinned_kib, const struct floor_facts *facts);
/*
 * The memory that domains below their pinned targets still lack: this part of free memory is not
 * shared out.
 */
uint64_t pin_lacking_kib(const struct policy_domain *domains, size_t count);
/*
 * Replaces the policy's aims for pinned domains. `request`: memory is being reclaimed for a
 * request.
 */
void pin_aims(const struct policy_view *view, bool request, struct policy_aim *aims);

#endif
