/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated host: a sibling of the real Xen behind edge/hv/hv.h, so that whoever drives it
 * cannot tell which one it is. It is a part of the product: the daemon runs on it where there is no
 * Xen, scenarios are replayed through it, and a fault found on a real host can be replayed in it.
 *
 * Time is simulated and moves only in sim_step(); the same configuration and seed give the same
 * run, to the page. All memory is counted in pages, and after each step what Xen, the domains and
 * the free memory hold must make the host's total exactly, or the step fails.
 *
 * Beside the host there are the starts: guests that a toolstack wants to build. They arrive at
 * their time, wait, and are granted or refused by whoever drives the host; a granted one becomes a
 * domain that fills at its rate and dies when memory is not there. The host also keeps the score,
 * from what is true and not from what a policy believes.
 */
#ifndef CORE_SIM_SIM_H
#define CORE_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/model/host.h"

enum {
    SIM_NAME = 48,  /* of a guest or start, terminator included */
    SIM_SPANS = 8,  /* stretches of time of one kind that a guest may have */
    SIM_STEPS = 24, /* of a working set */
    SIM_LATE = 64,  /* reports that may be under way at once */
    SIM_GUESTS = 20000,
    SIM_STARTS = 1024,
    SIM_FAULTS = 64,
};

/* 0.1 s: what squeezed's simulator steps by, and the balancer's tick. */
#define SIM_TICK_USEC UINT64_C(100000)

struct sim_span {
    uint64_t from_usec;
    uint64_t until_usec; /* not part of it; BALLAST_NONE: to the end */
};

struct sim_spans {
    struct sim_span at[SIM_SPANS];
    size_t count;
};

/* How the working set moves. */
enum sim_need_kind {
    SIM_NEED_STEPS,  /* steps[] in order of time; none: no working set, never short */
    SIM_NEED_RAMP,   /* from low to high between two times */
    SIM_NEED_SQUARE, /* low for low_usec, high for high_usec, and again */
    SIM_NEED_WALK,   /* random, within low and high, at most walk_kib a second */
};

struct sim_need {
    enum sim_need_kind kind;
    uint64_t low_kib;
    uint64_t high_kib;
    uint64_t from_usec;
    uint64_t until_usec;
    uint64_t low_usec;
    uint64_t high_usec;
    uint64_t walk_kib;
    struct {
        uint64_t at_usec;
        uint64_t kib;
    } steps[SIM_STEPS];
    size_t step_count;
};

enum sim_report {
    SIM_REPORT_HONEST, /* used: the working set; free: what it holds beyond it */
    SIM_REPORT_NONE,
    SIM_REPORT_LOW,    /* a quarter of it */
    SIM_REPORT_HIGH,   /* four times it */
    SIM_REPORT_RANDOM, /* anything up to twice its static maximum, anew each time */
    SIM_REPORT_HUGE,   /* always 16 EiB less one KiB */
    SIM_REPORTS
};

/* Of a guest whose segments are known; the others have sizes and no more. */
enum sim_type { SIM_TYPE_UNKNOWN, SIM_TYPE_PV, SIM_TYPE_PVH, SIM_TYPE_HVM, SIM_TYPES };

struct sim_guest_config {
    char name[SIM_NAME];
    enum sim_type type;
    bool dom0;
    bool no_balloon; /* never gets a balloon driver */
    bool grabs;      /* takes whatever its maximum allows, whatever its target */
    bool pod;        /* populate-on-demand: its kernel thinks that it has its static maximum */
    bool panics;     /* without swap: it dies when its balloon gives what it uses */
    uint64_t tot_kib;
    uint64_t overhead_kib;
    uint64_t vcpus;     /* 0: nothing of its configuration is told, nor can its cost be predicted */
    uint64_t video_kib; /* of tot_kib; an HVM guest's */
    uint64_t pool_kib;  /* of overhead_kib; the rest of it is extra external */
    uint64_t target_kib;
    uint64_t maxmem_kib;
    uint64_t dynamic_min_kib;
    uint64_t dynamic_max_kib;
    uint64_t static_max_kib;
    uint64_t shares;
    uint64_t pinned_kib; /* shown as the target that an administrator set; 0: none */
    uint64_t reclaim_kib_per_sec;
    uint64_t grow_kib_per_sec;
    uint64_t floor_kib;       /* its balloon stops here, and does not tell */
    uint64_t ceiling_kib;     /* it cannot grow past this; BALLAST_NONE: no such limit */
    uint64_t inaccuracy_kib;  /* it stops so far short of its target */
    uint64_t dies_below_kib;  /* out-of-memory killer: it is gone when it holds less */
    uint64_t starve_usec;     /* without swap, but its balloon stops at what it uses: left with a
                                 lower target for so long, it dies; 0: it has swap */
    uint64_t duty_work_usec;  /* works so long, */
    uint64_t duty_stuck_usec; /* then does nothing so long; 0: always works */
    uint64_t drip_usec;       /* gives one page in so long, to look alive; 0: an honest guest */
    uint64_t boot_usec;       /* holds everything and has no balloon for so long */
    uint64_t crash_usec;      /* when it is gone at once; BALLAST_NONE: never */
    uint64_t shutdown_usec;   /* when it begins to give all back at its rate; the same */
    struct sim_spans stuck;
    struct sim_spans paused;
    struct sim_spans migrating;
    struct sim_spans says_suspend; /* by its own word, and without being so */
    struct sim_need need;
    struct sim_need told; /* steps alone: what somebody else sets its target to */
    enum sim_report report;
    uint64_t report_every_usec;
    uint64_t report_late_usec; /* between its making and its being seen */
};

struct sim_start_config {
    struct sim_guest_config guest; /* what it becomes */
    uint64_t arrives_usec;
    uint64_t deadline_usec;  /* BALLAST_NONE: it waits for ever */
    uint64_t need_kib;       /* asked for */
    uint64_t build_rate_kib; /* a second */
    uint64_t hesitate_usec;  /* between the grant and the toolstack's first hypercall */
    uint64_t bind_usec;      /* from there until whoever asked binds its domain */
};

enum sim_fault_kind {
    SIM_FAULT_SET_FAILS,     /* a set returns -EIO and does nothing */
    SIM_FAULT_SET_LOST,      /* a set returns 0 and does nothing */
    SIM_FAULT_SNAPSHOT_LATE, /* a refresh shows the host as it was a tick ago */
    SIM_FAULT_REFRESH_FAILS, /* a refresh returns -EIO */
    SIM_FAULT_CLAIM_FAILS,   /* a claim returns -ENOMEM whatever is free */
    SIM_FAULTS_KINDS
};

struct sim_fault {
    enum sim_fault_kind kind;
    struct sim_span span;
    uint64_t chance_permyriad; /* of each call within the span */
};

struct sim_config {
    uint64_t total_kib;
    uint64_t xen_kib;
    uint64_t slack_kib;
    uint64_t scrub_rate_kib; /* a second; 0: freed memory is clean at once */
    uint64_t page_kib;       /* 4; 1 for hosts written down in KiB */
    uint64_t tick_usec;      /* a whole number of ms */
    uint64_t seed;
    struct sim_guest_config *guests;
    size_t guest_count;
    struct sim_start_config *starts;
    size_t start_count;
    struct sim_fault *faults;
    size_t fault_count;
    char xen_version[SIM_NAME]; /* as Xen would say it; "" where it is not told */
    char processor[SIM_NAME];   /* the same */
};

enum sim_start_state {
    SIM_START_COMING,
    SIM_START_WAITING,
    SIM_START_REFUSED,
    SIM_START_PROMISED, /* granted; its domain does not exist yet */
    SIM_START_BUILDING,
    SIM_START_BUILT,
    SIM_START_DIED, /* while it was built: memory was not there */
};

struct sim_start {
    const struct sim_start_config *is;
    enum sim_start_state state;
    uint64_t arrived_usec;
    uint64_t answered_usec; /* granted or refused */
    /* What core/sim/judge finds; unset where nothing is judged. */
    bool feasible; /* together with those that waited when it came */
    bool gave_up;  /* nobody had answered when its deadline passed */
    /* From arrival until all that waited with it could have been granted; BALLAST_NONE: never. */
    uint64_t least_usec;
    uint64_t bad_grants; /* grants for memory that was not there */
    uint32_t domid;      /* from building on */
};

/* Time integrals are in KiB x ms; everything counts from the first step. */
struct sim_score {
    uint64_t shortfall_kibms;   /* working set beyond what is held */
    uint64_t unavoidable_kibms; /* of it: as much as there were if memory moved in no time */
    uint64_t idle_kibms;        /* free and nobody's: not slack, promised, claimed or waited for */
    uint64_t idle_short_kibms;  /* of it: as much as somebody was short of at that moment */
    uint64_t below_min_ms;      /* domains held under their dynamic minimum by their target */
    uint64_t churn_kib;         /* sum of all moves of targets */
    uint64_t target_writes;
    uint64_t maxmem_writes;
    uint64_t wrong_asks;  /* targets moved of a guest that was paused, migrating or being built */
    uint64_t builds_died; /* memory was not there */
    uint64_t guests_died; /* out of memory; not those that were to crash */
    uint64_t bad_grants;  /* memory was not there */
    uint64_t least_free_kib;
    uint64_t elapsed_usec;
};

struct sim_domain_view {
    const char *name;
    uint32_t id;
    bool alive;
    bool built; /* false: it was there from the beginning */
    enum ballast_domain_state state;
    uint64_t tot_kib;
    uint64_t target_kib;
    uint64_t maxmem_kib;
    uint64_t need_kib; /* the true working set; 0 where it has none */
    uint64_t dynamic_min_kib;
    uint64_t shortfall_kibms;
    uint64_t target_writes;
    bool killed;
};

struct sim;

/*
 * A host as configured; *config stays the caller's and must outlive it. `seed` replaces the
 * configuration's unless it is 0. -EINVAL: it cannot be (the error says what contradicts what),
 * -ENOMEM.
 */
int sim_new(const struct sim_config *config, uint64_t seed, struct sim **out,
            struct ballast_error *err);
void sim_free(struct sim *sim); /* NULL is allowed */

/* What hv.h asks of a host, with its contract; -EIO and -ENOMEM where a fault of the scenario
 * strikes. */
int sim_refresh(struct sim *sim, const struct ballast_host **out, struct ballast_error *err);
int sim_set(struct sim *sim, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
            struct ballast_error *err);
int sim_claim(struct sim *sim, uint32_t domid, uint64_t kib, struct ballast_error *err);

uint64_t sim_now_usec(const struct sim *sim);
/* Moves time on. -EPROTO when a page was lost or made: the error has the figures. */
int sim_step(struct sim *sim, uint64_t usec, struct ballast_error *err);
/* Free and nobody's in truth: without slack, claims, what builds still need, and promises. */
uint64_t sim_available_kib(const struct sim *sim);
uint64_t sim_free_kib(const struct sim *sim);
uint64_t sim_claimed_kib(const struct sim *sim);

/* The starts, in the order of the configuration. */
size_t sim_start_count(const struct sim *sim);
const struct sim_start *sim_start_at(const struct sim *sim, size_t i);
/*
 * Says yes to a waiting start; `claim` stakes its memory in the host. -ENOMEM: memory is not there,
 * nothing happens and it counts against the policy; -EINVAL: it does not wait.
 */
int sim_start_grant(struct sim *sim, size_t i, bool claim, struct ballast_error *err);
/* Says no; -EINVAL: it does not wait. */
int sim_start_refuse(struct sim *sim, size_t i, struct ballast_error *err);
/*
 * Begins to build the i-th start as a toolstack that asks nobody: one that has not come
 * (arrives_usec BALLAST_NONE: it never does by itself) or whose domain is gone. Its configuration
 * may have been changed since, by whoever owns it. -EINVAL: it is under way; -ENOMEM: not even its
 * overhead is free.
 */
int sim_start_build(struct sim *sim, size_t i, bool claim, struct ballast_error *err);
/* A domain is destroyed, whatever it is doing. -ENOENT. */
int sim_destroy(struct sim *sim, uint32_t domid, struct ballast_error *err);
/* Granted, but the host does not show it yet. */
uint64_t sim_promised_kib(const struct sim *sim);

/*
 * The whole state as bytes, for the same program on the same machine: a simulated host that
 * outlives whoever drives it. sim_image_save() writes sim_image_bytes(); the starts' configurations
 * are part of it.
 */
size_t sim_image_bytes(const struct sim *sim);
size_t sim_image_most(const struct sim *sim); /* of any state that it can come to */
void sim_image_save(const struct sim *sim, void *out);
/*
 * The host of an image in *out; *config (the starts that are under way are put back into it) must
 * be as it was for the one that was saved. -EINVAL: it is another host's, or none; -ENOMEM, and
 * -EPROTO where its pages do not sum.
 */
int sim_image_load(struct sim_config *config, const void *image, size_t size, struct sim **out,
                   struct ballast_error *err);

/* Every domain that is or was, in order of id; starts that are no domain yet are not among them. */
size_t sim_domain_count(const struct sim *sim);
void sim_domain_view(const struct sim *sim, size_t i, struct sim_domain_view *out);
/* What a domain was configured to be, or NULL: the sim's, until its next step. */
const struct sim_guest_config *sim_domain_config(const struct sim *sim, uint32_t domid);

#endif
