/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's own report that it is being suspended (control/shutdown). Toolstacks write that node,
 * but so can the guest, and while the report is believed the guest is not asked to free memory. A
 * real suspend ends within moments in Xen's own shutdown reason, which no running guest can fake.
 * The report is therefore believed for 10 s at most. That credit is used up while the guest reports
 * and recovers 60 times more slowly, and a report needs at least a second of it: a guest that
 * repeats the report gains a sixtieth of the time.
 */
#ifndef CORE_MODEL_SUSPEND_H
#define CORE_MODEL_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>

#define SUSPEND_REPORT_USEC     (UINT64_C(10) * 1000000)
#define SUSPEND_REPORT_SLOWNESS 60

/* Starts as zeros. */
struct suspend_report {
    uint64_t seen_usec;
    uint64_t spent_usec;
    bool said; /* at the last sample */
    bool believed;
};

/* A sample of the node. true: it reports a suspend, and is still believed. */
bool suspend_report_sample(struct suspend_report *report, bool says, uint64_t now_usec);

#endif
