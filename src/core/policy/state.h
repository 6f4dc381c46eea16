/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of a balancer, shared by the three steps of a decision: balancer.c, admission.c,
 * plan_targets.c.
 */
#ifndef CORE_POLICY_STATE_H
#define CORE_POLICY_STATE_H

#include "core/policy/balancer.h"
#include "core/policy/fill.h"
#include "core/policy/floor.h"
#include "core/policy/policy.h"
#include "core/policy/track.h"

/* The accounts of one tick, all in free memory. */
struct accounts {
    uint64_t available_kib;       /* free, not reserved */
    uint64_t beyond_reserved_kib; /* the same, plus what domains that are not asked can reach */
    uint64_t deficit_kib; /* reserved or claimed beyond what is free: a domain or Xen took it */
    uint64_t owed_kib;    /* free, set aside for guests below their minimum */
    uint64_t spare_kib;   /* what domains that may be asked have above their minima */
    uint64_t
        future_spare_kib;   /* the same for domains that may be asked later: built or booting now */
    uint64_t returning_kib; /* of that: of migrating domains, which will be back soon */
    uint64_t wanted_kib;    /* what waiting starts need, as far as it can be freed */
    uint64_t granted_kib;   /* granted in this tick */
    bool has_reservations;  /* a request waits, or memory is reserved */
};

/* The planned change of one domain. */
struct plan {
    uint64_t target_kib;
    uint64_t maxmem_kib;
    uint64_t wish_kib; /* by how much its aim exceeds its target */
    enum balancer_reason reason;
    uint32_t next; /* in grow.c's list of its bracket */
    bool grows;    /* to be carried out after the changes that lower or limit */
};

/* The rates of guests of one type, as measured here. */
struct balancer_like {
    struct pace down;
    struct pace up;
};

struct balancer {
    const struct policy *policy;
    struct balancer_options options;
    bool started;
    bool same_domains; /* as at the last decision, in the same order */
    uint64_t now_usec;
    uint64_t decided_usec;       /* the time of the policy's last decision */
    uint64_t last_feasible_usec; /* when the donors could last have freed what is missing */
    uint64_t idle_kib[2]; /* the least that was available in this interval, and in the last one */
    uint64_t idle_usec;   /* when this one began */
    bool asked;           /* a domain is shrinking for a start */

    struct host_outlook outlook;

    struct track *tracks; /* in the order of the host's domains */
    struct track *old_tracks;
    size_t track_count;
    size_t old_count;
    uint32_t *table; /* ids of old_tracks: open addressing, index + 1, 0 empty */
    size_t table_size;

    struct balancer_like likes[BALLAST_KINDS];
    struct floor_facts *facts;   /* for the floor of each of the host's domains */
    uint64_t stop_changes;       /* stops recorded or cleared so far */
    struct policy_domain *views; /* the domains that may be asked */
    size_t *domain_of;           /* index into the host's domains of each view */
    size_t view_count;
    struct policy_aim *aims;
    struct fill_part *parts;
    struct plan *plans;
    size_t domain_capacity;

    size_t *order; /* requests by arrival */
    bool *waits;   /* for each request: neither granted nor refused in this tick */
    size_t request_capacity;

    bool has_reservations; /* as in the accounts */
    uint64_t kept_kib; /* free memory kept from starts: for targets of domains that are not asked,
                          and for minima */
    uint64_t held_kib; /* withheld from a domain that is not asked, since it is reserved */
    uint32_t held_id;
    struct balancer_set *sets;
    size_t set_count;
    size_t take_count;
    struct balancer_finding *findings;
    size_t finding_count;
    struct balancer_verdict *verdicts;
    size_t verdict_count;
};

/* Sums over the domains of a sample. */
struct census {
    uint64_t building_kib; /* what builds still need */
    uint64_t current_kib;  /* of guests that have shares */
    uint64_t shares;       /* theirs */
};
struct census census_of(const struct ballast_host *host);

/*
 * An even share of all memory that can be shared: the bound of what a guest's report can justify.
 * A start that waits has a share, too.
 */
struct even {
    uint64_t pool_kib;
    uint64_t shares;
};
struct even even_share(const struct census *census, uint64_t available_kib, bool start_waits);
uint64_t even_kib(const struct even *even, const struct ballast_domain *domain);

/* In probes.c: begins the probes that are due. */
void balancer_begin_probes(struct balancer *balancer, const struct ballast_host *host,
                           const struct census *census, bool start_waits);
/* Grants and refuses requests; fills accounts->wanted_kib and granted_kib. */
void balancer_admit(struct balancer *balancer, const struct balancer_input *input,
                    struct accounts *accounts);
/*
 * In hold.c, for domains that are not asked: limits their maxima while anything is reserved, and
 * gives what is left of the budget to those whose maximum is below their target.
 */
void balancer_hold_others(struct balancer *balancer, const struct ballast_host *host,
                          const struct accounts *accounts);
void balancer_raise_others(struct balancer *balancer, const struct ballast_host *host,
                           uint64_t left_kib);
/*
 * In grow.c: raises targets by their wishes, out of what is available beyond the headroom, and of
 * the headroom.
 */
void balancer_hand_out(struct balancer *balancer, uint64_t beyond_kib, uint64_t headroom_kib);
/* Turns aims into sets that keep the laws. */
void balancer_plan_targets(struct balancer *balancer, const struct balancer_input *input,
                           const struct accounts *accounts);

#endif
