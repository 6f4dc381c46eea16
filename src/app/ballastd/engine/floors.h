/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where guests' balloons have stopped, by uuid, kept over restarts of the daemon and of the guests.
 * There is room for so many; the one that stopped longest ago makes way. The store holds them in a
 * few settings of some guests each, so that their number is bounded however many guests come and
 * go.
 */
#ifndef APP_BALLASTD_ENGINE_FLOORS_H
#define APP_BALLASTD_ENGINE_FLOORS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/ballastd/engine/reservations.h"
#include "core/policy/floor.h"
#include "edge/store/store.h"

enum { FLOORS_SLOTS = 16, FLOORS_IN_SLOT = 10, FLOORS_MOST = FLOORS_SLOTS * FLOORS_IN_SLOT };

struct floors_entry {
    uint8_t uuid[LEDGER_UUID];
    struct balloon_stop last_stop; /* kib 0: a free place */
};

struct floors {
    struct floors_entry at[FLOORS_MOST];
    bool changed[FLOORS_SLOTS];
};

/* Reads what the store has. What cannot be read, or makes no sense, is left out. */
void floors_load(struct floors *floors, struct reservations *reservations);
/* Writes what has changed; what cannot be written is tried again the next time. */
void floors_keep(struct floors *floors, struct reservations *reservations);
/*
 * When a guest stopped, in a setting of that key, as ledger_back_usec() has it; other settings are
 * unchanged.
 */
void floors_move_back(const struct ledger_back *back, const char *key, char value[STORE_VALUE]);
/* All 0 where nothing is known. */
struct balloon_stop floors_find(const struct floors *floors, const uint8_t uuid[LEDGER_UUID]);
/* Takes the place of what was known; kib 0: it is forgotten. */
void floors_note(struct floors *floors, const uint8_t uuid[LEDGER_UUID],
                 const struct balloon_stop *stop);

#endif
