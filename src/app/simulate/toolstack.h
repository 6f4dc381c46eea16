/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated toolstack: it asks the ledger for each start that arrives, builds what was granted,
 * binds the domain to its reservation, and drops what was refused. The transitions are those of a
 * real host, so each scenario also tests the ledger.
 */
#ifndef APP_SIMULATE_TOOLSTACK_H
#define APP_SIMULATE_TOOLSTACK_H

#include "app/tick/book.h"
#include "core/ledger/ledger.h"
#include "core/sim/sim.h"

struct toolstack {
    struct sim *sim;
    struct ledger *ledger;
    struct tick_ledger *book;
    uint64_t *ids; /* a start's reservation; 0: has none */
};

/* toolstack_release() is harmless on one that failed. */
int toolstack_init(struct toolstack *toolstack, struct sim *sim, struct ballast_error *err);
void toolstack_release(struct toolstack *toolstack);

/*
 * Before a tick: new starts ask, built ones are bound, the ledger sees the host. -EPROTO when a law
 * of the ledger is broken, -EIO when the host cannot be read.
 */
int toolstack_before(struct toolstack *toolstack, struct ballast_error *err);
/* After it: answers reach those that waited. */
int toolstack_after(struct toolstack *toolstack, struct ballast_error *err);

#endif
