/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sim/sim_low.h"

/* Down to a page of 4 KiB: SIM_LOW_KIB >> 14. */
enum { MOST_HALVES = 14 };

bool sim_low_note(struct sim_low *low, uint64_t kib)
{
    uint64_t mark_kib = SIM_LOW_KIB >> low->halves;
    if (kib <= mark_kib) {
        low->rise_kib = 2 * mark_kib;
        low->halves += low->halves < MOST_HALVES;
        return true;
    }
    if (low->rise_kib > 0 && kib >= low->rise_kib) {
        low->halves--;
        low->rise_kib = low->halves == 0 ? 0 : 4 * (SIM_LOW_KIB >> low->halves);
    }
    return false;
}
