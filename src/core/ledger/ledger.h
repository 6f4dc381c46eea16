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
 * is granted, for the domain that comes back: bound -> granted.
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

/* Why a transition happened or was not allowed; used in verdicts, history and messages. */
enum ledger_reason {
    LEDGER_OK,             /* a: the size of the transition: requested, granted, taken */
    LEDGER_BY_OWNER,       /* released by its owner; a: released, in this and the next three */
    LEDGER_LEASE_OVER,     /* its lease ended before it was bound */
    LEDGER_OWNER_RETURNED, /* its owner logged in again: unbound reservations are void */
    LEDGER_DOMAIN_GONE,    /* the domain it was bound to is gone */
    LEDGER_NOT_FREE,       /* memory is not free: a: requested, b: available */
    LEDGER_CANNOT_FIT,     /* it can never fit: a: requested, b: the maximum that could ever be
                              available */
    LEDGER_DONORS_STUCK,   /* the donors do not free memory; a: missing */
    LEDGER_DEADLINE_OVER,  /* it was not free in time; a: missing (all of it if unknown) */
    LEDGER_WRONG_STATE,    /* a: its state, b: the state it was to get */
    LEDGER_NOT_OWNER,      /* it belongs to another owner */
    LEDGER_UNKNOWN,        /* no such reservation, or none bound to that domain */
    LEDGER_BAD_SIZE,       /* zero, minimum above maximum, or beyond the host; a: min, b: max */
    LEDGER_TOO_MANY,       /* too many are open; a: open, b: allowed */
    LEDGER_DOMAIN_TAKEN,   /* another reservation is bound to that domain; a: its id */
    LEDGER_REASONS
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
    char label[LEDGER_OWNER];        /* what it is, for people; may be "" */
    char guest_name[LEDGER_OWNER];   /* of the domain that it is for; "": no name tells it */
    uint8_t guest_uuid[LEDGER_UUID]; /* likewise; all 0: no uuid tells it */
    uint64_t min_kib;
    uint64_t max_kib;     /* equals min_kib for an exact size */
    uint64_t granted_kib; /* 0 until granted */
    uint64_t used_kib;    /* of granted_kib: taken by the domain it is bound to */
    enum ledger_kind kind;
    enum ledger_state state;
    enum ledger_reason reason; /* of the last transition, with its figures */
    uint64_t a_kib;
    uint64_t b_kib;
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
    uint64_t a_kib;            /* see enum ledger_reason; an id, a count or a state for some */
    uint64_t b_kib;
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

/*
 * Called before each transition, with the reservation as it is (NULL: a new one) and as it will be:
 * this makes the transition durable. A negative errno prevents the transition and is returned. It
 * must not call back into the ledger. If only used_kib differs, nothing need be written: the next
 * ledger_hold() repeats it, and until then too much counts as reserved.
 */
typedef int ledger_journal_fn(void *context, const struct ledger_reservation *before,
                              const struct ledger_reservation *after, struct ballast_error *err);

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

struct ledger_request {
    const char *owner;   /* not empty; this, label and name: UTF-8 without controls, below
                            LEDGER_OWNER */
    const char *label;   /* NULL means the name */
    const char *name;    /* of the guest that it is for; NULL: no name tells it */
    const uint8_t *uuid; /* LEDGER_UUID bytes; NULL or all 0: no uuid tells it */
    bool pool;           /* its kind; it then has neither name nor uuid */
    uint64_t min_kib;
    uint64_t max_kib;
    uint64_t lease_usec; /* not 0; BALLAST_NONE: forever */
    uint64_t deadline_usec;
};

/*
 * Refusals for BAD_SIZE, TOO_MANY and DEADLINE_OVER are not recorded. -EINVAL for invalid strings.
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
 * pool pay as one, the oldest first and none that is younger than the domain (older_domid): this
 * one becomes smaller by its part, or is used. a: that part, 0 where there is none; b: what is left
 * to pay, for another call.
 */
int ledger_pay(struct ledger *ledger, uint32_t domid, uint64_t kib, uint64_t now_usec,
               struct ledger_verdict *out, struct ballast_error *err);
/* Memory is being reclaimed for it. From requested. */
int ledger_start_reclaiming(struct ledger *ledger, uint64_t id, uint64_t now_usec,
                            struct ledger_verdict *out, struct ballast_error *err);
/*
 * Grants as much of its range as is available, in whole pages; a: that size, b: what stays
 * available. NOT_FREE if that is below its minimum. From requested and reclaiming.
 */
int ledger_grant(struct ledger *ledger, uint64_t id, const struct ledger_free *host,
                 uint64_t now_usec, struct ledger_verdict *out, struct ballast_error *err);
/*
 * Refuses it: `why` is CANNOT_FIT, DONORS_STUCK or DEADLINE_OVER, with its figures. From requested
 * and reclaiming.
 */
int ledger_refuse(struct ledger *ledger, uint64_t id, enum ledger_reason why, uint64_t a_kib,
                  uint64_t b_kib, uint64_t now_usec, struct ledger_verdict *out,
                  struct ballast_error *err);

struct ledger_domain {
    uint32_t domid; /* domids are reused and uuids survive a reboot: only both identify one life */
    uint8_t uuid[LEDGER_UUID];
};

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
/* All that are open or kept, in the order of the requests; the first if `after` is NULL. */
const struct ledger_reservation *ledger_next(const struct ledger *ledger,
                                             const struct ledger_reservation *after);
/* The same from the newest on; the newest if `before` is NULL. */
const struct ledger_reservation *ledger_previous(const struct ledger *ledger,
                                                 const struct ledger_reservation *before);

struct ledger_sums {
    uint64_t promised_kib; /* granted or bound, and not used */
    uint64_t wanted_kib;   /* the minima of those that are requested or reclaiming */
    size_t open;           /* requested, reclaiming, granted, bound */
    size_t in_state[LEDGER_STATES];
    uint64_t pool_kib; /* granted, of kind pool */
    size_t pools;      /* how many these are */
    size_t rebooting;  /* of the bound ones: of domains that go in order to come back */
};

struct ledger_sums ledger_sums(const struct ledger *ledger);
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
void ledger_reason_figures(enum ledger_reason reason, uint64_t a_kib, uint64_t b_kib,
                           struct pattern_figure out[LEDGER_FIGURES]);
/* The state or reason with that name, or -ENOENT. */
int ledger_state_find(const char *word);
int ledger_reason_find(const char *word);
/* The sentence with its figures in KiB; returns like snprintf(). */
size_t ledger_reason_text(enum ledger_reason reason, uint64_t a_kib, uint64_t b_kib, char *buf,
                          size_t size);

#endif
