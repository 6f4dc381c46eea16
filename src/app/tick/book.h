/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger as the tick's book: requested and reclaiming reservations wait; granted and bound ones
 * are reserved, less what their build shows; a verdict is a transition.
 */
#ifndef APP_TICK_BOOK_H
#define APP_TICK_BOOK_H

#include "app/tick/match.h"
#include "app/tick/tick.h"
#include "core/ledger/ledger.h"

struct tick_ledger;

/* Over a ledger that stays the caller's and must outlive it. NULL: out of memory. */
struct tick_ledger *tick_ledger_new(struct ledger *ledger);
void tick_ledger_free(struct tick_ledger *book); /* NULL is allowed */
/* The functions that go into tick_config. A request's id is its reservation's. */
struct tick_book tick_ledger_book(struct tick_ledger *book);

/*
 * The part of free memory that no request can have, see balancer_kept_kib(): requests wait for the
 * rest.
 */
void tick_ledger_keep(struct tick_ledger *book, uint64_t kept_kib);

/* The owner of what is kept for a domain that reboots. */
#define TICK_REBOOT_OWNER "reboot"

/*
 * For how long what a domain that reboots held is kept for the next one; 0: it is not, as before
 * this call.
 */
void tick_ledger_keep_reboots(struct tick_ledger *book, uint64_t usec);

/*
 * Its start follows it at once, and asks again if it fails. What is for a domain that comes some
 * time, and is bound to it by tick_ledger_see(), is granted again where that domain is gone before
 * it was built, for the next try; not after a restart of this program.
 */
void tick_ledger_start_follows(struct tick_ledger *book, uint64_t id);

/* A domain that is being torn down, and is no part of a snapshot any more. */
struct tick_dying {
    uint32_t domid;
    uint8_t uuid[LEDGER_UUID];
    const char *name; /* "": not known any more */
    uint64_t held_kib;
    bool reboots;
};

/* Those beside the snapshots of tick_ledger_see(), until another call; the caller's. */
void tick_ledger_dying(struct tick_ledger *book, const struct tick_dying *dying, size_t count);

/*
 * Called by tick_ledger_see() for a domain that has come since the first snapshot and has been
 * built without a reservation.
 */
typedef void tick_unreserved_fn(void *context, const struct ballast_domain *domain);
void tick_ledger_on_unreserved(struct tick_ledger *book, tick_unreserved_fn *call, void *context);

/*
 * Once before each tick, with the host as it is: a domain that has come and that a grant awaits
 * (match.h) is bound to it, what reboots is kept for the next domain of that guest, domains that
 * are gone take their reservations with them, what bound ones hold is used, leases and deadlines
 * that are over end. `uuid_of` gives the uuid of a domain of the last snapshot from now on; the
 * same id with another uuid is another life. Negative errno as the ledger.
 */
int tick_ledger_see(struct tick_ledger *book, const struct ballast_host *host,
                    tick_uuid_fn *uuid_of, struct ballast_error *err);

/*
 * The three below combine reservations and a snapshot in one way, whether a domain is bound to its
 * reservation yet or not, so that each page of a start counts once from its grant on.
 */

/* What the ledger must know of a host's free memory to reserve it. */
struct ledger_free tick_ledger_free_of(struct tick_ledger *book, const struct ballast_host *host);
/* Granted, and not taken by the domain that it is for. */
uint64_t tick_ledger_reserved_kib(struct tick_ledger *book, const struct ballast_host *host);
/* Of that: what the host does not show as a build. The same as the book's reserved_kib(). */
uint64_t tick_ledger_unseen_kib(struct tick_ledger *book, const struct ballast_host *host);

/* How tick_ledger_awaited() reports. */
struct tick_awaiting {
    /* Whether a reservation is not to be counted. */
    bool (*leaves_out)(void *context, const struct ledger_reservation *record);
    /* Called for each of the others; a pool's is called once, with 0 and the sum of all pools. */
    void (*awaits)(void *context, uint64_t id, uint64_t kib);
    void *context;
};
/*
 * Granted, and awaiting a domain that the snapshot does not have: what nobody may take. The newest
 * first, pools last. Pools count without what the domains have taken or are to take that they pay
 * for, and not at all while it is not known how much that is. What is kept for a reboot does not
 * count: its domain comes at once, and unasked.
 */
void tick_ledger_awaited(struct tick_ledger *book, const struct ballast_host *host,
                         const struct tick_awaiting *awaiting);

#endif
