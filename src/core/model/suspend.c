/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/suspend.h"

#include "core/base/units.h"

/* The credit that a report needs to be believed if it was not before. */
#define BEGIN_USEC BALLAST_SEC_USEC

bool suspend_report_sample(struct suspend_report *report, bool says, uint64_t now_usec)
{
    uint64_t passed_usec = ballast_sub_floor(now_usec, report->seen_usec);
    report->spent_usec =
        ballast_sub_floor(report->spent_usec, passed_usec / SUSPEND_REPORT_SLOWNESS);
    /* It may have reported this since just after the last sample: count the whole interval. */
    if (report->said)
        report->spent_usec =
            ballast_min_u64(ballast_add_ceil(report->spent_usec, passed_usec), SUSPEND_REPORT_USEC);
    uint64_t least_usec = report->believed ? 1 : BEGIN_USEC;
    report->said = says;
    report->seen_usec = now_usec;
    report->believed = says && report->spent_usec + least_usec <= SUSPEND_REPORT_USEC;
    return report->believed;
}
