/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is learned of one domain by watching it, a tick at a time: how fast it moves, whether it
 * pauses or is stuck, where it stops, and how far its reports can be believed.
 */
#ifndef CORE_POLICY_TRACK_H
#define CORE_POLICY_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/host.h"
#include "core/policy/balancer.h"
#include "core/policy/floor.h"

struct track {
    uint32_t id;
    enum ballast_domain_kind kind;
    bool is_dom0;
    uint64_t first_usec;
    uint64_t last_usec;
    uint64_t tot_kib;
    uint64_t target_kib;
    bool has_balloon;
    uint64_t up_usec; /* when its balloon showed itself; BALLAST_NONE: it was there already */

    /* The way to its target. */
    int heading;                  /* -1 it is to shrink, 0 it is there, 1 it is to grow */
    uint64_t heading_usec;        /* since when */
    uint64_t heading_kib;         /* what it held then */
    uint64_t window_usec;         /* the stretch now being measured began here ... */
    uint64_t window_kib;          /* ... with this much */
    uint64_t progress_usec;       /* the end of the last stretch with useful progress */
    uint64_t longest_pause_usec;  /* it paused for so long and came back */
    uint64_t reclaim_kib_per_sec; /* over stretches in which it moved; 0: never seen */
    uint64_t grow_kib_per_sec;
    bool has_moved;
    bool stuck;
    uint64_t stuck_usec;           /* when that was noticed */
    uint64_t lowest_kib;           /* the least it has held on its way down */
    struct balloon_stop last_stop; /* where it stopped when it was asked for less */
    uint64_t ceiling_kib;          /* it stopped here when given more; BALLAST_NONE: none known */
    uint64_t ceiling_usec;         /* when that was learned */

    /* Its reports. */
    uint64_t report_usec;  /* when the last one that differed was made; 0: none yet */
    uint64_t reported_kib; /* what it said */
    uint64_t rise_kib;     /* a second, between its last two reports; 0 when it fell */
    uint64_t peak_kib;     /* the most it has said, fading */
    uint64_t swap_kib; /* so much more than it held it has said it uses, and lived: it has swap */
    uint32_t trust_permyriad;
    uint64_t trusted_report_kib; /* what it says it uses, as far as it is believed */
    uint64_t need_kib;           /* what follows from all that, margin included */
    uint64_t likely_kib;
};

/* Below it nothing the guest says counts. */
#define TRACK_TRUST_NONE 500

/* A domain seen for the first time. */
void track_begin(struct track *track, const struct ballast_domain *domain, uint64_t now_usec);
/* A domain seen again; now_usec is not before the last time. */
void track_update(struct track *track, const struct ballast_domain *domain, uint64_t now_usec,
                  uint64_t inaccuracy_kib);
enum balloon_status track_balloon_status(const struct track *track);

/* How long a guest may do nothing before it is called stuck. */
uint64_t track_patience_usec(const struct track *track);

#endif
