/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which reservation a domain draws from: the one that is bound to it, or a granted one that awaits
 * it. A granted one awaits a domain that has its guest's name or uuid, and which came after the
 * grant and never had a reservation before. One domain goes with one reservation; a uuid goes
 * before a name, and the oldest grant before the others. Xen numbers domains upwards, so what came
 * after the grant has a number above the newest of that name or uuid that was there.
 */
#ifndef APP_TICK_MATCH_H
#define APP_TICK_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ledger/ledger.h"
#include "core/model/host.h"

typedef void tick_uuid_fn(uint32_t domid, uint8_t uuid[LEDGER_UUID]);

/* The name of a domain as reservations have it. */
void match_name(const char *name, char out[LEDGER_OWNER]);

/* One pass over the domains of a snapshot. */
struct match {
    const struct ledger *ledger;
    tick_uuid_fn *uuid_of; /* of the domains of that snapshot */
    uint64_t *given;       /* ids of those that await a domain and have been given one */
    size_t given_count;
    size_t given_room;
};

/* Begins a pass; what a match holds is kept from one to the next. */
void match_begin(struct match *match, const struct ledger *ledger, tick_uuid_fn *uuid_of);
void match_free(struct match *match);
/*
 * The one that awaits a guest of that uuid or name, before any snapshot shows its domain; NULL:
 * none.
 */
const struct ledger_reservation *match_newcomer(const struct ledger *ledger,
                                                const uint8_t uuid[LEDGER_UUID], const char *name);
/* The one that this domain draws from, until the next transition of the ledger; NULL: none. */
const struct ledger_reservation *match_domain(struct match *match, const struct ballast_host *host,
                                              const struct ballast_domain *domain);
/* Whether a granted one has been given to a domain in this pass. */
bool match_is_given(const struct match *match, uint64_t id);
/* The newest domain that has the name or uuid of its guest, of a pool any; 0: there is none. */
uint32_t match_newest(const struct ballast_host *host, tick_uuid_fn *uuid_of,
                      const struct ledger_reservation *record);

#endif
