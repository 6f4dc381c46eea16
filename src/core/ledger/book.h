/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The container of the ledger's reservations, with the tables and heaps to find them. It knows no
 * rules.
 *
 * One entry per reservation, in a list in the order of the requests. Hash tables with chains: all
 * by id; the unbound open ones by owner (for a login); the bound and used ones by domain; the
 * granted ones by the name and by the uuid of their guest. Two heaps: open ones by the time at
 * which they are due, closed ones by the time since when. The tables and heaps grow together,
 * before anything changes, so that moving an entry from one state to another cannot fail. Owners
 * choose their names and may aim for one chain: a chain is only walked at a login, and is no longer
 * than the ledger.
 */
#ifndef CORE_LEDGER_BOOK_H
#define CORE_LEDGER_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ledger/heap.h"
#include "core/ledger/ledger.h"

enum ledger_index {
    LEDGER_BY_ID,
    LEDGER_BY_OWNER_NAME,
    LEDGER_BY_DOMAIN,
    LEDGER_BY_GUEST_NAME,
    LEDGER_BY_GUEST_UUID,
    LEDGER_INDEXES
};

struct ledger_chain {
    struct ledger_entry *next;
    struct ledger_entry **back; /* the pointer to this entry; NULL: not in that table */
};

struct ledger_entry {
    struct ledger_reservation record; /* first, so that ledger_next() finds the entry by it */
    struct ledger_entry *prev;
    struct ledger_entry *next;
    struct ledger_chain chain[LEDGER_INDEXES];
    struct ledger_heap *heap; /* NULL: in no heap */
    uint64_t heap_key_usec;
    size_t heap_at;
};

struct ledger {
    struct ledger_options options;
    uint64_t next_id;
    uint64_t now_usec;
    struct ledger_entry *first; /* in the order of the requests */
    struct ledger_entry *last;
    size_t count;
    struct ledger_sums sums;
    struct ledger_entry **table[LEDGER_INDEXES];
    size_t room; /* of each table and heap; a power of two, or 0 */
    struct ledger_heap due;
    struct ledger_heap closed;
};

/* Creates an entry that is in no table yet, with room for it in all of them; free() it. -ENOMEM. */
int ledger_book_entry(struct ledger *ledger, struct ledger_entry **out, struct ballast_error *err);
/* Inserts a new entry with that record; its id must be new. */
void ledger_book_add(struct ledger *ledger, struct ledger_entry *entry,
                     const struct ledger_reservation *record);
/* Replaces the record of an entry by another one with the same id. */
void ledger_book_move(struct ledger *ledger, struct ledger_entry *entry,
                      const struct ledger_reservation *record);
/* Removes the oldest closed ones beyond the number that is kept. */
void ledger_book_trim(struct ledger *ledger);
void ledger_book_clear(struct ledger *ledger);

struct ledger_entry *ledger_book_find(const struct ledger *ledger, uint64_t id);
/* The reservation that is bound to this domain. */
struct ledger_entry *ledger_book_find_domain(const struct ledger *ledger, uint32_t domid,
                                             const uint8_t uuid[LEDGER_UUID]);
/* The next one that is bound to this domain or was used by it; the first if `after` is NULL. */
struct ledger_entry *ledger_book_next_domain(const struct ledger *ledger, uint32_t domid,
                                             const uint8_t uuid[LEDGER_UUID],
                                             const struct ledger_entry *after);
/* Likewise the next granted one for a guest of that name, or of that uuid. */
struct ledger_entry *ledger_book_next_name(const struct ledger *ledger, const char *name,
                                           const struct ledger_entry *after);
struct ledger_entry *ledger_book_next_uuid(const struct ledger *ledger,
                                           const uint8_t uuid[LEDGER_UUID],
                                           const struct ledger_entry *after);
/* The next unbound open one of that owner, the first if `after` is NULL, in any order. */
struct ledger_entry *ledger_book_next_of(const struct ledger *ledger, const char *owner,
                                         const struct ledger_entry *after);

/* Which tables and which heap a record in that state belongs to; check.c recounts by this. */
bool ledger_book_belongs(enum ledger_index index, enum ledger_state state);
/* The time of its lease or deadline; BALLAST_NONE: never. */
uint64_t ledger_book_due_usec(const struct ledger_reservation *record);
/* The part of it that counts as reserved. */
uint64_t ledger_book_reserved_kib(const struct ledger_reservation *record);
/* The part of it that counts as wanted. */
uint64_t ledger_book_wanted_kib(const struct ledger_reservation *record);

#endif
