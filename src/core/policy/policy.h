/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy says how much memory each guest should have. It is a pure function of a view that the
 * balancer has prepared, and says nothing about how to get there: order, limits, rates and grants
 * are the balancer's. The table of ours is in policy.c; core/peers has the rules of other
 * balancers.
 */
#ifndef CORE_POLICY_POLICY_H
#define CORE_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/host.h"
#include "core/policy/balancer.h"
#include "core/policy/fill.h"

/* A guest whose report says little, or nothing, keeps this part of an even share: a half. */
#define POLICY_MODEST_PART 2

/* A domain that may be asked, as a policy sees it. */
struct policy_domain {
    bool is_dom0;
    uint64_t tot_kib;
    uint64_t target_kib;
    uint64_t min_kib; /* never aim below it: the dynamic minimum; for dom0 at least what it is known
                         to use */
    uint64_t floor_kib; /* not asked to go below it: min_kib, or the part of its floor (floor.h)
                           that it has */
    uint64_t firm_kib;  /* the same, of floors that will not fall soon */
    uint64_t low_kib;   /* the lowest possible target: floor_kib, or its current memory if less */
    /* But for a start it is asked for no less now: its squeeze limit; 0: it has none. */
    uint64_t squeeze_kib;
    uint64_t max_kib;    /* never aim above it: the dynamic maximum */
    uint64_t pinned_kib; /* its pinned target within its bounds; 0: none. See pin.h */
    uint64_t static_max_kib;
    uint64_t used_kib;            /* the guest's report as it is, or BALLAST_NONE */
    uint64_t reported_free_kib;   /* likewise */
    uint64_t need_kib;            /* its estimated need, margin included */
    uint64_t likely_kib;          /* its likely need soon: its recent peak; never below need_kib */
    uint64_t reclaim_kib_per_sec; /* measured, or the slow end of a guess (pace.h) */
    uint64_t grow_kib_per_sec;
    uint64_t shares;
    uint64_t even_kib;  /* an even share, which bounds what it reports */
    uint64_t vital_kib; /* of its memory: its need, if it may die without (probe.h). The margin is
                           part of it, so that it does not come to report all that it has */
    bool proven;        /* its need counts beyond an even share before that of others (probe.h) */
    bool distressed;    /* its pressure shows that it lacks memory (distress.h) */
    bool stuck;         /* frees nothing now, or is in backoff */
};

struct policy_view {
    uint64_t now_usec;
    uint64_t total_kib;
    uint64_t available_kib; /* free memory less slack, claims, builds and reservations */
    uint64_t idle_kib;      /* of available memory: what no domain has taken for some seconds */
    uint64_t wanted_kib;    /* what the waiting starts need in total; 0 if none waits */
    uint64_t headroom_kib;  /* of available memory: to be left for starts that do not ask; the
                               balancer hands out none of it beyond policy_entitled_kib() */
    bool take_before_free;
    uint64_t inaccuracy_kib; /* 0 if not allowed for */
    const struct policy_domain *domains;
    size_t count;
    struct fill_part *parts; /* scratch, `count` of them */
};

struct policy_aim {
    uint64_t kib; /* what the domain should have; BALLAST_NONE: no change */
    enum balancer_reason reason;
    uint64_t about_kib; /* for RECLAIMED_FOR_OTHERS and RECLAIMED_FOR_HEADROOM: what is lacking */
};

struct policy {
    const char *name;
    const char *summary;
    uint64_t interval_usec; /* between two decisions; 0: every tick */
    bool squeezes;          /* reclaims memory from guests for a start that waits */
    /* Fills aims[view->count]. Cannot fail; may use the aims and the parts as its own scratch. */
    void (*aim)(const struct policy_view *view, struct policy_aim *aims);
};

/* The i-th policy, or NULL past the end. The first one is the default. */
const struct policy *policy_at(size_t i);
/* The policy with that name, the default if it is NULL; NULL if there is none. */
const struct policy *policy_find(const char *name);

/*
 * The size up to which a domain may grow out of the headroom: its minimum; its pinned target; its
 * proven need, while it reports more use than it has.
 */
uint64_t policy_entitled_kib(const struct policy_domain *domain);

void policy_ballast_aim(const struct policy_view *view, struct policy_aim *aims);
void policy_fixed_aim(const struct policy_view *view, struct policy_aim *aims);

#endif
