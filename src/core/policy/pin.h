/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pinned target is one that an administrator set: the balancer keeps it, whatever the policy says
 * and the guest reports, within the guest's dynamic range. Only a request may squeeze the guest
 * below it, never below its floor, and by Ballast's own policy only where all others together
 * cannot serve it; afterwards it returns, and what is free is for that before it is for others.
 * What a balloon has shown that it does not give, no pin takes from it.
 */
#ifndef CORE_POLICY_PIN_H
#define CORE_POLICY_PIN_H

#include "core/policy/floor.h"
#include "core/policy/policy.h"

/* Lays a pin over a view that is complete otherwise. 0: it is not pinned, nothing changes. */
void pin_view(struct policy_domain *view, uint64_t pinned_kib, const struct floor_facts *facts);
/* What those below their pins are still to get of what is free: it is not shared out. */
uint64_t pin_lacking_kib(const struct policy_domain *domains, size_t count);
/* What the policy aims at gives way to pins. `request`: memory is being taken for one that waits.
 */
void pin_aims(const struct policy_view *view, bool request, struct policy_aim *aims);

#endif
