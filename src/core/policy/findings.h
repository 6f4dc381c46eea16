/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a sample showed about a domain, beside what is decided about it: how a probe of its report
 * ended, that its report counts again, that its pressure shows a lack, or no longer. All of it
 * follows from the domain's track after the sample, and from its probe before it.
 */
#ifndef CORE_POLICY_FINDINGS_H
#define CORE_POLICY_FINDINGS_H

#include "core/policy/balancer.h"
#include "core/policy/track.h"

/* One of its report and one of its pressure. */
enum { FINDINGS_MOST = 2 };

/*
 * Distress is over when there was no sign of it for so long. Within that time a guest causes two
 * findings of its pressure at most, whatever it writes.
 */
#define FINDINGS_CALM_USEC (UINT64_C(30) * 1000000)
/* That a guest's report is no need is told once in so long, and that it counts again once after. */
#define FINDINGS_AGAIN_USEC (UINT64_C(300) * 1000000)

/*
 * Writes them to `out` and returns how many; remembers in the track what was told. `was` is its
 * probe before the sample.
 */
size_t findings_of(const struct probe *was, struct track *track,
                   const struct ballast_domain *domain, uint64_t now_usec,
                   struct balancer_finding out[FINDINGS_MOST]);

#endif
