/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What programs in a guest report of its memory: pure, and built without Xen's libraries.
 *
 *   memory/meminfo      use in KiB, swap included, and memory/swapinfo of that, by Qubes'
 *                       meminfo-writer. It looks ten times a second, and writes the first when it
 *                       has moved, the second always.
 *   data/meminfo_free   free memory in KiB, by the agents of XenServer and XCP-ng and by
 *                       ballast-agent: each minute or two, if it has changed. data/updated and
 *                       data/update_cnt are written in any case.
 *   data/ballast/...    pressure, and `alive`, a counter that changes at least each minute, by
 *                       ballast-agent.
 *
 * A report's age counts from the last change of its value or the last sign of life of its program,
 * whichever is later. Without watches only a change is seen. ballast-agent that lives beside
 * another agent says nothing of what that reports.
 *
 * Of free memory follows use: what Xen said that the guest held when the report came, less video
 * memory. What its agents call the total is not used: they read it once, and it is wrong after
 * ballooning. Ballooning since then is taken from what is free, and is not use. What was reported
 * before a program looked for the first time counts as reported then: what the guest was ballooned
 * down by just before is missing in its use, until it reports again.
 */
#ifndef EDGE_HV_XEN_REPORT_H
#define EDGE_HV_XEN_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "edge/hv/hv.h"
#include "edge/hv/xen_decode.h"

/*
 * No agent that lives is silent for longer: xe-guest-utilities and the Windows agent look at memory
 * each 120 s.
 */
#define XEN_REPORT_SILENT_USEC UINT64_C(120000000)
/*
 * So long after their last sign of life (data/updated, data/update_cnt) data/meminfo_free is theirs
 * and not ballast-agent's, which leaves it to them for the same time (app/agent/rules.c).
 */
#define XEN_REPORT_OTHERS_USEC UINT64_C(600000000)
/* A domain's reports are read no sooner after the last time, however often it writes them. */
#define XEN_REPORT_EVERY_USEC UINT64_C(250000)

/* What is remembered of a domain's reports from sample to sample. Times: BALLAST_NONE, never. */
struct xen_report {
    uint64_t meminfo_usec; /* the last change or sign of life: of memory/meminfo */
    uint64_t free_usec;    /* of data/meminfo_free */
    uint64_t pressure_usec;
    uint64_t others_usec; /* the last sign of life of other agents than ballast-agent */
    bool of_others;       /* data/meminfo_free is theirs */
    uint64_t free_of_kib; /* what it held when data/meminfo_free was written, less video */
    uint64_t held_kib;  /* the most that it held since the last sample in which reports were read */
    uint64_t read_usec; /* when they were */
};

/* What became of a domain's nodes in one sample. */
struct xen_report_nodes {
    uint32_t read;
    uint32_t waiting; /* to be read in a later one */
    uint32_t written; /* since they were read before, as far as watches told */
};

/* Nothing was reported so far. */
void xen_report_begin(struct xen_report *report);
/* The nodes that are not to be read yet. */
uint32_t xen_report_waiting(const struct xen_report *report, uint64_t now_usec);
/* Takes in a sample: what was said `before`, what is said `now`, and what Xen says that it holds.
 */
void xen_report_take(struct xen_report *report, const struct xen_report_nodes *nodes,
                     const struct xen_said *before, const struct xen_said *now, uint64_t tot_kib,
                     uint64_t now_usec);
/*
 * Fills what `out`, which has tot_kib and videoram_kib, has of reports. memory/meminfo counts where
 * both are reported: it includes swap, and is at most 0.1 s late. Where what writes it has been
 * silent for long, and the other has not, the other counts.
 */
void xen_report_show(const struct xen_report *report, const struct xen_said *said,
                     struct hv_domain *out);

#endif
