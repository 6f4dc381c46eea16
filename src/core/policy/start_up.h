/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The phase after a guest's kernel came up. What it reports then says little: it has little in use
 * before its services run, and much for a moment while they all start. So for some time
 *
 *  - it keeps what it has as if it were likely to need that soon: what others need goes before; a
 *    start that cannot be served by idle memory still reclaims from it, down to its floor;
 *  - its report is not probed, and nothing is learned from it: neither trust nor that it is proven.
 *
 * Pressure counts from the beginning: a guest that lacks memory while it boots lacks it. Before its
 * balloon driver is up it is not asked at all. A guest that was already up when the balancer first
 * saw it is past this phase.
 */
#ifndef CORE_POLICY_START_UP_H
#define CORE_POLICY_START_UP_H

#include "core/policy/track.h"

/*
 * Whether its use follows from free memory that was reported before the balancer first saw it, and
 * nothing has been reported since: it may have been ballooned down in between, and use more than
 * that. Its agent shows itself alive within FLOOR_AGENT_PERIOD_USEC, or has ended.
 */
bool start_up_awaits_report(const struct track *track, const struct ballast_domain *domain,
                            uint64_t now_usec);
/* Whether it is in that phase, which lasts so long. */
bool start_up_lasts(const struct track *track, uint64_t start_up_usec, uint64_t now_usec);
/* Undoes what a sample of a guest in that phase made the track learn. Its trust before it. */
void start_up_apply(uint32_t trust_permyriad, struct track *track,
                    const struct ballast_domain *domain);

#endif
