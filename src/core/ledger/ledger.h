/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger: who has been promised how much of the host's free memory. A state machine without
 * I/O: it is told what happens and the time, checks every transition against the laws, and answers
 * with verdicts; whoever holds it makes the transitions durable before it tells anybody.
 *
 *   asked -> freeing -> granted -> bound -> spent
 *      \________\__________\_________\-> released     (by its owner, by its lease, with its domain)
 *       \________\-> refused
 *
 * Law 1: what is promised and unspent, and what is free beyond it, sum to what is free.
 * Law 2: a page is promised once: a grant is given only when free memory covers slush, all that is
 *        promised and unspent, and the new one.
 * Law 3: nothing is promised that the bounds of a request do not allow: a range is granted between
 *        its ends, never more, never less.
 *
 * A bound reservation is spent as its domain takes pages; what the domain has taken is no longer
 * counted as promised, so memory is counted once, free or taken, never twice.
 */
#ifndef CORE_LEDGER_LEDGER_H
#define CORE_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

enum { LEDGER_OWNER = 64, LEDGER_UUID = 16 };

enum ledger_state {
    LEDGER_ASKED,
    LEDGER_FREEING,
    LEDGER_GRANTED,
    LEDGER_BOUND,
    LEDGER_SPENT,
    LEDGER_RELEASED,
    LEDGER_REFUSED,
    LEDGER_STATES
};

/* Why a transition happened, or was not allowed; goes into verdicts, history and messages. */
enum ledger_reason {
    LEDGER_OK,
    LEDGER_BY_OWNER,       /* released by whoever asked */
    LEDGER_LEASE_OVER,     /* its lease ended before it was bound */
    LEDGER_OWNER_RETURNED, /* its owner logged in anew: what was not bound is void */
    LEDGER_DOMAIN_GONE,    /* the domain it was bound to is no more */
    LEDGER_NOT_FREE,       /* memory is not free: a: asked, b: free beyond what is promised */
    LEDGER_CANNOT_FIT,     /* arithmetic: a: asked, b: the most that could ever be */
    LEDGER_GIVERS_STUCK,   /* those who could give do not; a: missing */
    LEDGER_DEADLINE_OVER,  /* it was not free in time; a: missing */
    LEDGER_WRONG_STATE,    /* the reservation is in another state than the transition starts from */
    LEDGER_NOT_OWNER,      /* somebody else's */
    LEDGER_UNKNOWN,        /* no such reservation */
    LEDGER_BAD_SIZE,       /* zero, minimum above maximum, or beyond the host */
    LEDGER_TOO_MANY,       /* so many open reservations that one more would be abuse */
    LEDGER_REASONS
};

struct ledger_reservation {
    uint64_t id; /* never 0, never used twice in a ledger's life */
    char owner[LEDGER_OWNER];
    char label[LEDGER_OWNER]; /* what it is for, for people; may be "" */
    uint64_t min_kib;
    uint64_t max_kib;     /* equal to min_kib for an exact size */
    uint64_t granted_kib; /* 0 until granted */
    uint64_t spent_kib;   /* of granted: taken by the domain it is bound to */
    enum ledger_state state;
    enum ledger_reason reason; /* of the last transition */
    uint64_t asked_usec;
    uint64_t changed_usec;
    uint64_t lease_usec; /* how long it lives unbound after being granted; BALLAST_NONE: for ever */
    uint64_t deadline_usec; /* when asking ends; BALLAST_NONE: never */
    uint32_t domid;         /* bound: */
    uint8_t uuid[LEDGER_UUID];
    uint64_t bound_tot_kib; /* what the domain held when it was bound */
};

#endif
