/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When Xen would say that little memory is free (VIRQ_ENOMEM), of a simulated host. As in
 * common/page_alloc.c, check_low_mem_virq(): what is free and not claimed has fallen to 64 MiB, and
 * then to each half of the last mark; rising to twice the mark it was said at brings the mark up
 * again by one.
 */
#ifndef CORE_SIM_SIM_LOW_H
#define CORE_SIM_SIM_LOW_H

#include <stdbool.h>
#include <stdint.h>

/* DEFAULT_LOW_MEM_VIRQ of common/page_alloc.c. */
#define SIM_LOW_KIB (UINT64_C(64) << 10)

/* All zero is a host that has just started. */
struct sim_low {
    unsigned halves;   /* how far the mark is below SIM_LOW_KIB */
    uint64_t rise_kib; /* where it comes up again; 0: it is where it was */
};

/* To be told what is free and not claimed whenever that may have changed. true: it is said now. */
bool sim_low_note(struct sim_low *low, uint64_t kib);

#endif
