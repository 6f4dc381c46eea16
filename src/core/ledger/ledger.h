/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger: who has been promised how much of the host's free memory. A state machine without
 * I/O: it is told what happens and the time, checks every transition against the laws, and answers
 * with verdicts; whoever holds it makes the transitions durable before it tells anybody.
 *
 *   requested -> reclaiming -> granted -> bound -> used
 *      \____________\____________\_________\-> released (by its owner, by its lease, with its
 * domain)
 *       \____________\-> refused
 *
 * What is free already may be granted from requested; nothing leaves used, released or refused.
 *
 * Law 1: what is promised and unused, and what is free beyond it, sum to what is free.
 * Law 2: a page is promised once: a grant is given only when free memory covers slack, all that is
 *        promised and unused, and the new one.
 * Law 3: nothing is promised that the bounds of a request do not allow: a range is granted between
 *        its ends, never more, never less.
 *
 * A bound reservation is used as its domain takes pages; what the domain has taken is no longer
 * counted as promised, so memory is counted once, free or taken, never twice. What counts is the
 * most that the domain has held: pages that it gives back do not become promised again.
 *
 * Every transition returns 0 and fills *out with a verdict; a verdict other than LEDGER_OK is an
 * answer, and then nothing has changed. A negative errno means that there was no answer: -EINVAL
 * when the call itself makes no sense or time went backwards, -ENOMEM, or what the journal said;
 * then nothing has changed either, *out least of all. Each takes O(log n) at most.
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
 * A size beyond this is no host's: x86 addresses 52 bits of memory at most (MAXPHYADDR, Intel SDM
 * volume 1, 3.2.1). It also keeps every sum over the ledger far from the end of 64 bits.
 */
#define LEDGER_MOST_KIB (UINT64_C(1) << 42)

/* How many may be open, and how many closed ones are remembered, at the very most. */
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

/* Why a transition happened, or was not allowed; goes into verdicts, history and messages. */
enum ledger_reason {
    LEDGER_OK,         /* a: what the transition is about: asked, granted, taken */
    LEDGER_BY_OWNER,   /* released by whoever asked; a: given back, in this and the next three */
    LEDGER_LEASE_OVER, /* its lease ended before it was bound */
    LEDGER_OWNER_RETURNED, /* its owner logged in anew: what was not bound is void */
    LEDGER_DOMAIN_GONE,    /* the domain it was bound to is no more */
    LEDGER_NOT_FREE,       /* memory is not free: a: asked, b: free beyond what is promised */
    LEDGER_CANNOT_FIT,     /* arithmetic: a: asked, b: the most that could ever be */
    LEDGER_DONORS_STUCK,   /* those who could give do not; a: missing */
    LEDGER_DEADLINE_OVER,  /* it was not free in time; a: missing (all of it where nobody knows) */
    LEDGER_WRONG_STATE,    /* a: the state it is in, b: the one it was to get */
    LEDGER_NOT_OWNER,      /* somebody else's */
    LEDGER_UNKNOWN,        /* no such reservation, or none bound to that domain */
    LEDGER_BAD_SIZE,       /* zero, minimum above maximum, or beyond the host; a: min, b: max */
    LEDGER_TOO_MANY,       /* so many open that one more would be abuse; a: open, b: allowed */
    LEDGER_DOMAIN_TAKEN,   /* another one is bound to that domain; a: its id */
    LEDGER_REASONS
};

/* A plain value: it can be written to a journal and restored from it. */
struct ledger_reservation {
    uint64_t id; /* never 0, never used twice in a ledger's life; grows in the order of asking */
    char owner[LEDGER_OWNER];
    char label[LEDGER_OWNER]; /* the name or uuid of what it is for; may be "" */
    uint64_t min_kib;
    uint64_t max_kib;     /* equal to min_kib for an exact size */
    uint64_t granted_kib; /* 0 until granted */
    uint64_t used_kib;    /* of granted: taken by the domain it is bound to */
    enum ledger_state state;
    enum ledger_reason reason; /* of the last transition, with its numbers */
    uint64_t a_kib;
    uint64_t b_kib;
    uint64_t requested_usec;
    uint64_t changed_usec; /* when it came into its state */
    uint64_t lease_usec; /* how long it lives unbound after being granted; BALLAST_NONE: for ever */
    uint64_t deadline_usec; /* when asking ends; BALLAST_NONE: never */
    /* Granted: the newest domain that its label names and that was there when it was granted, and
     * so is not the one that it is for; 0: none. */
    uint32_t older_domid;
    uint32_t domid; /* bound: */
    uint8_t uuid[LEDGER_UUID];
    uint64_t base_kib; /* of what the domain holds: not taken out of this reservation */
};

/* The answer to a transition. */
struct ledger_verdict {
    enum ledger_reason reason; /* LEDGER_OK: it happened */
    uint64_t a_kib;            /* see enum ledger_reason; an id, a count or a state for some */
    uint64_t b_kib;
    uint64_t id; /* of the reservation; 0 where there is none */
};

/* What of the host's memory is free at a moment, and whose. */
struct ledger_free {
    uint64_t free_kib;
    uint64_t slack_kib;   /* of it: kept for Xen */
    uint64_t foreign_kib; /* of it: claimed or being built without the ledger */
    /* Not of it: what domains have taken of what is promised, and the ledger does not know yet. */
    uint64_t drawn_kib;
};

/*
 * Called with a reservation as it is (NULL: a new one) and as it will be, before it is: this is
 * where it is made durable. A negative errno keeps the transition from happening and is returned.
 * It must not call back into the ledger. When nothing but used_kib differs nothing need be
 * written: the next ledger_hold() says it again, and until then too much counts as promised.
 */
typedef int ledger_journal_fn(void *context, const struct ledger_reservation *before,
                              const struct ledger_reservation *after, struct ballast_error *err);

struct ledger_options {
    uint64_t total_kib; /* the host's: nobody may ask for more; at most LEDGER_MOST_KIB */
    uint64_t next_id;   /* the first id it gives, not 0; restored ones raise it */
    uint64_t now_usec;  /* when its time begins; restored ones raise it */
    size_t max_open;    /* 1 ... LEDGER_MOST_OPEN */
    size_t max_closed;  /* closed ones that are remembered, the newest; 0 ... LEDGER_MOST_CLOSED */
    ledger_journal_fn *journal; /* may be NULL */
    void *context;
};

#define LEDGER_OPTIONS_DEFAULT                                                                     \
    ((struct ledger_options){                                                                      \
        .total_kib = LEDGER_MOST_KIB, .next_id = 1, .max_open = 16384, .max_closed = 256})

struct ledger;

/* An empty ledger in *out, the caller's. -EINVAL for options out of their range, -ENOMEM. */
int ledger_new(const struct ledger_options *options, struct ledger **out,
               struct ballast_error *err);
void ledger_free(struct ledger *ledger);

/*
 * Puts back a reservation as it was journalled; the journal is not called. Any order will do, that
 * of asking is the fastest. -EINVAL when no transitions could have led to it, or contradicts one
 * that is there (the same id, the same domain, more open ones than allowed); -ENOMEM.
 */
int ledger_restore(struct ledger *ledger, const struct ledger_reservation *record,
                   struct ballast_error *err);

struct ledger_request {
    const char *owner; /* not empty; this and label: UTF-8 without controls, below LEDGER_OWNER */
    const char *label; /* NULL is "" */
    uint64_t min_kib;
    uint64_t max_kib;
    uint64_t lease_usec; /* not 0; BALLAST_NONE: for ever */
    uint64_t deadline_usec;
};

/* BAD_SIZE, TOO_MANY, DEADLINE_OVER leave no trace. -EINVAL for strings that are not clean. */
int ledger_ask(struct ledger *ledger, const struct ledger_request *request, uint64_t now_usec,
               struct ledger_verdict *out, struct ballast_error *err);
/*
 * For its grant: the newest domain of its label that is there already, see older_domid. It comes to
 * the journal with the grant, and from there with the record that is restored; nothing happens to
 * one that is past its grant.
 */
void ledger_note_older(struct ledger *ledger, uint64_t id, uint32_t domid);
/* Memory is being freed for it. From requested. */
int ledger_start_reclaiming(struct ledger *ledger, uint64_t id, uint64_t now_usec,
                            struct ledger_verdict *out, struct ballast_error *err);
/*
 * Promises it as much of its range as is free beyond everything promised, in whole pages; a: that
 * size, b: what stays free beyond it. NOT_FREE below its minimum. From requested and reclaiming.
 */
int ledger_grant(struct ledger *ledger, uint64_t id, const struct ledger_free *host,
                 uint64_t now_usec, struct ledger_verdict *out, struct ballast_error *err);
/*
 * It never will be: `why` is CANNOT_FIT, DONORS_STUCK or DEADLINE_OVER with its numbers. From
 * requested and reclaiming.
 */
int ledger_refuse(struct ledger *ledger, uint64_t id, enum ledger_reason why, uint64_t a_kib,
                  uint64_t b_kib, uint64_t now_usec, struct ledger_verdict *out,
                  struct ballast_error *err);

struct ledger_domain {
    uint32_t domid; /* domids are used again, uuids survive a reboot: both make one life */
    uint8_t uuid[LEDGER_UUID];
};

/*
 * The domain that it is for exists. `base_kib` is what the domain held when the reservation had
 * nothing to do with it (0 for one that was created for it), `held_kib` what it holds now, with
 * what the host spends on it: the difference is used. From granted, within its lease. `owner` is
 * who says so; NULL: whoever holds the ledger, who may always. That it is bound, or was used by
 * that very domain, is LEDGER_OK again and changes nothing.
 */
int ledger_bind(struct ledger *ledger, uint64_t id, const char *owner,
                const struct ledger_domain *domain, uint64_t base_kib, uint64_t held_kib,
                uint64_t now_usec, struct ledger_verdict *out, struct ballast_error *err);
/*
 * What a domain holds now, and whether it has been built. Full or built is used; what of the
 * promise was not taken by then is nobody's again. UNKNOWN where nothing is bound to the domain.
 */
int ledger_hold(struct ledger *ledger, const struct ledger_domain *domain, uint64_t held_kib,
                bool built, uint64_t now_usec, struct ledger_verdict *out,
                struct ballast_error *err);
/* The domain is no more: what is bound to it is released. UNKNOWN where nothing is. */
int ledger_domain_gone(struct ledger *ledger, const struct ledger_domain *domain, uint64_t now_usec,
                       struct ledger_verdict *out, struct ballast_error *err);
/* From requested, reclaiming, granted and bound. `owner` as in ledger_bind(). */
int ledger_release(struct ledger *ledger, uint64_t id, const char *owner, uint64_t now_usec,
                   struct ledger_verdict *out, struct ballast_error *err);

/*
 * These two move any number of reservations, each a transition of its own: an error half-way leaves
 * done what was done, and calling again goes on from there. *out_count, which may be NULL, is how
 * many were moved.
 */

/* An owner begins anew: what it had and had not bound is released. -EINVAL for a bad name. */
int ledger_login(struct ledger *ledger, const char *owner, uint64_t now_usec, size_t *out_count,
                 struct ballast_error *err);
/*
 * Releases what was granted and has outlived its lease, refuses what waited past its deadline, the
 * longest overdue first. A lease or a deadline is over from its last microsecond on.
 */
int ledger_expire(struct ledger *ledger, uint64_t now_usec, size_t *out_count,
                  struct ballast_error *err);
/* When ledger_expire() will next have something to do; BALLAST_NONE: never as things are. */
uint64_t ledger_next_due_usec(const struct ledger *ledger);

/* The pointers below live until the next transition. */

/* NULL where there is none. */
const struct ledger_reservation *ledger_find(const struct ledger *ledger, uint64_t id);
/* The one that is bound to that domain now, or NULL. */
const struct ledger_reservation *ledger_find_domain(const struct ledger *ledger,
                                                    const struct ledger_domain *domain);
/* Whether a reservation that is open or remembered is bound to that domain, or was used by it. */
bool ledger_had_domain(const struct ledger *ledger, const struct ledger_domain *domain);
/* The next granted one of that label; NULL as `after` is before the first. In any order. */
const struct ledger_reservation *ledger_next_awaiting(const struct ledger *ledger,
                                                      const char *label,
                                                      const struct ledger_reservation *after);
/* All that are open or remembered, in the order of asking; NULL as `after` is before the first. */
const struct ledger_reservation *ledger_next(const struct ledger *ledger,
                                             const struct ledger_reservation *after);
/* The same from the newest on; NULL as `before` is behind the last. */
const struct ledger_reservation *ledger_previous(const struct ledger *ledger,
                                                 const struct ledger_reservation *before);

struct ledger_sums {
    uint64_t promised_kib; /* granted or bound, and not used */
    uint64_t wanted_kib;   /* the minima of those that are requested or reclaiming */
    size_t open;           /* requested, reclaiming, granted, bound */
    size_t in_state[LEDGER_STATES];
};

struct ledger_sums ledger_sums(const struct ledger *ledger);
/* What could be granted now: free beyond slack, foreign and promised, or 0. */
uint64_t ledger_available_kib(const struct ledger *ledger, const struct ledger_free *host);
/* For the journal: where a ledger restored from nothing but records would begin. */
uint64_t ledger_next_id(const struct ledger *ledger);
uint64_t ledger_now_usec(const struct ledger *ledger);

/*
 * Holds every law over the whole ledger, recounting everything; with a host (NULL: without), law 2
 * against its free memory. 0, or -EPROTO with the law that is broken. O(n log n): for tests.
 */
int ledger_check(const struct ledger *ledger, const struct ledger_free *host,
                 struct ballast_error *err);
/* The laws of one reservation by itself: -EINVAL with what contradicts what. */
int ledger_reservation_check(const struct ledger_reservation *record, struct ballast_error *err);

/*
 * A ledger's clock that was led into the future by a wrong calendar is set back to `now_usec`, by
 * `by_usec`, while no ledger is in use: each record it was told is changed by
 * ledger_back_record(). Leases and deadlines of open ones keep the time that remains of them; so
 * all moments of an open one move, also those before the calendar was wrong. A closed one moves
 * only where it was closed in the future. What was lawful stays so.
 */
struct ledger_back {
    uint64_t now_usec;
    uint64_t by_usec;
};

void ledger_back_record(const struct ledger_back *back, struct ledger_reservation *record);
/* A moment that stands by itself: never later than now, and the same where it was not. */
uint64_t ledger_back_usec(const struct ledger_back *back, uint64_t usec);

/* Whether it waits, is promised or is being used. */
bool ledger_state_is_open(enum ledger_state state);
/* Whether a transition leads from one to the other. */
bool ledger_state_allows(enum ledger_state from, enum ledger_state to);
/* "requested", "reclaiming" ...; "lease-over", "not-free" ...; NULL past the last one. */
const char *ledger_state_name(enum ledger_state state);
const char *ledger_reason_name(enum ledger_reason reason);
/* The sentence of a reason, a hole for each figure (core/base/pattern.h); NULL past the end. */
const char *ledger_reason_pattern(enum ledger_reason reason);
/* The figures of a reason by their names, "needed_kib" ...; those it has none of have no name. */
void ledger_reason_figures(enum ledger_reason reason, uint64_t a_kib, uint64_t b_kib,
                           struct pattern_figure out[LEDGER_FIGURES]);
/* The state or reason of that word, or -ENOENT. */
int ledger_state_find(const char *word);
int ledger_reason_find(const char *word);
/* The sentence with its figures in KiB, as snprintf. */
size_t ledger_reason_text(enum ledger_reason reason, uint64_t a_kib, uint64_t b_kib, char *buf,
                          size_t size);

#endif
