/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger: which memory of the host is reserved, and for whom. A state machine without I/O: the
 * caller reports events and the time; the ledger checks every transition against the laws, has it
 * journalled, and answers with a verdict.
 *
 *   requested -> reclaiming -> granted -> bound -> used
 *      \____________\____________\_________\-> released (by owner, lease or domain)
 *       \____________\-> refused
 *
 * A request can be granted directly if the memory is already free; used, released and refused are
 * final.
 *
 * The memory of a domain that reboots is kept by a reservation that begins as bound to it, all of
 * it used. As the domain goes, what it has returned is reserved; once it is gone, the reservation
 * is granted, for the domain that comes back: bound -> granted. So is what was bound to a domain
 * whose start failed, where it may be tried again (ledger_grant_again()).
 *
 *  Law 1: memory that is reserved and unused, and memory that is free beyond it, sum to free
 *  memory.
 *  Law 2: a page is reserved once: a grant requires that free memory covers slack, all that is
 *  reserved and unused, and the new reservation.
 *  Law 3: a grant is within the range of its request.
 *
 * A bound reservation is used as its domain takes pages. Pages that the domain has taken no longer
 * count as reserved, so memory counts once, as free or as taken. What counts is the maximum that
 * the domain has had: pages that it frees are not reserved again, unless it reboots.
 *
 * Every transition returns 0 and fills *out with a verdict. A verdict other than LEDGER_OK is an
 * answer too; then nothing has changed. A negative errno means that there is no answer: -EINVAL for
 * an invalid call or if time went backwards, -ENOMEM, or the journal's errno; then nothing has
 * changed either, nor has *out. Each takes O(log n) at most.
 */
#ifndef CORE_LEDGER_LEDGER_H
#define CORE_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/base/pattern.h"

enum { LEDGER_OWNER = 64, LEDGER_UUID = 16, LEDGER_FIGURES = 2 };

/*
 * No host is larger: x86 addresses at most 52 bits of memory (MAXPHYADDR, Intel SDM volume 1,
 * 3.2.1). The bound also keeps every sum over the ledger far below 64 bits.
 */
#define LEDGER_MOST_KIB (UINT64_C(1) << 42)

/* Xen's MAX_NUMNODES (include/xen/numa.h). */
enum { LEDGER_NODES = 64 };

/* The limits of open reservations, and of closed ones that are kept. */
enum { LEDGER_MOST_OPEN = 1 << 16, LEDGER_MOST_CLOSED = 1 << 16 };

enum ledger_state {
    LEDGER_REQUESTED,
    LEDGER_RECLAIMING,
    LEDGER_GRANTED,
    LEDGER_BOUND,
    LEDGER_USED,
    LEDGER_RELEASED,
    LEDGER_REFUSED,
    LEDGER_STATES
};

/*
 * Why a transition happened or was not allowed; used in verdicts, history and messages. The table
 * in words.c has the figures of each.
 */
enum ledger_reason {
    LEDGER_OK,                 /* it happened */
    LEDGER_BY_OWNER,           /* released by its owner */
    LEDGER_LEASE_OVER,         /* its lease ended before it was bound */
    LEDGER_OWNER_RETURNED,     /* its owner logged in again: unbound reservations are void */
    LEDGER_DOMAIN_GONE,        /* the domain it was bound to is gone */
    LEDGER_NOT_FREE,           /* less is available than was requested */
    LEDGER_CANNOT_FIT,         /* more was requested than could ever be available */
    LEDGER_DONORS_STUCK,       /* the donors do not free memory */
    LEDGER_DEADLINE_OVER,      /* it was not free in time */
    LEDGER_WRONG_STATE,        /* its state does not allow it */
    LEDGER_NOT_OWNER,          /* it belongs to another owner */
    LEDGER_UNKNOWN,            /* no such reservation, or none bound to that domain */
    LEDGER_BAD_SIZE,           /* zero, or minimum above maximum */
    LEDGER_TOO_MANY,           /* too many are open */
    LEDGER_QUOTA_RESERVATIONS, /* its user has too many open */
    LEDGER_QUOTA_MEMORY,       /* its user would have too much */
    LEDGER_DOMAIN_TAKEN,       /* another reservation is bound to that domain */
    LEDGER_REASONS
};

/* Those of its reason are set; a reservation keeps the first six, the others are of verdicts only.
 */
struct ledger_figures {
    uint64_t done_kib;     /* the size of the transition: requested, granted, used, released */
    uint64_t left_kib;     /* granted: what stays available; bound or used: what was not used */
    uint64_t released_kib; /* what is no longer reserved */
    uint64_t needed_kib;   /* what was requested */
    uint64_t possible_kib; /* the maximum that could ever be available */
    uint64_t missing_kib;  /* all that was requested if it is not known */
    uint64_t available_kib;
    uint64_t min_kib;
    uint64_t max_kib;
    uint64_t open;
    uint64_t most_open;
    uint64_t quota;        /* of reservations */
    uint64_t reserved_kib; /* by that user, or requested */
    uint64_t quota_kib;
    uint64_t reservation;   /* the other's id */
    uint64_t present_state; /* enum ledger_state, as the next */
    uint64_t wanted_state;
};

/* What a reservation is made for. */
enum ledger_kind {
    LEDGER_START,  /* a domain that is to come */
    LEDGER_POOL,   /* any domains that are to come and have no reservation: see ledger_pay() */
    LEDGER_REBOOT, /* the same once it is granted; bound: the domain that goes before it */
    LEDGER_KINDS
};

/* A plain value: it can be written to a journal and restored from it. */
struct ledger_reservation {
    uint64_t id; /* never 0, unique over the life of a ledger; grows in the order of the requests */
    char owner[LEDGER_OWNER];
    uint64_t user;                   /* whose quota it counts in; BALLAST_NONE: in none */
    char label[LEDGER_OWNER];        /* what it is, for people; may be "" */
    char guest_name[LEDGER_OWNER];   /* of the domain that it is for; "": no name tells it */
    uint8_t guest_uuid[LEDGER_UUID]; /* likewise; all 0: no uuid tells it */
    uint64_t min_kib;
    uint64_t max_kib;     /* equals min_kib for an exact size */
    uint64_t granted_kib; /* 0 until granted */
    uint64_t used_kib;    /* of granted_kib: taken by the domain it is bound to */
    uint64_t node;        /* 1 + the NUMA node whose memory it is to be; 0: that of any */
    enum ledger_kind kind;
    enum ledger_state state;
    enum ledger_reason reason; /* of the last transition, with its figures */
    struct ledger_figures figures;
    uint64_t requested_usec;
    uint64_t changed_usec; /* when it entered its state */
    uint64_t lease_usec;   /* how long after its grant it may stay unbound; BALLAST_NONE: forever */
    uint64_t deadline_usec; /* when the request ends; BALLAST_NONE: never */
    /*
     * Granted: the newest domain with its guest's name or uuid that existed at the grant, so not
     * the one it is for; 0: none.
     */
    uint32_t older_domid;
    uint32_t domid; /* bound: */
    uint8_t uuid[LEDGER_UUID];
    uint64_t base_kib; /* of the domain's current memory: not from this reservation */
};

/* The answer to a transition. */
struct ledger_verdict {
    enum ledger_reason reason; /* LEDGER_OK: it happened */
    struct ledger_figures figures;
    uint64_t id; /* of the reservation; 0 if there is none */
};

/* The host's free memory at one moment, and what it is set aside for. */
struct ledger_free {
    uint64_t free_kib;
    uint64_t slack_kib;   /* of free_kib: kept for Xen */
    uint64_t foreign_kib; /* of free_kib: claimed or being built without the ledger */
    /*
     * Not of free_kib: what domains have taken of their reservations and the ledger does not know
     * yet.
     */
    uint64_t drawn_kib;
};

/* A reservation as it is (NULL: a new one) and as it will be. */
struct ledger_change {
    const struct ledger_reservation *before;
    const struct ledger_reservation *after;
};

/*
 * Called before each transition, with all that changes by it, each reservation once: this makes all
 * of it durable, or none. A negative errno prevents the transition and is returned. It must not
 * move anything in the ledger. If only used_kib differs, nothing need be written: the next
 * ledger_hold() repeats it, and until then too much counts as reserved.
 */
typedef int ledger_journal_fn(void *context, const struct ledger_change *changes, size_t count,
                              struct ballast_error *err);

struct ledger_options {
    uint64_t total_kib;         /* the host's: the limit of a request; at most LEDGER_MOST_KIB */
    uint64_t next_id;           /* the first id, not 0; restored reservations raise it */
    uint64_t now_usec;          /* its first time; restored reservations raise it */
    size_t max_open;            /* 1 ... LEDGER_MOST_OPEN */
    size_t max_closed;          /* the newest closed ones that are kept; 0 ... LEDGER_MOST_CLOSED */
    ledger_journal_fn *journal; /* may be NULL */
    void *context;
};

#define LEDGER_OPTIONS_DEFAULT                                                                     \
    ((struct ledger_options){                                                                      \
        .total_kib = LEDGER_MOST_KIB, .next_id = 1, .max_open = 16384, .max_closed = 256})

struct ledger;

/*
 * Creates an empty ledger in *out, which the caller owns. -EINVAL for options out of range,
 * -ENOMEM.
 */
int ledger_new(const struct ledger_options *options, struct ledger **out,
               struct ballast_error *err);
void ledger_free(struct ledger *ledger);

/*
 * Restores a reservation as it was journalled, without calling the journal. Any order works; that
 * of the requests is the fastest. -EINVAL if no transitions could have led to it, or if it
 * contradicts another one (the same id, the same domain, more open ones than allowed); -ENOMEM.
 */
int ledger_restore(struct ledger *ledger, const struct ledger_reservation *record,
                   struct ballast_error *err);

struct ledger_domain {
    uint32_t domid; /* domids are reused and uuids survive a reboot: only both identify one life */
    uint8_t uuid[LEDGER_UUID];
};

/* What one user may have at once; 0: no limit. */
struct ledger_quota {
    uint64_t reservations; /* open */
    uint64_t kib;          /* requested, and granted without being used */
};

struct ledger_request {
    const char *owner;   /* not empty; this, label and name: UTF-8 without controls, below
                            LEDGER_OWNER */
    const char *label;   /* NULL means the name */
    const char *name;    /* of the guest that it is for; NULL: no name tells it */
    const uint8_t *uuid; /* LEDGER_UUID bytes; NULL or all 0: no uuid tells it */
    uint64_t node;       /* as that of a reservation, LEDGER_NODES at most */
    bool pool;           /* its kind; it then has neither name nor uuid */
    uint64_t user;       /* as that of a reservation */
    const struct ledger_quota *quota; /* of that user; NULL: none */
    uint64_t min_kib;
    uint64_t max_kib;
    uint64_t lease_usec; /* not 0; BALLAST_NONE: forever */
    uint64_t deadline_usec;
};

/*
 * Refusals for BAD_SIZE, TOO_MANY, DEADLINE_OVER, a quota and what is larger than the host
 * (CANNOT_FIT) are not recorded. -EINVAL for invalid strings. With a quota it takes O(n).
 */
int ledger_ask(struct ledger *ledger, const struct ledger_request *request, uint64_t now_usec,
               struct ledger_verdict *out, struct ballast_error *err);
/*
 * Sets older_domid for its grant. The journal receives it with the grant, and a restored record has
 * it; no effect after the grant.
 */
void ledger_note_older(struct ledger *ledger, uint64_t id, uint32_t domid);
/*
 * A domain that had no reservation has been built of `kib`, which the granted reservations of kind
 * pool pay as one, the oldest first and none that is younger than the domain (older_domid). One
 * that is used up becomes used by that domain; the last one becomes smaller, and its part is a
 * reservation of its own, used by that domain: so it is known for good which domain was paid for,
 * and it is paid for once. done_kib: all that was paid; left_kib: where the pools had no more.
 */
int ledger_pay(struct ledger *ledger, const struct ledger_domain *domain, uint64_t kib,
               uint64_t now_usec, struct ledger_verdict *out, struct ballast_error *err);
/*
 * Pools pay no domain of this number or an older one any more (older_domid): each has been paid for
 * or has a reservation of its own, and the record of that may be dropped as too old. Only
 * older_domid changes, in a transition for each pool; after an error another call continues.
 */
int ledger_settle_pools(struct ledger *ledger, uint32_t domid, uint64_t now_usec,
                        struct ballast_error *err);
/* Memory is being reclaimed for it. From requested. */
int ledger_start_reclaiming(struct ledger *ledger, uint64_t id, uint64_t now_usec,
                            struct ledger_verdict *out, struct ballast_error *err);
/*
 * Grants as much of its range as is available, in whole pages: done_kib; left_kib stays available.
 * NOT_FREE if that is below its minimum. From requested and reclaiming. What is kept for
 * its guest (ledger_kept_for()) and returned already counts as available to it, and is released
 * with the grant, in one transition.
 */
int ledger_grant(struct ledger *ledger, uint64_t id, const struct ledger_free *host,
                 uint64_t now_usec, struct ledger_verdict *out, struct ballast_error *err);
/*
 * Refuses it: `why` is CANNOT_FIT, DONORS_STUCK or DEADLINE_OVER, with its figures. From requested
 * and reclaiming.
 */
int ledger_refuse(struct ledger *ledger, uint64_t id, enum ledger_reason why,
                  const struct ledger_figures *figures, uint64_t now_usec,
                  struct ledger_verdict *out, struct ballast_error *err);

struct ledger_keep {
    const char *owner; /* as those of a request */
    const char *name;
    const uint8_t *uuid;
    uint64_t held_kib;   /* by the domain, not 0 */
    uint64_t lease_usec; /* how long it is kept once the domain is gone; as of a request */
};

/*
 * A domain is about to reboot: keeps what it holds for the domain of that name or uuid that comes
 * after it. BAD_SIZE; TOO_MANY; DOMAIN_TAKEN. -EINVAL as ledger_ask().
 */
int ledger_keep_reboot(struct ledger *ledger, const struct ledger_keep *keep,
                       const struct ledger_domain *domain, uint64_t now_usec,
                       struct ledger_verdict *out, struct ballast_error *err);

/*
 * Binds it to the domain that it is for. `base_kib` is what the domain had when the reservation had
 * nothing to do with it (0 for a domain created for it), `held_kib` what it has now, including what
 * the host spends on it: the difference is used. From granted, within its lease. `owner` is the
 * caller; NULL means the ledger's own program, which may always do it. LEDGER_OK without a change
 * if it is already bound to, or was used by, that very domain.
 */
int ledger_bind(struct ledger *ledger, uint64_t id, const char *owner,
                const struct ledger_domain *domain, uint64_t base_kib, uint64_t held_kib,
                uint64_t now_usec, struct ledger_verdict *out, struct ballast_error *err);
/*
 * Reports a domain's current memory, and whether it is built. A full or built domain makes its
 * reservation used, and frees the part that was not taken. UNKNOWN if nothing is bound to the
 * domain.
 */
int ledger_hold(struct ledger *ledger, const struct ledger_domain *domain, uint64_t held_kib,
                bool built, uint64_t now_usec, struct ledger_verdict *out,
                struct ballast_error *err);
/*
 * Reports that a domain is gone: releases what is bound to it. Of a domain that reboots, what it
 * does not have any more (ledger_hold()) is granted to the next domain of that guest, if anything.
 * UNKNOWN if nothing is bound to it.
 */
int ledger_domain_gone(struct ledger *ledger, const struct ledger_domain *domain, uint64_t now_usec,
                       struct ledger_verdict *out, struct ballast_error *err);
/*
 * The same where its start may be tried again: what was bound to it is granted again for its lease,
 * to the next domain of that guest, if what the one before it had taken is available; else it is
 * released.
 */
int ledger_grant_again(struct ledger *ledger, const struct ledger_domain *domain,
                       const struct ledger_free *host, uint64_t now_usec,
                       struct ledger_verdict *out, struct ballast_error *err);
/* From requested, reclaiming, granted and bound. `owner` as in ledger_bind(). */
int ledger_release(struct ledger *ledger, uint64_t id, const char *owner, uint64_t now_usec,
                   struct ledger_verdict *out, struct ballast_error *err);

/*
 * These two move any number of reservations, each in its own transition: after an error, what was
 * done stays done, and another call continues. *out_count, which may be NULL, receives the number
 * that were moved.
 */

/* An owner restarts: releases its unbound reservations. -EINVAL for an invalid name. */
int ledger_login(struct ledger *ledger, const char *owner, uint64_t now_usec, size_t *out_count,
                 struct ballast_error *err);
/*
 * Releases granted reservations whose lease is over and refuses requests whose deadline has passed,
 * the longest overdue first. The last microsecond of a lease or deadline counts as over.
 */
int ledger_expire(struct ledger *ledger, uint64_t now_usec, size_t *out_count,
                  struct ballast_error *err);
/* When ledger_expire() next has something to do; BALLAST_NONE: never, as things are. */
uint64_t ledger_next_due_usec(const struct ledger *ledger);

/* The pointers below live until the next transition. */

/* NULL if there is none. */
const struct ledger_reservation *ledger_find(const struct ledger *ledger, uint64_t id);
/* The reservation that is bound to that domain now, or NULL. */
const struct ledger_reservation *ledger_find_domain(const struct ledger *ledger,
                                                    const struct ledger_domain *domain);
/* Whether a reservation that is open or kept is bound to that domain, or was used by it. */
bool ledger_had_domain(const struct ledger *ledger, const struct ledger_domain *domain);
/* The next granted one for a guest of that name, the first if `after` is NULL, in any order. */
const struct ledger_reservation *ledger_next_for_name(const struct ledger *ledger, const char *name,
                                                      const struct ledger_reservation *after);
/* The same for a guest of that uuid. */
const struct ledger_reservation *ledger_next_for_uuid(const struct ledger *ledger,
                                                      const uint8_t uuid[LEDGER_UUID],
                                                      const struct ledger_reservation *after);
/*
 * The open reservation of kind reboot that keeps memory for the guest that this one is for: by its
 * uuid, or by its name where it has no uuid; NULL: none.
 */
const struct ledger_reservation *ledger_kept_for(const struct ledger *ledger,
                                                 const struct ledger_reservation *record);
/* All that are open or kept, in the order of the requests; the first if `after` is NULL. */
const struct ledger_reservation *ledger_next(const struct ledger *ledger,
                                             const struct ledger_reservation *after);
/* The same from the newest on; the newest if `before` is NULL. */
const struct ledger_reservation *ledger_previous(const struct ledger *ledger,
                                                 const struct ledger_reservation *before);

struct ledger_sums {
    uint64_t reserved_kib; /* granted or bound, and not used */
    uint64_t wanted_kib;   /* the minima of those that are requested or reclaiming */
    size_t open;           /* requested, reclaiming, granted, bound */
    size_t in_state[LEDGER_STATES];
    uint64_t pool_kib; /* granted, of kind pool */
    size_t pools;      /* how many these are */
    size_t rebooting;  /* of the bound ones: of domains that go in order to come back */
    size_t reboots;    /* of kind reboot, and open: bound or granted */
};

struct ledger_sums ledger_sums(const struct ledger *ledger);

/* What counts in the quota of one user. */
struct ledger_user_sums {
    uint64_t reservations;
    uint64_t kib; /* the maxima of those that wait, and what is granted and not used */
};

/* O(n). */
struct ledger_user_sums ledger_sums_of_user(const struct ledger *ledger, uint64_t user);
/* What could be granted now: free beyond slack, foreign claims and reservations, or 0. */
uint64_t ledger_available_kib(const struct ledger *ledger, const struct ledger_free *host);
/* For the journal: the first id of a ledger that is restored from records alone. */
uint64_t ledger_next_id(const struct ledger *ledger);
uint64_t ledger_now_usec(const struct ledger *ledger);

/*
 * Checks every law over the whole ledger, recounting everything; with `host` (may be NULL) also law
 * 2 against its free memory. 0, or -EPROTO with the law that is broken. O(n log n): for tests.
 */
int ledger_check(const struct ledger *ledger, const struct ledger_free *host,
                 struct ballast_error *err);
/* Checks the laws of one reservation by itself: -EINVAL with the contradiction. */
int ledger_reservation_check(const struct ledger_reservation *record, struct ballast_error *err);

/*
 * Sets a ledger's clock, which a wrong calendar had moved into the future, back to `now_usec`, by
 * `by_usec`, while no ledger is in use: ledger_back_record() changes each record. Leases and
 * deadlines of open reservations keep their remaining time, so all times of an open one move, also
 * those from before the calendar was wrong. A closed one moves only if it was closed in the future.
 * Lawful records stay lawful.
 */
struct ledger_back {
    uint64_t now_usec;
    uint64_t by_usec;
};

void ledger_back_record(const struct ledger_back *back, struct ledger_reservation *record);
/* A time that belongs to no record: moved to now if it is later, else unchanged. */
uint64_t ledger_back_usec(const struct ledger_back *back, uint64_t usec);

/* Bound to a domain that goes, for the one that comes after it. */
bool ledger_is_rebooting(const struct ledger_reservation *record);
/* Granted, and of kind pool: it pays for any new domain. */
bool ledger_is_pool(const struct ledger_reservation *record);
/* "start", "pool", "reboot"; NULL past the last one. */
const char *ledger_kind_name(enum ledger_kind kind);
/* -ENOENT. */
int ledger_kind_find(const char *word);
/* Whether a reservation in that state waits, is reserved or is being used. */
bool ledger_state_is_open(enum ledger_state state);
/* Whether there is a transition from one to the other. */
bool ledger_state_allows(enum ledger_state from, enum ledger_state to);
/* "requested", "reclaiming" ...; "lease-over", "not-free" ...; NULL past the last one. */
const char *ledger_state_name(enum ledger_state state);
const char *ledger_reason_name(enum ledger_reason reason);
/*
 * The sentence of a reason, with a hole for each figure (core/base/pattern.h); NULL past the end.
 */
const char *ledger_reason_pattern(enum ledger_reason reason);
/* The figures of a reason by name, "needed_kib" ...; unused entries have no name. */
void ledger_reason_figures(enum ledger_reason reason, const struct ledger_figures *figures,
                           struct pattern_figure out[LEDGER_FIGURES]);
/* The state or reason with that name, or -ENOENT. */
int ledger_state_find(const char *word);
int ledger_reason_find(const char *word);
/* The sentence with its figures in KiB; returns like snprintf(). */
size_t ledger_reason_text(enum ledger_reason reason, const struct ledger_figures *figures,
                          char *buf, size_t size);

#endif
