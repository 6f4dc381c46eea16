/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's own report that it is being suspended (control/shutdown): toolstacks write that node,
 * but the guest may write it too, and a guest that is believed is not asked for anything. A
 * toolstack's guest answers within moments and is then shut down with Xen's own reason, which is a
 * sign that no guest can give and stay awake. So the report counts for 10 s; what it was believed
 * for is given back 60 times slower, and a second of it is needed to begin with: so one that says
 * it again and again gains a sixtieth of the time.
 */
#ifndef CORE_MODEL_SUSPEND_H
#define CORE_MODEL_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>

#define SUSPEND_REPORT_USEC     (UINT64_C(10) * 1000000)
#define SUSPEND_REPORT_SLOWNESS 60

/* Begun as zeros. */
struct suspend_report {
    uint64_t seen_usec;
    uint64_t spent_usec;
    bool said; /* when it was seen last */
    bool believed;
};

/* A sample of the node. true: it says so, and is believed still. */
bool suspend_report_sample(struct suspend_report *report, bool says, uint64_t now_usec);

#endif
