/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The balancer: once a tick it is given the host as it is and the starts that wait for memory, and
 * answers what to set now, which starts may go on and which never can. Whatever the policy wishes,
 * what comes out holds the laws:
 *
 *  - a guest is told to grow only into memory that is free already and nobody's (free before take);
 *  - the room that all maxima leave above what guests hold never exceeds that memory, so no guest
 * can take what is promised to another, whatever it does;
 *  - those who are not asked, whoever they are, have their maxima held to that too while anything
 * is promised, also below a target that somebody else has set;
 *  - a target is within the guest's dynamic range and never above its maximum;
 *  - a pinned target (pin.h) is kept, and only a request takes memory from below it;
 *  - what is paused, being built, migrating, has no balloon, or is populated on demand and not yet
 *    covered is never asked, and nobody below his floor (floor.h);
 *  - one whose balloon stopped, or took back what it gave, is told to stay, and is in backoff
 *  - a grant is given only for memory that is free now and nobody's.
 *
 * It reads no clock: time is host->now_usec, which must not go backwards. It keeps what it has
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
#include "core/policy/pace.h"

struct policy;

struct balancer_request {
    uint64_t id; /* the caller's; unique among those that wait */
    uint64_t need_kib;
    uint64_t arrived_usec;
    uint64_t deadline_usec; /* BALLAST_NONE: it waits for ever */
};

struct balancer_input {
    const struct ballast_host *host; /* names and domains need to live only for the call */
    const struct balancer_request *requests;
    size_t request_count;
    /* Of the free memory: granted to starts that the host does not show yet as claims or builds. */
    uint64_t promised_kib;
};

/* Why something was decided. The numbers that go with it are in the record's a_kib and b_kib. */
enum balancer_reason {
    BALANCER_RECLAIMED_FOR_START,  /* idle memory for a waiting start; a: what is still missing */
    BALANCER_SQUEEZED_FOR_START,   /* the same, beyond what is idle */
    BALANCER_RECLAIM_STOPPED,      /* enough is free; a: what it holds now */
    BALANCER_NEEDS_MORE,           /* a: its proven need, b: what it holds */
    BALANCER_SHARE_OF_SURPLUS,     /* a: its part */
    BALANCER_RECLAIMED_FOR_OTHERS, /* a: what others are short of */
    BALANCER_RULE,                 /* a peer's rule wants it so */
    BALANCER_PINNED,               /* kept at the target that an administrator set; a: that */
    BALANCER_BELOW_PIN,            /* squeezed below it for a waiting start; a: its pinned target */
    BALANCER_BACKOFF,              /* its balloon stopped, or took back; a: where */
    BALANCER_LIMIT_HELD,   /* maximum brought down to what it holds or is to hold; a: room taken */
    BALANCER_LIMIT_RAISED, /* maximum was below a target still to be reached */
    BALANCER_FITS,         /* granted; a: need, b: what stays free */
    BALANCER_NEVER_FITS,   /* a: need, b: all that could be free; refused by arithmetic */
    BALANCER_DONORS_STUCK, /* a: missing, b: what those who stopped still hold above their minimum
                            */
    BALANCER_TOO_LATE,     /* its deadline has passed; a: missing */
    BALANCER_REASONS
};

struct balancer_set {
    uint32_t id;
    uint64_t target_kib; /* BALLAST_NONE: left as it is */
    uint64_t maxmem_kib; /* the same */
    enum balancer_reason reason;
    uint64_t a_kib;
    uint64_t b_kib;
    struct floor floor; /* that its target was held to; FLOOR_NONE: none held it */
};

struct balancer_verdict {
    uint64_t request;
    bool granted; /* false: refused */
    bool claim;   /* of a grant: stake it in Xen */
    enum balancer_reason reason;
    uint64_t a_kib;
    uint64_t b_kib;
};

/*
 * To be done in this order: the first take_count sets (they take or hold), then the verdicts, then
 * the other sets (they give).
 */
struct balancer_output {
    const struct balancer_set *sets; /* owned by the balancer, until its next decision */
    size_t take_count;
    size_t set_count;
    const struct balancer_verdict *verdicts;
    size_t verdict_count;
    /* Free and nobody's before the grants of this tick, without what is kept for minima. */
    uint64_t available_kib;
    uint64_t deficit_kib; /* what is promised beyond what is free: to be made up before any start */
    /* Of one who is not asked, the largest: so much of its target is kept from it, since others
     * have been promised it. 0: of nobody. */
    uint64_t held_kib;
    uint32_t held_id;
};

struct balancer_options {
    bool take_before_free;   /* breaks law 4; only to show what then happens */
    bool no_inaccuracy;      /* does not allow for balloons that stop short; the same */
    bool no_floors;          /* asks down to dynamic minima, whatever is known; the same */
    uint64_t inaccuracy_kib; /* how far from its target a balloon may stop and still be there */
    /* Free memory that nobody is told to grow into: what Xen takes for itself between two samples
     * (grant frames, event channels, its own heap) must not break a promise. */
    uint64_t guard_kib;
};

#define BALANCER_OPTIONS_DEFAULT ((struct balancer_options){.inaccuracy_kib = 4})

struct balancer;

/* NULL: out of memory. `policy` is one of policy_at(); it stays the caller's. */
struct balancer *balancer_new(const struct policy *policy, const struct balancer_options *options);
void balancer_free(struct balancer *balancer);
/* Takes another policy from the next decision on; what was learned is kept. */
void balancer_set_policy(struct balancer *balancer, const struct policy *policy);
/* How far from its target a balloon may stop, from the next plan on. */
void balancer_set_inaccuracy(struct balancer *balancer, uint64_t kib);

/*
 * One tick. -EINVAL when time went backwards or an id is there twice, -ENOMEM; nothing is learned
 * or decided then. A snapshot of a real host is not one moment, so sums that do not close are no
 * error here, and a domain whose range contradicts itself is left alone.
 */
int balancer_decide(struct balancer *balancer, const struct balancer_input *input,
                    struct balancer_output *out, struct ballast_error *err);

/* "reclaimed-for-start" ... */
const char *balancer_reason_name(enum balancer_reason reason);
enum { BALANCER_FIGURES = 2 };
/* The figures of a reason by their names, "missing_kib" ...; those it has none of have no name. */
void balancer_reason_figures(enum balancer_reason reason, uint64_t a_kib, uint64_t b_kib,
                             struct pattern_figure out[BALANCER_FIGURES]);
/*
 * Why, as a pattern (core/base/pattern.h) with a hole for each figure and {detail} for the guest
 * that is to start; NULL past the end.
 */
const char *balancer_reason_pattern(enum balancer_reason reason);
/* Adds that pattern with `start` (a name, or a hole) in place of {detail}. */
void balancer_reason_add(struct ballast_text *text, enum balancer_reason reason, const char *start);
/* The reason of that name, or -ENOENT. */
int balancer_reason_find(const char *name);
/*
 * The sentence about a set or a verdict, as snprintf: its holes are {name}, the figures of the
 * reason and, of a set, {target_kib}, {xen_maximum_kib}, {floor_kib} and {floor_why}.
 */
enum { BALANCER_PATTERN = 256 }; /* bytes that hold each of them */
size_t balancer_set_pattern(const struct balancer_set *set, char *buf, size_t size);
size_t balancer_verdict_pattern(enum balancer_reason reason, char *buf, size_t size);
/* The same, filled in KiB. `name` is the domain's or the start's. */
size_t balancer_set_text(const struct balancer_set *set, const char *name, char *buf, size_t size);
size_t balancer_verdict_text(const struct balancer_verdict *verdict, const char *name, char *buf,
                             size_t size);

/* How a domain reacts to its target. */
enum balloon_status {
    BALLOON_UNKNOWN,   /* has not been asked for anything yet */
    BALLOON_FOLLOWS,   /* follows its target */
    BALLOON_SLOW,      /* pauses, but comes back */
    BALLOON_STUCK,     /* makes no useful progress */
    BALLOON_NO_DRIVER, /* has no balloon driver */
    BALLOON_STATUSES
};

/* "unknown", "follows", "slow", "stuck", "no-driver"; NULL past the end. */
const char *balloon_status_name(enum balloon_status status);

/* What the balancer estimates of a domain; for people and for tests. */
struct domain_estimate {
    enum balloon_status balloon_status;
    uint64_t reclaim_kib_per_sec; /* while it moved; BALLAST_NONE: never seen */
    uint64_t grow_kib_per_sec;
    struct pace down;   /* what can be said of how fast it gives; decisions count on the slow end */
    struct floor floor; /* as far as it is known; it may be more than the domain holds */
    struct floor
        report_floor; /* the same with its report unbounded: for one that only it pays for */
    struct balloon_stop last_stop;
    bool in_backoff;          /* for having stopped: until last_stop.usec + floor_backoff_usec() */
    uint64_t need_kib;        /* what it is believed to need now */
    uint32_t trust_permyriad; /* in its reports */
};

/*
 * What a start could not have of the memory that was free and nobody's at the last decision: what
 * those who are not asked have been told to take, and what is kept for minima.
 */
uint64_t balancer_kept_kib(const struct balancer *balancer);
/* How often a stop was recorded or cleared: where it has changed, ask again. */
uint64_t balancer_stop_changes(const struct balancer *balancer);
/* -ENOENT when the last snapshot did not have that domain. */
int balancer_estimate(const struct balancer *balancer, uint32_t id, struct domain_estimate *out);
/* The same, quickly for whoever knows that it was the i-th of that snapshot. */
int balancer_estimate_near(const struct balancer *balancer, uint32_t id, size_t i,
                           struct domain_estimate *out);

#endif
