/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger as the tick's book: those that are asked or freeing wait; what is granted and what is
 * bound beyond what its build still shows is promised; a verdict is a transition.
 */
#ifndef APP_TICK_BOOK_H
#define APP_TICK_BOOK_H

#include "app/tick/tick.h"
#include "core/ledger/ledger.h"

struct tick_ledger;

/* Over a ledger that stays the caller's and must outlive it. NULL: out of memory. */
struct tick_ledger *tick_ledger_new(struct ledger *ledger);
void tick_ledger_free(struct tick_ledger *book); /* NULL is allowed */
/* The functions that go into tick_config. A request's id is its reservation's. */
struct tick_book tick_ledger_book(struct tick_ledger *book);

/*
 * Once before each tick, with the host as it is: domains that are gone take their reservations with
 * them, what bound ones hold is spent, leases and deadlines that are over end. `uuid_of` gives the
 * uuid of a domain id; the same id with another uuid is another life. Negative errno as the ledger.
 */
int tick_ledger_see(struct tick_ledger *book, const struct ballast_host *host,
                    void (*uuid_of)(uint32_t domid, uint8_t uuid[LEDGER_UUID]),
                    struct ballast_error *err);

/* What the ledger must know of a host's free memory to promise of it. */
struct ledger_free tick_ledger_free_of(const struct ledger *ledger,
                                       const struct ballast_host *host);

#endif
