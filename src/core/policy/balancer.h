/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The balancer: once per tick it receives the host and the starts that wait for memory, and answers
 * what to set now, and which starts are granted or refused. Whatever the policy aims at, the result
 * keeps these laws:
 *
 *  - a guest's target is raised only into memory that is already available (free before take);
 *  - the room that all maxima leave above current memory never exceeds available memory, so no
 *    guest can take what is reserved for another, whatever it does;
 *  - domains that are not asked have their maxima limited to that too while anything is reserved,
 *    also below a target that another program has set;
 *  - a target is within the dynamic range and never above the maximum;
 *  - a pinned target (pin.h) is kept, and only a request takes memory from below it;
 *  - a domain that is paused, being built, migrating, without a balloon, or populated on demand
 *    and not yet covered is never asked, and none is asked to go below its floor (floor.h);
 *  - a domain whose balloon stopped, or took memory back, keeps its size, and is in backoff;
 *  - a grant needs memory that is available now;
 *  - of the headroom, which is available memory, a guest grows only to its minimum, its pinned
 *    target, or the need that it has proven while its use exceeds what it has.
 *
 * It reads no clock: the time is host->now_usec, which must not go backwards. It keeps what it has
 * learned of each domain (rates, pauses, floors, trust) from tick to tick, and allocates only when
 * there are more domains or requests than ever before.
 */
#ifndef CORE_POLICY_BALANCER_H
#define CORE_POLICY_BALANCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/base/pattern.h"
#include "core/model/host.h"
#include "core/policy/floor.h"
#include "core/policy/host_state.h"
#include "core/policy/pace.h"

struct policy;

struct balancer_request {
    uint64_t id; /* chosen by the caller; unique among the requests */
    uint64_t need_kib;
    uint64_t arrived_usec;
    uint64_t deadline_usec; /* BALLAST_NONE: it waits forever */
};

struct balancer_input {
    const struct ballast_host *host; /* names and domains are only used during the call */
    const struct balancer_request *requests;
    size_t request_count;
    /* Of free memory: granted to starts that the host does not show yet as claims or builds. */
    uint64_t reserved_kib;
};

/* The reason of a decision; the table in reason.c has the figures of each. */
enum balancer_reason {
    BALANCER_RECLAIMED_FOR_START, /* idle memory for a waiting start */
    BALANCER_SQUEEZED_FOR_START,  /* the same, beyond what is idle */
    BALANCER_RECLAIM_STOPPED,     /* enough is free */
    BALANCER_NEEDS_MORE,          /* its proven need exceeds its current memory */
    BALANCER_UNDER_PRESSURE,      /* the same, by its pressure (distress.h) */
    BALANCER_SHARE_OF_SURPLUS,
    BALANCER_RECLAIMED_FOR_OTHERS,   /* other domains lack memory */
    BALANCER_PROBED,                 /* likewise, below what it reports (probe.h) */
    BALANCER_RECLAIMED_FOR_HEADROOM, /* a part of the headroom is missing */
    BALANCER_RULE,                   /* the rule of another balancer (core/peers) */
    BALANCER_PINNED,                 /* its target is pinned */
    BALANCER_BELOW_PIN,              /* below its pinned target for a waiting start */
    BALANCER_BACKOFF,                /* its balloon stopped, or took memory back */
    BALANCER_MAXIMUM_LOWERED,        /* its maximum is lowered to its current memory or target */
    BALANCER_MAXIMUM_RAISED,         /* its maximum was below its target */
    BALANCER_FITS,                   /* granted */
    BALANCER_NEVER_FITS,             /* it needs more than could ever be available */
    BALANCER_DONORS_STUCK,           /* the donors that could free what is missing have stopped */
    BALANCER_TOO_LATE,               /* its deadline has passed */
    BALANCER_REPORT_FOLLOWS,         /* of a probe: its report fell with its memory */
    BALANCER_REPORT_UNUSED,          /* neither pressure nor swap rose */
    BALANCER_REPORT_STAYS,           /* its report stayed */
    BALANCER_REPORT_FREES,           /* it reports memory free */
    BALANCER_PROBE_PRESSED,          /* pressure or swap ended it */
    BALANCER_PROBE_STOPPED,          /* its balloon did */
    BALANCER_PROBE_UNANSWERED,       /* no report came */
    BALANCER_REPORT_FORGIVEN,        /* its report counts again */
    BALANCER_DISTRESS,               /* its pressure shows that it lacks memory */
    BALANCER_DISTRESS_OVER,
    BALANCER_REASONS
};

/* Those of its reason; the others mean nothing. */
struct balancer_figures {
    uint64_t missing_kib;  /* what waiting starts, other domains, headroom or the request lack */
    uint64_t current_kib;  /* the domain's current memory */
    uint64_t needed_kib;   /* the domain's proven need, or the request's */
    uint64_t share_kib;    /* its share of the surplus */
    uint64_t pinned_kib;   /* its pinned target */
    uint64_t change_kib;   /* of its maximum */
    uint64_t left_kib;     /* what stays available after a grant */
    uint64_t possible_kib; /* all that could ever be available */
    uint64_t used_kib;     /* what the domain reports in use */
    uint64_t held_kib;     /* what the donors that stopped have above their minima */
};

struct balancer_set {
    uint32_t id;
    uint64_t target_kib; /* BALLAST_NONE: no change */
    uint64_t maxmem_kib; /* likewise */
    enum balancer_reason reason;
    struct balancer_figures figures;
    struct floor floor; /* that limited its target; FLOOR_NONE: none did */
};

struct balancer_verdict {
    uint64_t request;
    bool granted; /* false: refused */
    bool claim;   /* for a grant: claim it in Xen */
    enum balancer_reason reason;
    struct balancer_figures figures;
};

/* What a sample showed about a domain; nothing is to be carried out. */
struct balancer_finding {
    uint32_t id;
    enum balancer_reason reason; /* from BALANCER_REPORT_FOLLOWS on */
    struct balancer_figures figures;
};

/*
 * To be carried out in this order: the first take_count sets (they lower or limit), then the
 * verdicts, then the other sets (they raise).
 */
struct balancer_output {
    const struct balancer_set *sets; /* owned by the balancer, until its next decision */
    size_t take_count;
    size_t set_count;
    const struct balancer_verdict *verdicts;
    size_t verdict_count;
    const struct balancer_finding *findings; /* likewise the balancer's */
    size_t finding_count;
    /* Available before the grants of this tick, without what is set aside for minima. */
    uint64_t available_kib;
    uint64_t deficit_kib; /* reserved beyond what is free: to be made up before any start */
    /*
     * The largest part of a target that is withheld from a domain which is not asked, since it is
     * reserved for others. 0: none.
     */
    uint64_t held_kib;
    uint32_t held_id;
};

struct balancer_options {
    bool take_before_free; /* breaks law 4, to show the consequences */
    bool no_inaccuracy;    /* does not allow for balloons that stop short, likewise */
    bool no_floors;        /* asks down to dynamic minima, whatever is known, likewise */
    uint64_t
        inaccuracy_kib; /* how far from its target a balloon may stop and still counts as there */
    /*
     * Free memory into which no target is raised: what Xen takes for itself between two samples
     * (grant frames, event channels, its own heap) must not come out of a reservation.
     */
    uint64_t guard_kib;
    /*
     * Available memory that is left free for starts that do not ask. It is not reserved: requests
     * are granted from it, and a policy that reclaims for others makes it good afterwards.
     */
    uint64_t headroom_kib;
    struct balancer_settings settings;
};

#define BALANCER_OPTIONS_DEFAULT                                                                   \
    ((struct balancer_options){.inaccuracy_kib = 4, .settings = BALANCER_SETTINGS_DEFAULT})

struct balancer;

/* NULL: out of memory. `policy` is one of policy_at(); the caller keeps it. */
struct balancer *balancer_new(const struct policy *policy, const struct balancer_options *options);
void balancer_free(struct balancer *balancer);
/* Uses another policy from the next decision on; keeps what was learned. */
void balancer_set_policy(struct balancer *balancer, const struct policy *policy);
/* Sets how far from its target a balloon may stop, from the next plan on. */
void balancer_set_inaccuracy(struct balancer *balancer, uint64_t kib);
/* Sets the headroom, from the next decision on. */
void balancer_set_headroom(struct balancer *balancer, uint64_t kib);
/* Sets these, likewise. */
void balancer_set_settings(struct balancer *balancer, const struct balancer_settings *settings);

/*
 * One tick. -EINVAL if time went backwards or an id occurs twice, -ENOMEM; then nothing is learned
 * or decided. A snapshot of a real host is not taken at one moment, so sums that do not match are
 * not an error here, and a domain with an invalid range is not asked.
 */
int balancer_decide(struct balancer *balancer, const struct balancer_input *input,
                    struct balancer_output *out, struct ballast_error *err);

/* "reclaimed-for-start" ... */
const char *balancer_reason_name(enum balancer_reason reason);
enum { BALANCER_FIGURES = 2 };
/* The figures of a reason by name, "missing_kib" ...; unused entries have no name. */
void balancer_reason_figures(enum balancer_reason reason, const struct balancer_figures *figures,
                             struct pattern_figure out[BALANCER_FIGURES]);
/*
 * The reason as a pattern (core/base/pattern.h) with a hole for each figure, and {detail} for the
 * guest that is to start; NULL past the end.
 */
const char *balancer_reason_pattern(enum balancer_reason reason);
/* Adds that pattern with `start` (a name, or a hole) in place of {detail}. */
void balancer_reason_add(struct ballast_text *text, enum balancer_reason reason, const char *start);
/* The reason of that name, or -ENOENT. */
int balancer_reason_find(const char *name);
/*
 * The sentence about a set or a verdict; returns like snprintf(). Its holes are {name}, the figures
 * of the reason and, for a set, {target_kib}, {xen_maximum_kib}, {floor_kib} and {floor_why}.
 */
enum { BALANCER_PATTERN = 256 }; /* bytes that suffice for each of them */
size_t balancer_set_pattern(const struct balancer_set *set, char *buf, size_t size);
size_t balancer_verdict_pattern(enum balancer_reason reason, char *buf, size_t size);
/* The same, filled in KiB. `name` is the domain's or the start's. */
size_t balancer_set_text(const struct balancer_set *set, const char *name, char *buf, size_t size);
size_t balancer_verdict_text(const struct balancer_verdict *verdict, const char *name, char *buf,
                             size_t size);

/* How a domain reacts to its target. */
enum balloon_status {
    BALLOON_UNKNOWN,   /* has not been asked yet */
    BALLOON_FOLLOWS,   /* follows its target */
    BALLOON_SLOW,      /* pauses, but continues */
    BALLOON_STUCK,     /* makes no useful progress */
    BALLOON_NO_DRIVER, /* has no balloon driver */
    BALLOON_STATUSES
};

/* "unknown", "follows", "slow", "stuck", "no-driver"; NULL past the end. */
const char *balloon_status_name(enum balloon_status status);

/* What the balancer has learned of a domain; for people and for tests. */
struct domain_estimate {
    enum balloon_status balloon_status;
    uint64_t reclaim_kib_per_sec; /* while it moved; BALLAST_NONE: unknown */
    uint64_t grow_kib_per_sec;
    struct pace down;          /* its reclaim rate as a range; decisions use the slow end */
    struct floor floor;        /* as far as known; it may exceed the current memory */
    struct floor report_floor; /* the same with its report unbounded: for a change that only this
                                  domain pays for */
    struct balloon_stop last_stop;
    bool in_backoff;          /* since it stopped: until */
    uint64_t need_kib;        /* its estimated need */
    uint32_t trust_permyriad; /* trust in its reports */
};

/*
 * Available memory that no start could have at the last decision: what domains that are not asked
 * may still take, and what is set aside for minima.
 */
uint64_t balancer_kept_kib(const struct balancer *balancer);
/* How scarce memory was at the last decision. */
struct host_outlook balancer_outlook(const struct balancer *balancer);
/* How often a stop was recorded or cleared: if it has changed, query the stops again. */
uint64_t balancer_stop_changes(const struct balancer *balancer);
/* -ENOENT if the last snapshot did not have that domain. */
int balancer_estimate(const struct balancer *balancer, uint32_t id, struct domain_estimate *out);
/* The same, faster if it was the i-th domain of that snapshot. */
int balancer_estimate_near(const struct balancer *balancer, uint32_t id, size_t i,
                           struct domain_estimate *out);

#endif
