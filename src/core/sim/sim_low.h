/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Low-memory notifications (VIRQ_ENOMEM) of a simulated host. As in common/page_alloc.c,
 * check_low_mem_virq(): one is sent when free, unclaimed memory falls to 64 MiB, and then at each
 * half of the last mark; when it rises to twice the mark of a notification, the mark is doubled
 * again.
 */
#ifndef CORE_SIM_SIM_LOW_H
#define CORE_SIM_SIM_LOW_H

#include <stdbool.h>
#include <stdint.h>

/* DEFAULT_LOW_MEM_VIRQ of common/page_alloc.c. */
#define SIM_LOW_KIB (UINT64_C(64) << 10)

/* All zeros is a host that has just started. */
struct sim_low {
    unsigned halves;   /* how often the mark was halved below SIM_LOW_KIB */
    uint64_t rise_kib; /* where it is doubled again; 0: it was not halved */
};

/*
 * Call this with free, unclaimed memory whenever that may have changed. true: a notification is due
 * now.
 */
bool sim_low_note(struct sim_low *low, uint64_t kib);

#endif
