/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy says how much each guest should hold. It is a pure function of a view that the balancer
 * has judged already, and says nothing about how to get there: order, limits, pace and grants are
 * the balancer's. The table of ours is in policy.c; core/peers has the rules of other balancers.
 */
#ifndef CORE_POLICY_POLICY_H
#define CORE_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/host.h"
#include "core/policy/balancer.h"
#include "core/policy/fill.h"

/* A domain that may be asked, as a policy sees it. */
struct policy_domain {
    bool is_dom0;
    uint64_t tot_kib;
    uint64_t target_kib;
    uint64_t min_kib; /* never aim below: dynamic minimum; dom0's as far as it is known to use it */
    uint64_t floor_kib; /* nor is it asked below: that, or of its floor what it holds (floor.h) */
    uint64_t firm_kib;  /* the same, of what nothing that happens soon will lower */
    uint64_t low_kib; /* the least its target may be: floor_kib, or what it holds if that is less */
    uint64_t max_kib; /* never aim above: dynamic maximum */
    uint64_t pinned_kib; /* its pinned target within what it may hold; 0: none. See pin.h */
    uint64_t static_max_kib;
    uint64_t used_kib;          /* the guest's report as it is, or BALLAST_NONE */
    uint64_t reported_free_kib; /* the same */
    uint64_t need_kib;          /* what it is believed to need now, margin included */
    uint64_t likely_kib; /* what it is believed to need soon: its recent peak; never below need */
    uint64_t reclaim_kib_per_sec; /* measured, or the slow end of a guess (pace.h) */
    uint64_t grow_kib_per_sec;
    uint64_t shares;
    bool stuck; /* gives nothing now, or is in backoff for having stopped */
};

struct policy_view {
    uint64_t now_usec;
    uint64_t total_kib;
    uint64_t
        available_kib;   /* free and nobody's: slack, claims, builds and promises are taken off */
    uint64_t wanted_kib; /* what the waiting starts need in all; 0 when none waits */
    bool take_before_free;
    uint64_t inaccuracy_kib; /* 0 when it is not allowed for */
    const struct policy_domain *domains;
    size_t count;
    struct fill_part *parts; /* scratch, `count` of them */
};

struct policy_aim {
    uint64_t kib; /* what the domain should hold; BALLAST_NONE: leave it alone */
    enum balancer_reason reason;
    uint64_t about_kib; /* of RECLAIMED_FOR_OTHERS: what they are short of */
};

struct policy {
    const char *name;
    const char *summary;
    uint64_t interval_usec; /* between two judgements; 0: every tick */
    bool squeezes;          /* takes from guests for a start that waits */
    /* Fills aims[view->count]. Cannot fail; may use the aims and the parts as its own scratch. */
    void (*aim)(const struct policy_view *view, struct policy_aim *aims);
};

/* The i-th policy, or NULL past the end. The first one is the default. */
const struct policy *policy_at(size_t i);
/* NULL as a name is the default; NULL is returned for one that is not there. */
const struct policy *policy_find(const char *name);

void policy_ballast_aim(const struct policy_view *view, struct policy_aim *aims);
void policy_fixed_aim(const struct policy_view *view, struct policy_aim *aims);

#endif
