/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is granted to domains that do not exist yet is claimed in Xen (hv_claim()), so that Xen
 * itself refuses it to all others, also while this program does not run. A start can only have
 * memory that is not claimed, so its claim is withdrawn before it: its reservation is handed over.
 * Each reservation has a claim of its own, so that this touches no other; pools have one, and so
 * have those for which there are too many claims.
 */
#ifndef APP_BALLASTD_ENGINE_CLAIMS_H
#define APP_BALLASTD_ENGINE_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ledger/ledger.h"
#include "edge/hv/hv.h"

struct engine;

/* A reservation that is not claimed, although all of it is still to be taken. */
struct claims_handover {
    uint64_t id;
    uint64_t since_usec; /* on the engine's clock; 0: it has not been granted yet */
    /* Its domain was reported and is in no snapshot yet: so many may leave it out. 0: was not. */
    unsigned unseen_left;
};

/* What the host claims, by id. */
struct claims_list {
    struct hv_claim at[HV_CLAIMS];
    size_t count;
};

struct claims {
    struct claims_list now;   /* in force, as far as is known */
    uint64_t kib;             /* the sum of these */
    struct claims_list found; /* when this engine began */
    uint64_t *old;            /* ids of what was granted then, in falling order */
    size_t old_count;
    uint64_t pools_kib; /* of what is shared, as it was wanted last */
    /* Ids of those that share a claim with others, to their end, in falling order. */
    uint64_t *sharing;
    size_t sharing_count;
    bool begun;
    bool fresh;          /* a snapshot was taken since it was lowered */
    bool sent;           /* one call, at least: a program that was killed leaves a domain */
    bool fails;          /* the last call did: it has been logged */
    uint64_t again_usec; /* not to be claimed before that, on the engine's clock */
    struct claims_handover *handovers;
    size_t handover_count;
    size_t handover_room;
};

void claims_release(struct claims *claims);
/*
 * Lowers the claims to what is still awaited, after the ledger has seen the last snapshot or has
 * changed: before anything else is done.
 */
void claims_lower(struct engine *engine);
/* The same, and raises it: what is granted is durable, and nobody has been notified. */
void claims_follow(struct engine *engine);
/* A snapshot was taken: what the host claimed then. */
void claims_see(struct engine *engine);
/* The start follows its grant at once, so it is not to be claimed at all. Before it is granted. */
void claims_hand_over(struct engine *engine, uint64_t id);
/* A domain was created. What awaits it is handed over before anything else is done, or known. */
void claims_meet(struct engine *engine, const uint8_t uuid[LEDGER_UUID], const char *name);
/* A reservation came into another state. */
void claims_on_reservation(struct engine *engine, const struct ledger_reservation *record);

#endif
