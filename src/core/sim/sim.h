/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated host: a sibling of the real Xen behind edge/hv/hv.h, which its users cannot
 * distinguish from it. It is part of the product: the daemon runs on it where there is no Xen,
 * scenarios are run on it, and a fault found on a real host can be replayed on it.
 *
 * Time is simulated and moves only in sim_step(); the same configuration and seed give the same
 * run, to the page. All memory is counted in pages, and after each step the memory of Xen, of the
 * domains and free memory must sum exactly to the host's total, or the step fails.
 *
 * Beside the host there are the starts: guests that a toolstack wants to build. They arrive at
 * their time, wait, and are granted or refused by the user of the host; a granted one becomes a
 * domain that fills at its rate and dies if memory is missing. The host also keeps the score, from
 * the true state and not from what a policy estimates.
 */
#ifndef CORE_SIM_SIM_H
#define CORE_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/base/uuid.h"
#include "core/model/host.h"

enum {
    SIM_NAME = 48, /* of a guest or start, terminator included */
    SIM_UUID = BALLAST_UUID_BYTES,
    SIM_SPANS = 8,  /* time spans of one kind per guest */
    SIM_STEPS = 24, /* of a working set */
    SIM_LATE = 64,  /* reports that can be under way at once */
    SIM_GUESTS = 20000,
    SIM_STARTS = 1024,
    SIM_FAULTS = 64,
};

/* 0.1 s: the step of squeezed's simulator, and the balancer's tick. */
#define SIM_TICK_USEC UINT64_C(100000)
/* Builders on today's machines reach a few GiB per second; this is a modest rate, per second. */
#define SIM_BUILD_RATE_KIB (UINT64_C(1) << 20)

struct sim_span {
    uint64_t from_usec;
    uint64_t until_usec; /* exclusive; BALLAST_NONE: to the end */
};

struct sim_spans {
    struct sim_span at[SIM_SPANS];
    size_t count;
};

/* How the working set moves. */
enum sim_need_kind {
    SIM_NEED_STEPS,  /* steps[] in order of time; none: no working set, never short */
    SIM_NEED_RAMP,   /* from low to high between two times */
    SIM_NEED_SQUARE, /* low for low_usec, high for high_usec, repeated */
    SIM_NEED_WALK,   /* random, within low and high, at most walk_kib per second */
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
    SIM_REPORT_HONEST, /* used: the working set; free: its memory beyond it */
    SIM_REPORT_NONE,
    SIM_REPORT_LOW,    /* a quarter of it */
    SIM_REPORT_HIGH,   /* four times it */
    SIM_REPORT_RANDOM, /* random up to twice its static maximum, each time */
    SIM_REPORT_HUGE,   /* always 16 EiB less one KiB */
    SIM_REPORT_SCALED, /* scale_permyriad of it */
    SIM_REPORT_FREE,   /* as of an agent that knows free memory only: use up to all that it has */
    /* The others say nothing of the working set: a guest without one reports them too. */
    SIM_REPORT_ALL,         /* whatever it holds: nothing is free */
    SIM_REPORT_CONSTANT,    /* always claim_kib */
    SIM_REPORT_FOLLOWING,   /* its target: a claim that goes where its allotment goes */
    SIM_REPORT_OSCILLATING, /* claim_kib for 10 s, a quarter of it for 10 s, repeated */
    SIM_REPORTS
};

/* What its ballast-agent says of its pressure; sim_pressure.c has the arithmetic. */
enum sim_pressure_report {
    SIM_PRESSURE_NONE,   /* it has no agent: no pressure is known */
    SIM_PRESSURE_HONEST, /* what it lacks, as Linux would show it */
    SIM_PRESSURE_FALSE,  /* always that of a guest in great distress */
    SIM_PRESSURES
};

/* What a report that counts swap says of it. */
enum sim_swap_report {
    SIM_SWAP_HONEST,  /* what of its working set it has no memory for */
    SIM_SWAP_NONE,    /* nothing */
    SIM_SWAP_CLAIMED, /* all that it claims beyond its memory: such a claim has no contradiction */
    SIM_SWAPS
};

/* For a guest with known segments; the others have only sizes. */
enum sim_type { SIM_TYPE_UNKNOWN, SIM_TYPE_PV, SIM_TYPE_PVH, SIM_TYPE_HVM, SIM_TYPES };

struct sim_guest_config {
    char name[SIM_NAME];
    uint8_t uuid[SIM_UUID]; /* all 0: one that is made of its name */
    enum sim_type type;
    bool dom0;
    bool no_balloon; /* never gets a balloon driver */
    bool grabs;      /* takes all that its maximum allows, whatever its target */
    bool pod;        /* populate-on-demand: its kernel believes it has its static maximum */
    bool panics;     /* without swap: it dies when its balloon frees memory that it uses */
    uint64_t tot_kib;
    uint64_t overhead_kib;
    uint64_t vcpus;     /* 0: its configuration is unknown, so its cost cannot be predicted */
    uint64_t node;      /* the NUMA node whose memory it takes, and no other's */
    uint64_t video_kib; /* of tot_kib; an HVM guest's */
    uint64_t pool_kib;  /* of overhead_kib; the rest of it is extra external */
    uint64_t target_kib;
    uint64_t maxmem_kib;
    uint64_t dynamic_min_kib;
    uint64_t dynamic_max_kib;
    uint64_t static_max_kib;
    uint64_t shares;
    uint64_t pinned_kib; /* shown as a target set by an administrator; 0: none */
    uint64_t reclaim_kib_per_sec;
    uint64_t grow_kib_per_sec;
    uint64_t floor_kib;       /* its balloon stops here without a report */
    uint64_t ceiling_kib;     /* it cannot grow past this; BALLAST_NONE: no such limit */
    uint64_t inaccuracy_kib;  /* it stops this far short of its target */
    uint64_t dies_below_kib;  /* out-of-memory killer: it dies with less */
    uint64_t starve_usec;     /* without swap, but its balloon stops at what it uses: with a lower
                                 target for this long it dies; 0: it has swap */
    uint64_t duty_work_usec;  /* works this long, */
    uint64_t duty_stuck_usec; /* then does nothing this long; 0: always works */
    uint64_t drip_usec;       /* frees one page per this time, to seem alive; 0: an honest guest */
    uint64_t boot_usec;       /* has all its memory and no balloon for this long */
    uint64_t crash_usec;      /* when it crashes; BALLAST_NONE: never */
    uint64_t shutdown_usec;   /* when it starts to free all its memory at its rate; likewise */
    uint64_t reboot_usec;     /* when it shuts down to be built again as it was; 0: never */
    uint64_t return_usec;     /* from the end of its domain until the next is built */
    struct sim_spans stuck;
    struct sim_spans paused;
    struct sim_spans migrating;
    struct sim_spans says_suspend; /* reports a suspend that is not real */
    struct sim_need need;
    struct sim_need set_targets; /* steps only: targets that another program sets */
    enum sim_report report;
    uint64_t claim_kib;       /* of false reports */
    uint64_t scale_permyriad; /* likewise */
    uint64_t noise_permyriad; /* each report of use is off by a random part of up to this */
    enum sim_pressure_report pressure;
    enum sim_swap_report swap;
    uint64_t report_every_usec;
    uint64_t report_late_usec; /* between writing a report and its appearance */
};

struct sim_start_config {
    struct sim_guest_config guest; /* the guest that it becomes */
    uint64_t arrives_usec;
    uint64_t deadline_usec;  /* BALLAST_NONE: it waits forever */
    uint64_t need_kib;       /* requested */
    uint64_t build_rate_kib; /* a second */
    uint64_t hesitate_usec;  /* between the grant and the toolstack's first hypercall */
    uint64_t bind_usec;      /* from there until the client binds its domain */
    uint64_t wait_usec;      /* its domain exists for so long before it takes memory */
    bool unreserved;         /* its toolstack builds it without a request */
};

enum sim_fault_kind {
    SIM_FAULT_SET_FAILS,     /* a set returns -EIO and does nothing */
    SIM_FAULT_SET_LOST,      /* a set returns 0 and does nothing */
    SIM_FAULT_SNAPSHOT_LATE, /* a refresh shows the host as it was a tick ago */
    SIM_FAULT_REFRESH_FAILS, /* a refresh returns -EIO */
    SIM_FAULT_CLAIM_FAILS,   /* a claim returns -ENOMEM and does nothing, however much is free */
    SIM_FAULTS_KINDS
};

struct sim_fault {
    enum sim_fault_kind kind;
    struct sim_span span;
    uint64_t chance_permyriad; /* of each call within the span */
};

enum { SIM_NODES = 8 };

/* The memory of each NUMA node; none: the host has no nodes. */
struct sim_nodes {
    uint64_t kib[SIM_NODES];
    size_t count;
};

struct sim_config {
    uint64_t total_kib;
    struct sim_nodes nodes; /* their sum is the total; Xen's memory is the first one's */
    uint64_t xen_kib;
    uint64_t slack_kib;
    uint64_t scrub_rate_kib; /* per second; 0: freed memory is clean at once */
    uint64_t page_kib;       /* 4; 1 for hosts described in KiB */
    uint64_t tick_usec;      /* a whole number of ms */
    uint64_t seed;
    struct sim_guest_config *guests;
    size_t guest_count;
    struct sim_start_config *starts;
    size_t start_count;
    struct sim_fault *faults;
    size_t fault_count;
    char xen_version[SIM_NAME]; /* as Xen reports it; "" if not set */
    char processor[SIM_NAME];   /* the same */
};

enum sim_start_state {
    SIM_START_COMING,
    SIM_START_WAITING,
    SIM_START_REFUSED,
    SIM_START_GRANTED, /* granted; its domain does not exist yet */
    SIM_START_BUILDING,
    SIM_START_BUILT,
    SIM_START_DIED, /* while it was built: memory was missing */
};

struct sim_start {
    const struct sim_start_config *is;
    enum sim_start_state state;
    uint64_t arrived_usec;
    uint64_t answered_usec; /* granted or refused */
    /* Filled by core/sim/score. */
    bool feasible; /* together with the starts that waited when it arrived */
    bool gave_up;  /* it had no answer when its deadline passed */
    /*
     * From arrival until it and all that waited with it could have been granted; BALLAST_NONE:
     * never.
     */
    uint64_t shortest_usec;
    uint64_t bad_grants; /* grants of memory that was not free */
    uint32_t domid;      /* from the start of its build */
};

/* Time integrals are in KiB x ms; everything counts from the first step. */
struct sim_score {
    uint64_t shortfall_kibms;   /* working set beyond current memory */
    uint64_t unavoidable_kibms; /* of that: what would remain if memory moved instantly */
    uint64_t idle_kibms;        /* available: not slack, reserved, claimed or waited for */
    uint64_t idle_short_kibms;  /* of that: as much as guests lacked at that moment */
    uint64_t below_min_ms;      /* time with a domain's target below its dynamic minimum */
    uint64_t churn_kib;         /* sum of all moves of targets */
    uint64_t target_writes;
    uint64_t maxmem_writes;
    uint64_t wrong_asks; /* moves of targets of a guest that was paused, migrating or being built */
    uint64_t builds_died; /* memory was missing */
    uint64_t guests_died; /* out of memory, without configured crashes */
    uint64_t bad_grants;  /* memory was missing */
    uint64_t minimum_free_kib;
    uint64_t elapsed_usec;
};

struct sim_domain_view {
    const char *name;
    uint32_t id;
    bool alive;
    bool built; /* false: it exists from the beginning */
    enum ballast_domain_state state;
    uint64_t tot_kib;
    uint64_t target_kib;
    uint64_t maxmem_kib;
    uint64_t need_kib; /* the true working set; 0 if it has none */
    uint64_t dynamic_min_kib;
    uint64_t shortfall_kibms;
    uint64_t target_writes;
    bool killed;
};

struct sim;

/*
 * Creates a host; the caller keeps *config, which must outlive it. `seed` replaces the
 * configuration's unless it is 0. -EINVAL: the configuration is invalid (the error has the
 * contradiction), -ENOMEM.
 */
int sim_new(const struct sim_config *config, uint64_t seed, struct sim **out,
            struct ballast_error *err);
void sim_free(struct sim *sim); /* NULL is allowed */

/* The operations of hv.h, with its contract; -EIO and -ENOMEM if a fault of the scenario occurs. */
int sim_refresh(struct sim *sim, const struct ballast_host **out, struct ballast_error *err);
int sim_set(struct sim *sim, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
            struct ballast_error *err);
struct sim_claim {
    uint64_t id;
    uint64_t node; /* 1 + its node; 0: any */
    uint64_t pages;
};
enum { SIM_CLAIMS = 64 };
/*
 * Of hv_claim() one claim: it is made, changed or, with 0, ended. Of what is claimed of a node only
 * other nodes' memory can be taken instead, as with the claims that are proposed for Xen.
 */
int sim_claim(struct sim *sim, uint64_t id, uint64_t node, uint64_t kib, struct ballast_error *err);
size_t sim_node_count(const struct sim *sim);
/* Those that there are, by id; they live until the next change. */
size_t sim_claims(const struct sim *sim, const struct sim_claim **out);
uint64_t sim_page_kib(const struct sim *sim);

uint64_t sim_now_usec(const struct sim *sim);
/* Advances time. -EPROTO if a page was lost or created: the error has the figures. */
int sim_step(struct sim *sim, uint64_t usec, struct ballast_error *err);
/*
 * What is truly available: free memory without slack, claims, what builds still need, and
 * reservations.
 */
uint64_t sim_available_kib(const struct sim *sim);
uint64_t sim_free_kib(const struct sim *sim);
/* All claims, that of sim_claim() too. */
uint64_t sim_claimed_kib(const struct sim *sim);

/* The starts, in the order of the configuration. */
size_t sim_start_count(const struct sim *sim);
const struct sim_start *sim_start_at(const struct sim *sim, size_t i);
/*
 * Grants a waiting start; `claim` claims its memory in the host. -ENOMEM: memory is not free;
 * nothing happens, and it counts against the policy. -EINVAL: it does not wait.
 */
int sim_start_grant(struct sim *sim, size_t i, bool claim, struct ballast_error *err);
/* Refuses a start; -EINVAL: it does not wait. */
int sim_start_refuse(struct sim *sim, size_t i, struct ballast_error *err);
/*
 * Starts to build the i-th start like a toolstack that makes no request: one that has not arrived
 * (arrives_usec BALLAST_NONE: it never does by itself) or whose domain is gone. Its owner may have
 * changed its configuration since. -EINVAL: it is under way; -ENOMEM: not even its overhead is
 * free.
 */
int sim_start_build(struct sim *sim, size_t i, bool claim, struct ballast_error *err);
/* Destroys a domain in any state. -ENOENT. */
int sim_destroy(struct sim *sim, uint32_t domid, struct ballast_error *err);

/*
 * The whole state as bytes, for the same program on the same machine: a simulated host that
 * outlives its process. sim_image_save() writes sim_image_bytes() bytes; the configurations of
 * starts are part of it.
 */
size_t sim_image_bytes(const struct sim *sim);
size_t sim_image_most(const struct sim *sim); /* for any state that it can reach */
void sim_image_save(const struct sim *sim, void *out);
/*
 * Loads the host of an image into *out; *config must be as it was for the saved host, and its
 * starts under way are restored. -EINVAL: the image is of another host, or invalid; -ENOMEM;
 * -EPROTO if its pages do not sum.
 */
int sim_image_load(struct sim_config *config, const void *image, size_t size, struct sim **out,
                   struct ballast_error *err);

/*
 * Every present and past domain, in the order of ids; starts without a domain yet are not among
 * them.
 */
size_t sim_domain_count(const struct sim *sim);
void sim_domain_view(const struct sim *sim, size_t i, struct sim_domain_view *out);
/* The configuration of a domain, or NULL; valid until the next step. */
const struct sim_guest_config *sim_domain_config(const struct sim *sim, uint32_t domid);

#endif
