/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/suspend.h"

#include "core/base/units.h"

/* So much must be left for a word to be believed that was not before. */
#define BEGIN_USEC BALLAST_SEC_USEC

bool suspend_report_sample(struct suspend_report *word, bool says, uint64_t now_usec)
{
    uint64_t passed_usec = ballast_sub_floor(now_usec, word->seen_usec);
    word->spent_usec = ballast_sub_floor(word->spent_usec, passed_usec / SUSPEND_WORD_SLOWNESS);
    /* It may have said so from the last sample on, or all but: to the guest's cost. */
    if (word->said)
        word->spent_usec =
            ballast_min_u64(ballast_add_ceil(word->spent_usec, passed_usec), SUSPEND_WORD_USEC);
    uint64_t least_usec = word->believed ? 1 : BEGIN_USEC;
    word->said = says;
    word->seen_usec = now_usec;
    word->believed = says && word->spent_usec + least_usec <= SUSPEND_WORD_USEC;
    return word->believed;
}
