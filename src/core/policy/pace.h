/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast a balloon gives or takes. What was measured of this guest counts; else what its like did
 * on this host, domains of the same type; else the range that any balloon is in. A balloon moves
 * page by page, from one thread of the guest's kernel, whatever the guest holds, so a pace does not
 * grow with its size: PV and PVH guests of Linux 6.1 in an emulator gave over 110 MiB/s, dom0 there
 * 223, guests of KVM 0.9 GiB/s, and 2 to 4 GiB/s were too much for hosts of 64 GiB and more.
 */
#ifndef CORE_POLICY_PACE_H
#define CORE_POLICY_PACE_H

#include <stddef.h>
#include <stdint.h>

#define PACE_MIN_KIB_PER_SEC (UINT64_C(100) * 1024)
#define PACE_MAX_KIB_PER_SEC (UINT64_C(2048) * 1024)

enum pace_basis {
    PACE_MEASURED, /* of this guest: min and max are the same */
    PACE_LIKE,     /* from the slowest to the fastest of its like here */
    PACE_RANGE,    /* of any balloon */
    PACE_BASES
};

struct pace {
    uint64_t min_kib_per_sec;
    uint64_t max_kib_per_sec;
    enum pace_basis basis;
};

/* Nobody has been seen yet. */
#define PACE_NONE ((struct pace){PACE_MIN_KIB_PER_SEC, PACE_MAX_KIB_PER_SEC, PACE_RANGE})

/* Widens what the like of one guest do by its pace; 0: it has none. */
void pace_learn(struct pace *like, uint64_t measured_kib_per_sec);
/* `measured_kib_per_sec` 0: it has not been seen to move. */
struct pace pace_of(uint64_t measured_kib_per_sec, const struct pace *like);

/* "measured", "like", "range"; NULL past the end. */
const char *pace_basis_name(enum pace_basis basis);
/* "200.00 MiB/s (measured)", "100.00 to 2048.00 MiB/s (...)", as snprintf. */
size_t pace_text(const struct pace *pace, char *buf, size_t size);

#endif
