/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets back the clock of a ledger that was ahead of the calendar. */
#include "core/base/units.h"
#include "core/ledger/ledger.h"
#include "core/model/host.h"

uint64_t ledger_back_usec(const struct ledger_back *back, uint64_t usec)
{
    if (usec <= back->now_usec)
        return usec;
    return ballast_min_u64(ballast_sub_floor(usec, back->by_usec), back->now_usec);
}

void ledger_back_record(const struct ledger_back *back, struct ledger_reservation *record)
{
    if (!ledger_state_is_open(record->state) && record->changed_usec <= back->now_usec)
        return;
    record->requested_usec = ballast_sub_floor(record->requested_usec, back->by_usec);
    record->changed_usec = ballast_sub_floor(record->changed_usec, back->by_usec);
    if (record->deadline_usec == BALLAST_NONE)
        return;
    /* Times before zero keep their order. */
    uint64_t before_usec =
        record->state == LEDGER_GRANTED ? record->changed_usec : record->requested_usec;
    record->deadline_usec =
        ballast_max_u64(ballast_sub_floor(record->deadline_usec, back->by_usec), before_usec + 1);
}
