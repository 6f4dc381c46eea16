/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a report of use that takes up all of a guest's memory is a need. A guest can report
 * anything, but its balloon shows pages that it really frees. So while other domains lack memory, a
 * guest that reports nearly all of its memory in use is asked for at most a sixteenth of it below
 * its report, and its next report decides:
 *
 *  - it has fallen by about what was freed: the report follows the allotment, and is not a need.
 *    The next step is allowed, while others still lack memory. Between steps the guest keeps
 *    what it has, and its report claims nothing beyond;
 *  - it has stayed: the guest needs what it reports, as far as can be known. It has its memory
 *    back, and is not probed again for a time that doubles;
 *  - its balloon has stopped, or taken memory back, its pressure shows a sign, or a quarter of the
 *    step or more has gone to swap: the same;
 *  - it has stayed, but its pressure is known and quiet, or it is of Qubes' meminfo-writer, which
 *    would report in swap what it has no memory for, and neither swap nor pressure rose: it reports
 *    what it does not use. That counts as if the report had followed.
 *
 * Use that is computed from free memory (data/meminfo_free, by any guest agent) never exceeds what
 * the guest has, so it falls also while a guest that needs all swaps. It shows nothing: with it
 * only quiet pressure finds anything, and a guest without that is not probed.
 *
 * A step that nobody wanted, so that the guest was not asked for anything, ends as if it had not
 * begun. A guest that reports memory free is not probed for a while. What was found is forgotten
 * after a time that doubles with each finding. A guest that reports neither use nor pressure is
 * never probed.
 */
#ifndef CORE_POLICY_PROBE_H
#define CORE_POLICY_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/host.h"
#include "core/policy/distress.h"

/* A step of a probe: this part of what the guest has when the step begins, and a gentle one. */
#define PROBE_STEP_PART        16
#define PROBE_GENTLE_STEP_PART 24
/* A step that no report answers for this long is ended. */
#define PROBE_UNANSWERED_USEC (UINT64_C(10) * 1000000)

struct probe {
    /* Its memory, as long as it does not move by more than a little. */
    uint64_t steady_kib;
    uint64_t steady_usec; /* since when */
    /* The last report that was made while its memory was steady; 0: none yet. */
    uint64_t seen_tot_kib;
    uint64_t seen_used_kib;

    bool proven; /* it has reported memory free, and its report has not followed its memory since */
    uint64_t from_kib; /* the step under way began at this size; 0: none is under way */
    uint64_t step_kib; /* it is to free so much */
    uint64_t from_usec;
    uint64_t from_swap_kib; /* of what it reported then, in swap */
    uint64_t rest_usec;     /* no step before that time */
    uint32_t stays;         /* probes in a row that its report withstood */
    uint32_t follows;       /* steps in a row in which its report followed its memory */
    uint32_t findings;      /* how often the first of such steps was found */
    uint64_t follows_usec;  /* when the last of them ended */
};

/* What changed with a sample; for tests and for the record. */
enum probe_news { PROBE_NO_NEWS, PROBE_FOLLOWED, PROBE_WITHSTOOD, PROBE_UNANSWERED };

/*
 * Takes a sample of the domain. `made_usec` is when a report that is new with this sample was made,
 * 0 if there is none. `stopped`: its balloon does not free what it is asked for, or took it back.
 * `distress` is that of this sample.
 */
enum probe_news probe_sample(struct probe *probe, const struct ballast_domain *domain,
                             uint64_t made_usec, bool stopped, const struct distress *distress,
                             uint64_t now_usec);
/*
 * Whether it may die if it is asked for less than it reports: neither swap nor pressure is known,
 * and it leaves as much free as a kernel does.
 */
bool probe_may_kill(const struct ballast_domain *domain, const struct distress *distress);
/*
 * Whether a step may begin: its report takes up nearly all that it has, and it does not rest or
 * show any sign of pressure.
 */
bool probe_may_begin(const struct probe *probe, const struct ballast_domain *domain,
                     const struct distress *distress, uint64_t now_usec);
void probe_begin(struct probe *probe, const struct ballast_domain *domain, bool gently,
                 uint64_t now_usec);
/*
 * The size that its report justifies at most; BALLAST_NONE: no bound follows from probes. Between
 * two steps that is what it has, or the target that it is still to reach by the last one.
 */
uint64_t probe_most_kib(const struct probe *probe, const struct ballast_domain *domain);

#endif
