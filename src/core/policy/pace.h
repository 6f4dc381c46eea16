/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast a balloon frees or takes memory: as measured for this guest; else as for guests of the
 * same type on this host; else the range of any balloon. A balloon moves page by page, in one
 * thread of the guest's kernel, whatever the size of the guest, so its rate does not grow with the
 * size: PV and PVH guests of Linux 6.1 in an emulator freed over 110 MiB/s, dom0 there 223, guests
 * of KVM 0.9 GiB/s, and 2 to 4 GiB/s were too much for hosts of 64 GiB and more.
 */
#ifndef CORE_POLICY_PACE_H
#define CORE_POLICY_PACE_H

#include <stddef.h>
#include <stdint.h>

#define PACE_MIN_KIB_PER_SEC (UINT64_C(100) * 1024)
#define PACE_MAX_KIB_PER_SEC (UINT64_C(2048) * 1024)

enum pace_basis {
    PACE_MEASURED, /* for this guest: min and max are equal */
    PACE_LIKE,     /* from the slowest to the fastest guest of its type here */
    PACE_RANGE,    /* the range of any balloon */
    PACE_BASES
};

struct pace {
    uint64_t min_kib_per_sec;
    uint64_t max_kib_per_sec;
    enum pace_basis basis;
};

/* No guest has been measured yet. */
#define PACE_NONE ((struct pace){PACE_MIN_KIB_PER_SEC, PACE_MAX_KIB_PER_SEC, PACE_RANGE})

/* Widens the range of a type of guests by one guest's rate; 0: it has none. */
void pace_learn(struct pace *like, uint64_t measured_kib_per_sec);
/* The rate of a guest. `measured_kib_per_sec` is 0 if it was never seen to move. */
struct pace pace_of(uint64_t measured_kib_per_sec, const struct pace *like);

/* "measured", "like", "range"; NULL past the end. */
const char *pace_basis_name(enum pace_basis basis);
/* "200.00 MiB/s (measured)", "100.00 to 2048.00 MiB/s (...)"; returns like snprintf(). */
size_t pace_text(const struct pace *pace, char *buf, size_t size);

#endif
