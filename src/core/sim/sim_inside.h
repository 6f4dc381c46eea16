/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of the simulated host, shared only by the sim_*.c files and core/sim/score. */
#ifndef CORE_SIM_SIM_INSIDE_H
#define CORE_SIM_SIM_INSIDE_H

#include "core/model/suspend.h"
#include "core/sim/sim.h"
#include "core/sim/sim_rand.h"

struct sim_said {
    uint64_t made_usec;
    uint64_t used_kib; /* BALLAST_NONE: it says nothing of it, and of free_kib */
    uint64_t free_kib;
    uint64_t swap_kib; /* of used_kib */
    uint64_t refaults;
    uint32_t oom_kills;
    uint16_t some_permyriad;
    uint16_t full_permyriad;
};

/* The pressure of a guest, as its kernel counts it. */
struct sim_pressure {
    uint64_t counted_usec; /* until when */
    uint64_t period_usec;  /* since when the present period of the averages runs */
    uint64_t some_usec;    /* stalled in it */
    uint64_t full_usec;
    uint64_t some_fixed; /* the averages: parts of PSI's fixed point, see sim_pressure.c */
    uint64_t full_fixed;
    uint64_t refaults;
    uint64_t refault_credit; /* in pages x usec: the remainder below a page */
    uint64_t short_usec;     /* without swap: since when it lacks much; 0: it does not */
    uint32_t oom_kills;
};

struct sim_domain {
    const struct sim_guest_config *is;
    uint32_t id;
    bool alive;
    bool building;
    bool built;  /* built by a start */
    bool killed; /* died for lack of memory */
    bool shut;   /* it has shut down in order to reboot, and its domain still exists */
    bool rebooted;
    uint64_t leaves_usec;   /* shut: when its domain is destroyed */
    uint64_t returns_usec;  /* gone: when it is built again; 0: never */
    uint64_t returns_pages; /* its size then */
    uint64_t tot_pages;
    uint64_t overhead_pages;
    uint64_t target_pages;
    uint64_t maxmem_pages;
    uint64_t claim_pages;
    uint64_t left_pages;      /* while building */
    uint64_t pod_entry_pages; /* to be populated on demand: see sim_pod.c */
    uint64_t pod_cache_pages; /* of tot_pages */
    uint64_t starves_usec;    /* since when it should free memory and has none to free; 0: it has */
    bool panics;              /* its balloon has freed memory that it uses */
    size_t targets_set;       /* how many steps of is->set_targets are done */
    uint64_t runs_from_usec;
    uint64_t credit;    /* of movement, in KiB x usec: the remainder below a page */
    uint64_t drip_usec; /* when it freed its last page of a drip */
    uint64_t build_rate_kib;
    uint64_t fills_from_usec; /* its build takes nothing before that */
    size_t start;             /* the index of its start, where it came from one */
    size_t guest;             /* the index of its guest, where it did not */
    struct sim_rand rand;
    struct sim_rand report_rand; /* for the noise of its reports: they must not move its need */
    struct sim_pressure pressure;
    uint64_t walk_kib;
    uint64_t walk_usec;
    uint64_t need_kib;
    struct sim_said said[SIM_LATE]; /* a ring; the newest is said[(said_count - 1) % SIM_LATE] */
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
    uint64_t dirty_pages;                /* of the free pages */
    struct sim_claim claims[SIM_CLAIMS]; /* of the free pages: sim_claim() */
    size_t claim_count;
    uint64_t scrub_credit;
    uint32_t next_id;
    struct sim_domain *domains; /* room for all guests and starts */
    size_t domain_count;
    struct sim_start *starts;
    struct sim_snapshot snapshots[2]; /* of this step and of the previous one */
    int current;
    struct sim_rand rand;
    struct sim_score score;
    bool least; /* a copy in which all donors free memory as fast as they can: see score/shortest.c
                 */
};

/* Whether `usec` lies in one of the spans. */
bool sim_spans_hold(const struct sim_spans *spans, uint64_t usec);
/* The pages that a rate moves in a time; the remainder below a page stays in *credit. */
uint64_t sim_rate_pages(const struct sim *sim, uint64_t rate_kib, uint64_t usec, uint64_t *credit);
/* How long its balloon works in the `usec` that end now. */
uint64_t sim_guest_working_usec(const struct sim *sim, const struct sim_domain *domain,
                                uint64_t usec);
/* Its balloon driver is visible. */
bool sim_guest_has_balloon(const struct sim *sim, const struct sim_domain *domain);
enum ballast_domain_state sim_guest_state(const struct sim *sim, const struct sim_domain *domain);
/* The lowest size that the best balancer could reach: its minimum, its floor, above its death. */
uint64_t sim_lowest_stop_kib(const struct sim_domain *domain);
/*
 * Applies the targets that another program has set by now: target and maximum, as xl mem-set does.
 */
void sim_guest_set_targets(struct sim *sim, struct sim_domain *domain);
/* Frees what it frees in the `usec` that end now; the second function takes what it takes. */
void sim_guest_give(struct sim *sim, struct sim_domain *domain, uint64_t usec);
void sim_guest_take(struct sim *sim, struct sim_domain *domain, uint64_t usec);
/* Working set, reports, out-of-memory deaths. */
void sim_guest_live(struct sim *sim, struct sim_domain *domain);
/* Frees all its memory. */
void sim_domain_die(struct sim *sim, struct sim_domain *domain);
void sim_pages_free(struct sim *sim, struct sim_domain *domain, uint64_t pages);
void sim_pages_take(struct sim *sim, struct sim_domain *domain, uint64_t pages);
/* Free and claimed by nobody, on that node and at all. */
uint64_t sim_unclaimed_pages(const struct sim *sim, uint64_t node);
/* Clean and unclaimed pages: what a guest can take. */
uint64_t sim_takeable_pages(const struct sim *sim, const struct sim_domain *domain);
/* -EINVAL: a node lacks the memory of those on it. */
int sim_check_nodes(const struct sim *sim, struct ballast_error *err);
uint64_t sim_claimed_pages(const struct sim *sim);
/* Of those: by sim_claim(). */
uint64_t sim_reserved_claim_pages(const struct sim *sim);
/* Pages of reservations that are granted and not used yet. */
uint64_t sim_reserved_pages(const struct sim *sim);
uint64_t sim_available_pages(const struct sim *sim);
/* BALLAST_NONE stays BALLAST_NONE. */
uint64_t sim_pages_of(const struct sim *sim, uint64_t kib);

/* Populate-on-demand. It starts with a full cache, and nothing populated. */
void sim_pod_begin(struct sim *sim, struct sim_domain *domain);
/* Whether more is to be populated than its cache has. */
bool sim_pod_is_uncovered(const struct sim_domain *domain);
/* It touches its working set; false: more than it has. */
bool sim_pod_touch(const struct sim *sim, struct sim_domain *domain);
/* Its cache follows a target that was raised. */
void sim_pod_follow(struct sim *sim, struct sim_domain *domain);
/*
 * Its balloon frees up to `pages` of what is to be populated, down to `stop`; returns the rest of
 * them.
 */
uint64_t sim_pod_give(struct sim *sim, struct sim_domain *domain, uint64_t stop, uint64_t pages);

/* The current working set; 0 if it has none. */
uint64_t sim_need_now(const struct sim *sim, struct sim_domain *domain);
void sim_report_make(struct sim *sim, struct sim_domain *domain);
/* Without, it dies of what it lacks. */
bool sim_has_swap(const struct sim_guest_config *is);
/* Counts its pressure up to now, by what it has lacked since it was last counted. */
void sim_pressure_count(const struct sim *sim, struct sim_domain *domain);
/* Adds to a report what its agent says of its pressure. */
void sim_pressure_say(const struct sim *sim, const struct sim_domain *domain,
                      struct sim_said *said);
/* What is known by a report of that age. */
void sim_pressure_seen(const struct sim_domain *domain, const struct sim_said *said,
                       uint64_t age_usec, struct ballast_pressure *out);
/* The visible report; all BALLAST_NONE if there is none. */
void sim_report_seen(const struct sim *sim, const struct sim_domain *domain,
                     struct ballast_domain *out);

/*
 * Adds a guest that exists from the beginning, or one that is about to be built and is still empty.
 */
struct sim_domain *sim_domain_add(struct sim *sim, const struct sim_guest_config *is);
/* Allocates arrays for all guests and starts. -ENOMEM; sim_free() frees them. */
int sim_room(struct sim *sim, struct ballast_error *err);
int sim_check_pages(const struct sim *sim, struct ballast_error *err);
void sim_starts_step(struct sim *sim);
void sim_reboots_step(struct sim *sim);
void sim_build_step(struct sim *sim, struct sim_domain *domain, uint64_t usec);
/* Whether a fault of that kind occurs in this call. */
bool sim_fault_strikes(struct sim *sim, enum sim_fault_kind kind);
/* One step of the balloons only. */
void sim_balloons_step(struct sim *sim, uint64_t usec);

#endif
