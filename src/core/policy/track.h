/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is learned of one domain by observing it, a tick at a time: how fast it moves, whether it
 * pauses or is stuck, where it stops, and how far its reports can be trusted.
 */
#ifndef CORE_POLICY_TRACK_H
#define CORE_POLICY_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/host.h"
#include "core/policy/balancer.h"
#include "core/policy/distress.h"
#include "core/policy/floor.h"
#include "core/policy/probe.h"

struct track {
    uint32_t id;
    enum ballast_domain_kind kind;
    bool is_dom0;
    uint64_t first_usec;
    uint64_t last_usec;
    uint64_t tot_kib;
    uint64_t had_kib[2]; /* the most that it had in this interval, and in the last one */
    uint64_t had_usec;   /* when this one began */
    uint64_t target_kib;
    bool has_balloon;
    uint64_t up_usec; /* when its balloon was first seen; BALLAST_NONE: it was there already */
    bool was_up;      /* its balloon was seen: one that comes again is not one that boots */

    /* Its progress towards its target. */
    int heading;                  /* -1: it is to shrink, 0: it is there, 1: it is to grow */
    uint64_t heading_usec;        /* since when */
    uint64_t heading_kib;         /* its memory then */
    uint64_t window_usec;         /* the interval being measured began at this time ... */
    uint64_t window_kib;          /* ... and size */
    uint64_t progress_usec;       /* the end of the last interval with useful progress */
    uint64_t longest_pause_usec;  /* its longest pause after which it continued */
    uint64_t reclaim_kib_per_sec; /* over intervals in which it moved; 0: unknown */
    uint64_t grow_kib_per_sec;
    bool has_moved;
    bool stuck;
    uint64_t stuck_usec;           /* when that was noticed */
    uint64_t lowest_kib;           /* its lowest size on the way down */
    struct balloon_stop last_stop; /* where it stopped when it was asked for less */
    uint64_t squeezed_usec;        /* what it was asked for but for a start counts until then */
    uint64_t ceiling_kib;  /* where it stopped when it was to grow; BALLAST_NONE: none known */
    uint64_t ceiling_usec; /* when that was learned */
    uint64_t top_kib;      /* the last of them, also while it is tried again */
    uint32_t tops;         /* how often in a row at about that size */

    /* Its reports. */
    uint64_t report_usec;  /* the time of the last report that differed; 0: none yet */
    uint64_t reported_kib; /* the use that it reported */
    uint64_t possible_kib; /* the most that it could use then; BALLAST_NONE: not known */
    uint64_t rise_kib;     /* per second, between its last two reports; 0 if it fell */
    uint64_t peak_kib;     /* the decaying maximum of its reports */
    uint64_t swap_kib; /* by how much its report exceeded its memory while it kept running: it has
                          swap */
    uint32_t trust_permyriad;
    struct distress distress;
    struct probe probe;
    bool in_distress; /* and told so (findings.h), last at: */
    uint64_t distressed_usec;
    bool found_shown; /* what was found of its report, last at (0: never): */
    uint64_t shown_usec;
    uint64_t trusted_report_kib; /* the use that it reports, as far as trusted */
    uint64_t need_kib;           /* the need that follows, margin included */
    uint64_t likely_kib;
};

/* With less trust its reports do not count. */
#define TRACK_TRUST_NONE 500

/* Starts tracking a domain, at its first sample. */
void track_begin(struct track *track, const struct ballast_domain *domain, uint64_t now_usec);
/* A further sample; now_usec is not before the previous one. */
void track_update(struct track *track, const struct ballast_domain *domain, uint64_t now_usec,
                  uint64_t inaccuracy_kib);
/* Begins a step of a probe (probe.h): what it needs is bounded at once. */
void track_probe(struct track *track, const struct ballast_domain *domain, bool gently,
                 uint64_t now_usec);
enum balloon_status track_balloon_status(const struct track *track);

/*
 * Whether its need counts beyond an even share before that of others: it has reported memory free
 * (probe.h), and where its pressure is known, that does not contradict its report.
 */
bool track_is_proven(const struct track *track);

/* How long a guest may make no progress before it counts as stuck. */
uint64_t track_patience_usec(const struct track *track);

#endif
