/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest's pressure says (struct ballast_pressure): that it lacks memory now, that it does
 * not, or nothing. Only a guest with ballast-agent reports pressure; without it nothing is known,
 * which is not the same as quiet.
 */
#ifndef CORE_POLICY_DISTRESS_H
#define CORE_POLICY_DISTRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/host.h"

enum distress_level {
    DISTRESS_UNKNOWN, /* no pressure is reported, or it is too old */
    DISTRESS_QUIET,   /* no sign of it for some seconds */
    DISTRESS_SOME,    /* neither */
    DISTRESS_FULL,    /* it lacks memory: not asked but for a start that no others can serve */
};

struct distress {
    struct ballast_pressure last; /* the last one that was new */
    uint64_t made_usec;           /* when that was made; 0: none yet */
    uint64_t signs_usec;          /* when it last showed any sign; 0: not yet */
    uint64_t tot_kib;             /* the domain's memory at that sample */
    enum distress_level level;
};

/* Takes a sample of the domain. */
void distress_sample(struct distress *distress, const struct ballast_domain *domain,
                     uint64_t now_usec);
/* What a guest in distress needs at least; 0 if it is in none. */
uint64_t distress_need_kib(const struct distress *distress);

#endif
