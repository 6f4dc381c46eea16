/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of the simulated host, shared by the sim_*.c files and core/sim/judge alone. */
#ifndef CORE_SIM_SIM_INSIDE_H
#define CORE_SIM_SIM_INSIDE_H

#include "core/model/suspend.h"
#include "core/sim/sim.h"
#include "core/sim/sim_rand.h"

struct sim_said {
    uint64_t made_usec;
    uint64_t used_kib;
    uint64_t free_kib;
};

struct sim_domain {
    const struct sim_guest_config *is;
    uint32_t id;
    bool alive;
    bool building;
    bool built;  /* came from a start */
    bool killed; /* died of want of memory */
    uint64_t tot_pages;
    uint64_t overhead_pages;
    uint64_t target_pages;
    uint64_t maxmem_pages;
    uint64_t claim_pages;
    uint64_t left_pages;      /* while building */
    uint64_t pod_entry_pages; /* promised and not there: see sim_pod.c */
    uint64_t pod_cache_pages; /* of tot_pages */
    uint64_t starves_usec;    /* since when it has nothing left to give and is to give; 0: it has */
    bool panics;              /* its balloon has given what it uses */
    size_t told;              /* how many of is->told have been done */
    uint64_t runs_from_usec;
    uint64_t credit;    /* of movement, in KiB x usec: what is less than a page */
    uint64_t drip_usec; /* when it gave its last drop */
    uint64_t build_rate_kib;
    size_t start; /* which one, when built or building */
    struct sim_rand rand;
    uint64_t walk_kib;
    uint64_t walk_usec;
    uint64_t need_kib;
    struct sim_said said[SIM_LATE]; /* ring; the newest is said[(said_count - 1) % SIM_LATE] */
    uint64_t said_count;
    uint64_t shortfall_kibms;
    uint64_t target_writes;
    struct suspend_report suspend;
    bool suspend_believed;
};

struct sim_snapshot {
    struct ballast_host host;
    struct ballast_domain *domains;
    bool taken;
};

struct sim {
    const struct sim_config *config;
    uint64_t now_usec;
    uint64_t page_kib;
    uint64_t total_pages;
    uint64_t xen_pages;
    uint64_t slack_pages;
    uint64_t free_pages;
    uint64_t dirty_pages; /* of the free ones */
    uint64_t scrub_credit;
    uint32_t next_id;
    struct sim_domain *domains; /* room for all guests and starts */
    size_t domain_count;
    struct sim_start *starts;
    struct sim_snapshot snapshots[2]; /* of this moment and of the one before */
    int current;
    struct sim_rand rand;
    struct sim_score score;
    bool least; /* a copy, in which all donors give as fast as they can: see judge/least.c */
};

/* Whether `usec` lies in one of the spans. */
bool sim_spans_hold(const struct sim_spans *spans, uint64_t usec);
/* Pages that a rate makes in a time; what is less than a page stays in *credit. */
uint64_t sim_rate_pages(const struct sim *sim, uint64_t rate_kib, uint64_t usec, uint64_t *credit);
/* How long its balloon works in the `usec` that end now. */
uint64_t sim_guest_working_usec(const struct sim *sim, const struct sim_domain *domain,
                                uint64_t usec);
/* Its balloon driver has shown itself. */
bool sim_guest_has_balloon(const struct sim *sim, const struct sim_domain *domain);
enum ballast_domain_state sim_guest_state(const struct sim *sim, const struct sim_domain *domain);
/* As low as the best of balancers could have had it: its minimum, its floor, short of its death. */
uint64_t sim_least_stop_kib(const struct sim_domain *domain);
/* Does what somebody else has told it by now: target and maximum, as xl mem-set does. */
void sim_guest_told(struct sim *sim, struct sim_domain *domain);
/* Gives what it gives in the `usec` that end now; then, apart, takes what it takes. */
void sim_guest_give(struct sim *sim, struct sim_domain *domain, uint64_t usec);
void sim_guest_take(struct sim *sim, struct sim_domain *domain, uint64_t usec);
/* Working set, reports, out-of-memory deaths. */
void sim_guest_live(struct sim *sim, struct sim_domain *domain);
/* All it has returns to the host. */
void sim_domain_die(struct sim *sim, struct sim_domain *domain);
void sim_pages_free(struct sim *sim, struct sim_domain *domain, uint64_t pages);
void sim_pages_take(struct sim *sim, struct sim_domain *domain, uint64_t pages);
/* Clean and not claimed by anybody: what a guest can take. */
uint64_t sim_takeable_pages(const struct sim *sim);
uint64_t sim_claimed_pages(const struct sim *sim);
/* Of reservations that are granted and not used yet. */
uint64_t sim_promised_pages(const struct sim *sim);
uint64_t sim_available_pages(const struct sim *sim);
/* BALLAST_NONE stays that. */
uint64_t sim_pages_of(const struct sim *sim, uint64_t kib);

/* Populate-on-demand. It begins with all of its cache, and nothing populated. */
void sim_pod_begin(struct sim *sim, struct sim_domain *domain);
/* More is promised to it than is there. */
bool sim_pod_is_uncovered(const struct sim_domain *domain);
/* It touches what it needs; false: more than there is. */
bool sim_pod_touch(const struct sim *sim, struct sim_domain *domain);
/* Its cache follows a target that was raised. */
void sim_pod_follow(struct sim *sim, struct sim_domain *domain);
/* Its balloon gives up to `pages` of what is promised, down to `stop`; what is left of them. */
uint64_t sim_pod_give(struct sim *sim, struct sim_domain *domain, uint64_t stop, uint64_t pages);

/* The working set at this moment; 0 where it has none. */
uint64_t sim_need_now(const struct sim *sim, struct sim_domain *domain);
void sim_report_make(struct sim *sim, struct sim_domain *domain);
/* What is seen of its reports now; all BALLAST_NONE where there is none. */
void sim_report_seen(const struct sim *sim, const struct sim_domain *domain,
                     struct ballast_domain *out);

/* A guest that exists from the beginning, or one about to be built with nothing yet. */
struct sim_domain *sim_domain_add(struct sim *sim, const struct sim_guest_config *is);
/* Arrays for all guests and starts. -ENOMEM; sim_free() frees what there is. */
int sim_room(struct sim *sim, struct ballast_error *err);
int sim_check_pages(const struct sim *sim, struct ballast_error *err);
void sim_starts_step(struct sim *sim);
void sim_build_step(struct sim *sim, struct sim_domain *domain, uint64_t usec);
/* Whether a fault of that kind strikes this call. */
bool sim_fault_strikes(struct sim *sim, enum sim_fault_kind kind);
/* One step of balloons alone. */
void sim_balloons_step(struct sim *sim, uint64_t usec);

#endif
