/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a balancer, shared by the three steps of a decision: balancer.c, admission.c,
 * plan_targets.c. */
#ifndef CORE_POLICY_STATE_H
#define CORE_POLICY_STATE_H

#include "core/policy/balancer.h"
#include "core/policy/fill.h"
#include "core/policy/floor.h"
#include "core/policy/policy.h"
#include "core/policy/track.h"

/* The accounts of one tick, all of free memory. */
struct accounts {
    uint64_t available_kib;       /* free, not promised */
    uint64_t beyond_promises_kib; /* the same, with what those who are not asked can reach */
    uint64_t deficit_kib;         /* promised or claimed beyond what is free: somebody took it */
    uint64_t owed_kib;            /* free, kept for guests that hold less than their minimum */
    uint64_t spare_kib;           /* what those who may be asked hold above their minima */
    uint64_t future_spare_kib; /* the same of those who may be asked later: built or booting now */
    uint64_t returning_kib;    /* of that: of those who migrate, which is over soon */
    uint64_t wanted_kib;       /* what waiting starts need, as far as it can be had */
    uint64_t granted_kib;      /* granted in this tick */
    bool promises;             /* somebody waits for memory, or has been promised some */
};

/* What one domain is to be set to. */
struct plan {
    uint64_t target_kib;
    uint64_t maxmem_kib;
    enum balancer_reason reason;
    uint64_t a_kib;
    bool grows; /* not to be done before what takes */
};

/* The paces of guests of one type, as far as they have been seen here. */
struct balancer_like {
    struct pace down;
    struct pace up;
};

struct balancer {
    const struct policy *policy;
    struct balancer_options options;
    bool started;
    uint64_t now_usec;
    uint64_t decided_usec;       /* when the policy was asked last */
    uint64_t last_feasible_usec; /* when those who give could last have made up what is missing */
    bool asked;                  /* somebody is on his way down for a start */

    struct track *tracks; /* in the order of the host's domains */
    struct track *old_tracks;
    size_t track_count;
    size_t old_count;
    uint32_t *table; /* ids of old_tracks: open addressing, index + 1, 0 empty */
    size_t table_size;

    struct balancer_like likes[BALLAST_KINDS];
    struct floor_facts *facts;   /* for the floor of each of the host's domains */
    uint64_t stop_changes;       /* recorded or cleared, ever */
    struct policy_domain *views; /* those who may be asked */
    size_t *domain_of;           /* index into the host's domains of each view */
    size_t view_count;
    struct policy_aim *aims;
    struct fill_part *parts;
    struct plan *plans;
    size_t domain_capacity;

    size_t *order; /* requests by arrival */
    bool *waits;   /* of each request: neither granted nor refused in this tick */
    size_t request_capacity;

    bool promises;     /* as in the accounts */
    uint64_t kept_kib; /* of free memory, from starts: told to those not asked, and for minima */
    uint64_t held_kib; /* of one who is not asked: kept from it, since it is promised */
    uint32_t held_id;
    struct balancer_set *sets;
    size_t set_count;
    size_t take_count;
    struct balancer_verdict *verdicts;
    size_t verdict_count;
};

/* Refuses and grants; fills accounts->wanted_kib and granted_kib. */
void balancer_admit(struct balancer *balancer, const struct balancer_input *input,
                    struct accounts *accounts);
/* In hold.c, of those who are not asked: while something is promised; and what is left of the
 * budget for those whose maximum is below their target. */
void balancer_hold_others(struct balancer *balancer, const struct ballast_host *host,
                          const struct accounts *accounts);
void balancer_raise_others(struct balancer *balancer, const struct ballast_host *host,
                           uint64_t left_kib);
/* Turns aims into sets that hold the laws. */
void balancer_plan_targets(struct balancer *balancer, const struct balancer_input *input,
                           const struct accounts *accounts);

#endif
