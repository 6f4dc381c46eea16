/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ledger/book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/host.h"

enum { FIRST_ROOM = 16 };

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t hash_domain(uint32_t domid, const uint8_t uuid[LEDGER_UUID])
{
    return hash_bytes(hash_bytes(HASH_START, uuid, LEDGER_UUID), &domid, sizeof(domid));
}

static uint64_t hash_record(enum ledger_index index, const struct ledger_reservation *record)
{
    switch (index) {
    case LEDGER_BY_OWNER_NAME:
        return hash_bytes(HASH_START, record->owner, strlen(record->owner));
    case LEDGER_BY_DOMAIN:
        return hash_domain(record->domid, record->uuid);
    case LEDGER_BY_GUEST_NAME:
        return hash_bytes(HASH_START, record->guest_name, strlen(record->guest_name));
    case LEDGER_BY_GUEST_UUID:
        return hash_bytes(HASH_START, record->guest_uuid, LEDGER_UUID);
    case LEDGER_BY_ID:
    case LEDGER_INDEXES:
        break;
    }
    return record->id; /* ids are consecutive: no two neighbours share a chain */
}

static struct ledger_entry **chain_head(const struct ledger *ledger, enum ledger_index index,
                                        uint64_t hash)
{
    return &ledger->table[index][hash & (ledger->room - 1)];
}

bool ledger_book_belongs(enum ledger_index index, enum ledger_state state)
{
    switch (index) {
    case LEDGER_BY_OWNER_NAME:
        return ledger_state_is_open(state) && state != LEDGER_BOUND;
    case LEDGER_BY_DOMAIN:
        return state == LEDGER_BOUND || state == LEDGER_USED;
    case LEDGER_BY_GUEST_NAME:
    case LEDGER_BY_GUEST_UUID:
        return state == LEDGER_GRANTED;
    case LEDGER_BY_ID:
    case LEDGER_INDEXES:
        break;
    }
    return true;
}

uint64_t ledger_book_due_usec(const struct ledger_reservation *record)
{
    if (record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING)
        return record->deadline_usec;
    if (record->state == LEDGER_GRANTED && record->lease_usec != BALLAST_NONE)
        return ballast_add_ceil(record->changed_usec, record->lease_usec);
    return BALLAST_NONE;
}

uint64_t ledger_book_reserved_kib(const struct ledger_reservation *record)
{
    if (record->state != LEDGER_GRANTED && record->state != LEDGER_BOUND)
        return 0;
    return record->granted_kib - record->used_kib;
}

uint64_t ledger_book_wanted_kib(const struct ledger_reservation *record)
{
    bool waits = record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING;
    return waits ? record->min_kib : 0;
}

static void chain_in(struct ledger *ledger, enum ledger_index index, struct ledger_entry *entry)
{
    struct ledger_entry **at = chain_head(ledger, index, hash_record(index, &entry->record));
    struct ledger_chain *chain = &entry->chain[index];
    chain->next = *at;
    chain->back = at;
    if (*at)
        (*at)->chain[index].back = &chain->next;
    *at = entry;
}

static void chain_out(enum ledger_index index, struct ledger_entry *entry)
{
    struct ledger_chain *chain = &entry->chain[index];
    if (!chain->back)
        return;
    *chain->back = chain->next;
    if (chain->next)
        chain->next->chain[index].back = chain->back;
    *chain = (struct ledger_chain){0};
}

static void chain_all(struct ledger *ledger)
{
    for (struct ledger_entry *entry = ledger->first; entry; entry = entry->next) {
        for (enum ledger_index index = 0; index < LEDGER_INDEXES; index++) {
            if (ledger_book_belongs(index, entry->record.state))
                chain_in(ledger, index, entry);
        }
    }
}

static int grow_chains(struct ledger *ledger, struct ballast_error *err)
{
    size_t room = ledger->room ? 2 * ledger->room : FIRST_ROOM;
    struct ledger_entry **blocks[LEDGER_INDEXES + 2];
    bool got = true;
    for (size_t i = 0; i < LEDGER_INDEXES + 2; i++) {
        blocks[i] = calloc(room, sizeof(*blocks[i]));
        got = got && blocks[i];
    }
    for (size_t i = 0; i < LEDGER_INDEXES + 2 && !got; i++)
        free(blocks[i]);
    if (!got)
        return ballast_fail(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < LEDGER_INDEXES; i++) {
        free(ledger->table[i]);
        ledger->table[i] = blocks[i];
    }
    struct ledger_heap *heaps[2] = {&ledger->due, &ledger->closed};
    for (size_t i = 0; i < 2; i++) {
        if (heaps[i]->count > 0)
            memcpy(blocks[LEDGER_INDEXES + i], heaps[i]->at,
                   heaps[i]->count * sizeof(*heaps[i]->at));
        free(heaps[i]->at);
        heaps[i]->at = blocks[LEDGER_INDEXES + i];
    }
    ledger->room = room;
    chain_all(ledger);
    return 0;
}

int ledger_book_entry(struct ledger *ledger, struct ledger_entry **out, struct ballast_error *err)
{
    if (ledger->count == ledger->room) {
        int rc = grow_chains(ledger, err);
        if (rc < 0)
            return rc;
    }
    struct ledger_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return ballast_fail(err, -ENOMEM, "out of memory");
    *out = entry;
    return 0;
}

static void count_in(struct ledger_sums *sums, const struct ledger_reservation *record)
{
    sums->reserved_kib += ledger_book_reserved_kib(record);
    sums->wanted_kib += ledger_book_wanted_kib(record);
    sums->open += ledger_state_is_open(record->state);
    sums->in_state[record->state]++;
    sums->rebooting += ledger_is_rebooting(record);
    sums->reboots += record->kind == LEDGER_REBOOT && ledger_state_is_open(record->state);
    sums->pools += ledger_is_pool(record);
    sums->pool_kib += ledger_is_pool(record) ? record->granted_kib : 0;
}

static void count_out(struct ledger_sums *sums, const struct ledger_reservation *record)
{
    sums->reserved_kib -= ledger_book_reserved_kib(record);
    sums->wanted_kib -= ledger_book_wanted_kib(record);
    sums->open -= ledger_state_is_open(record->state);
    sums->in_state[record->state]--;
    sums->rebooting -= ledger_is_rebooting(record);
    sums->reboots -= record->kind == LEDGER_REBOOT && ledger_state_is_open(record->state);
    sums->pools -= ledger_is_pool(record);
    sums->pool_kib -= ledger_is_pool(record) ? record->granted_kib : 0;
}

static void enter_entry(struct ledger *ledger, struct ledger_entry *entry)
{
    const struct ledger_reservation *record = &entry->record;
    for (enum ledger_index index = 0; index < LEDGER_INDEXES; index++) {
        if (ledger_book_belongs(index, record->state))
            chain_in(ledger, index, entry);
    }
    uint64_t due_usec = ledger_book_due_usec(record);
    if (due_usec != BALLAST_NONE)
        ledger_heap_add(&ledger->due, entry, due_usec);
    else if (!ledger_state_is_open(record->state))
        ledger_heap_add(&ledger->closed, entry, record->changed_usec);
    count_in(&ledger->sums, record);
}

static void leave_chains(struct ledger *ledger, struct ledger_entry *entry)
{
    count_out(&ledger->sums, &entry->record);
    ledger_heap_remove(entry);
    for (enum ledger_index index = 0; index < LEDGER_INDEXES; index++)
        chain_out(index, entry);
}

/* New ones go last; only a restore in another order has to search for the place. */
static void link_in(struct ledger *ledger, struct ledger_entry *entry)
{
    struct ledger_entry *prev = ledger->last;
    while (prev && prev->record.id > entry->record.id)
        prev = prev->prev;
    entry->prev = prev;
    entry->next = prev ? prev->next : ledger->first;
    *(prev ? &prev->next : &ledger->first) = entry;
    *(entry->next ? &entry->next->prev : &ledger->last) = entry;
    ledger->count++;
}

static void link_out(struct ledger *ledger, struct ledger_entry *entry)
{
    *(entry->prev ? &entry->prev->next : &ledger->first) = entry->next;
    *(entry->next ? &entry->next->prev : &ledger->last) = entry->prev;
    ledger->count--;
}

void ledger_book_add(struct ledger *ledger, struct ledger_entry *entry,
                     const struct ledger_reservation *record)
{
    entry->record = *record;
    link_in(ledger, entry);
    enter_entry(ledger, entry);
}

void ledger_book_move(struct ledger *ledger, struct ledger_entry *entry,
                      const struct ledger_reservation *record)
{
    leave_chains(ledger, entry);
    entry->record = *record;
    enter_entry(ledger, entry);
}

void ledger_book_trim(struct ledger *ledger)
{
    while (ledger->closed.count > ledger->options.max_closed) {
        struct ledger_entry *entry = ledger->closed.at[0];
        leave_chains(ledger, entry);
        link_out(ledger, entry);
        free(entry);
    }
}

void ledger_book_clear(struct ledger *ledger)
{
    while (ledger->first) {
        struct ledger_entry *entry = ledger->first;
        ledger->first = entry->next;
        free(entry);
    }
    for (size_t i = 0; i < LEDGER_INDEXES; i++)
        free(ledger->table[i]);
    free(ledger->due.at);
    free(ledger->closed.at);
}

struct ledger_entry *ledger_book_find(const struct ledger *ledger, uint64_t id)
{
    if (ledger->room == 0)
        return NULL;
    struct ledger_entry *entry = *chain_head(ledger, LEDGER_BY_ID, id);
    while (entry && entry->record.id != id)
        entry = entry->chain[LEDGER_BY_ID].next;
    return entry;
}

struct ledger_entry *ledger_book_next_domain(const struct ledger *ledger, uint32_t domid,
                                             const uint8_t uuid[LEDGER_UUID],
                                             const struct ledger_entry *after)
{
    if (ledger->room == 0)
        return NULL;
    struct ledger_entry *entry =
        after ? after->chain[LEDGER_BY_DOMAIN].next
              : *chain_head(ledger, LEDGER_BY_DOMAIN, hash_domain(domid, uuid));
    while (entry &&
           (entry->record.domid != domid || memcmp(entry->record.uuid, uuid, LEDGER_UUID) != 0))
        entry = entry->chain[LEDGER_BY_DOMAIN].next;
    return entry;
}

struct ledger_entry *ledger_book_find_domain(const struct ledger *ledger, uint32_t domid,
                                             const uint8_t uuid[LEDGER_UUID])
{
    struct ledger_entry *entry = ledger_book_next_domain(ledger, domid, uuid, NULL);
    while (entry && entry->record.state != LEDGER_BOUND)
        entry = ledger_book_next_domain(ledger, domid, uuid, entry);
    return entry;
}

struct ledger_entry *ledger_book_next_name(const struct ledger *ledger, const char *name,
                                           const struct ledger_entry *after)
{
    if (ledger->room == 0)
        return NULL;
    uint64_t hash = hash_bytes(HASH_START, name, strlen(name));
    struct ledger_entry *entry = after ? after->chain[LEDGER_BY_GUEST_NAME].next
                                       : *chain_head(ledger, LEDGER_BY_GUEST_NAME, hash);
    while (entry && strcmp(entry->record.guest_name, name) != 0)
        entry = entry->chain[LEDGER_BY_GUEST_NAME].next;
    return entry;
}

struct ledger_entry *ledger_book_next_uuid(const struct ledger *ledger,
                                           const uint8_t uuid[LEDGER_UUID],
                                           const struct ledger_entry *after)
{
    if (ledger->room == 0)
        return NULL;
    uint64_t hash = hash_bytes(HASH_START, uuid, LEDGER_UUID);
    struct ledger_entry *entry = after ? after->chain[LEDGER_BY_GUEST_UUID].next
                                       : *chain_head(ledger, LEDGER_BY_GUEST_UUID, hash);
    while (entry && memcmp(entry->record.guest_uuid, uuid, LEDGER_UUID) != 0)
        entry = entry->chain[LEDGER_BY_GUEST_UUID].next;
    return entry;
}

struct ledger_entry *ledger_book_next_of(const struct ledger *ledger, const char *owner,
                                         const struct ledger_entry *after)
{
    if (ledger->room == 0)
        return NULL;
    uint64_t hash = hash_bytes(HASH_START, owner, strlen(owner));
    struct ledger_entry *entry = after ? after->chain[LEDGER_BY_OWNER_NAME].next
                                       : *chain_head(ledger, LEDGER_BY_OWNER_NAME, hash);
    while (entry && strcmp(entry->record.owner, owner) != 0)
        entry = entry->chain[LEDGER_BY_OWNER_NAME].next;
    return entry;
}
