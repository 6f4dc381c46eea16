/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast one guest is asked for memory that no start waits for: in one step for at most a part of
 * its memory (balancer_settings), and after a step not again for as much of ten seconds as the step
 * was of that part. A part too small to be worth a write is asked for as a larger one, less often.
 * A guest that is squeezed faster has no time to show that it needs its memory.
 *
 * The state of the host changes it: where it is hard the part is twice as large, where it is low
 * there is no limit. A start is what Ballast frees memory for, so it waits for no limit; neither
 * does a pinned target, a range that was lowered, or reserved memory that another domain took.
 */
#ifndef CORE_POLICY_SQUEEZE_H
#define CORE_POLICY_SQUEEZE_H

#include "core/policy/host_state.h"
#include "core/policy/policy.h"
#include "core/policy/track.h"

#define SQUEEZE_USEC (UINT64_C(10) * 1000000)

/* The most of one step of a guest with so much memory; 0: no limit. */
uint64_t squeeze_step_kib(const struct balancer_settings *settings, enum host_state state,
                          uint64_t tot_kib);
/* The same, as this balancer has them. */
uint64_t squeeze_step_of(const struct balancer *balancer, uint64_t tot_kib);
/* Sets view->squeeze_kib. A target moves by more than `still_kib`, if at all. */
void squeeze_view(struct policy_domain *view, const struct track *track, uint64_t step_kib,
                  uint64_t still_kib, uint64_t now_usec);
/* An aim that no start waits for, within the limit. */
uint64_t squeeze_aim_kib(const struct policy_domain *view, uint64_t aim_kib);
/* Its target is lowered to `target_kib`, and no start waits. */
void squeeze_charge(struct track *track, const struct policy_domain *view, uint64_t step_kib,
                    uint64_t target_kib, uint64_t now_usec);

#endif
