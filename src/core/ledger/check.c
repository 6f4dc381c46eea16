/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks the laws over the whole ledger, recounted from the records alone. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/ledger/book.h"
#include "core/ledger/record.h"
#include "core/model/host.h"

static int fail_check(struct ballast_error *err, const struct ledger_entry *entry, const char *law)
{
    return ballast_fail(err, -EPROTO, "ledger: reservation %" PRIu64 ": %s",
                        entry ? entry->record.id : 0, law);
}

static bool in_chain(const struct ledger *ledger, enum ledger_index index,
                     const struct ledger_entry *entry)
{
    if (index == LEDGER_BY_ID)
        return ledger_book_find(ledger, entry->record.id) == entry;
    const struct ledger_reservation *record = &entry->record;
    if (index == LEDGER_BY_DOMAIN && record->state == LEDGER_BOUND)
        return ledger_book_find_domain(ledger, record->domid, record->uuid) == entry;
    const struct ledger_entry *at = NULL;
    do {
        at = index == LEDGER_BY_DOMAIN
                 ? ledger_book_next_domain(ledger, record->domid, record->uuid, at)
             : index == LEDGER_BY_GUEST_NAME ? ledger_book_next_name(ledger, record->guest_name, at)
             : index == LEDGER_BY_GUEST_UUID ? ledger_book_next_uuid(ledger, record->guest_uuid, at)
                                             : ledger_book_next_of(ledger, record->owner, at);
    } while (at && at != entry);
    return at == entry;
}

static int check_chain_place(const struct ledger *ledger, const struct ledger_entry *entry,
                             struct ballast_error *err)
{
    for (enum ledger_index index = 0; index < LEDGER_INDEXES; index++) {
        bool belongs = ledger_book_belongs(index, entry->record.state);
        if (belongs != (entry->chain[index].back != NULL))
            return fail_check(err, entry,
                              "it is in a table that it does not belong to, or missing from one");
        /* The other chains are walked from their start: quadratic, so only in small ledgers. */
        if (belongs && (index == LEDGER_BY_ID || ledger->count <= 256) &&
            !in_chain(ledger, index, entry))
            return fail_check(err, entry, "a table does not find it, or finds another one");
    }
    uint64_t due_usec = ledger_book_due_usec(&entry->record);
    bool open = ledger_state_is_open(entry->record.state);
    const struct ledger_heap *heap = due_usec != BALLAST_NONE ? &ledger->due
                                     : open                   ? NULL
                                                              : &ledger->closed;
    if (entry->heap != heap)
        return fail_check(err, entry,
                          "it is in a heap that it does not belong to, or missing from one");
    if (heap && entry->heap_key_usec != (open ? due_usec : entry->record.changed_usec))
        return fail_check(err, entry, "its heap has another time for it");
    return 0;
}

static int check_entry(const struct ledger *ledger, const struct ledger_entry *entry,
                       struct ballast_error *err)
{
    struct ballast_error why;
    if (ledger_reservation_check(&entry->record, &why) < 0)
        return ballast_fail(err, -EPROTO, "ledger: %s", why.text);
    if (entry->prev != NULL && entry->prev->record.id >= entry->record.id)
        return fail_check(err, entry, "it is out of order");
    if ((entry->prev ? entry->prev->next : ledger->first) != entry)
        return fail_check(err, entry, "the list does not lead to it");
    if (entry->record.id >= ledger->next_id)
        return fail_check(err, entry, "its id could be used again");
    if (entry->record.changed_usec > ledger->now_usec)
        return fail_check(err, entry, "it was changed in the future");
    return check_chain_place(ledger, entry, err);
}

static int check_heap(const struct ledger_heap *heap, struct ballast_error *err)
{
    for (size_t i = 0; i < heap->count; i++) {
        const struct ledger_entry *entry = heap->at[i];
        const struct ledger_entry *parent = heap->at[i > 0 ? (i - 1) / 2 : 0];
        if (entry->heap != heap || entry->heap_at != i)
            return fail_check(err, entry, "its place in the heap is wrong");
        if (parent->heap_key_usec > entry->heap_key_usec)
            return fail_check(err, entry, "it is due before its parent in the heap");
    }
    return 0;
}

static void count_record(struct ledger_sums *sums, const struct ledger_reservation *record)
{
    bool reserved = record->state == LEDGER_GRANTED || record->state == LEDGER_BOUND;
    bool waits = record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING;
    if (reserved)
        sums->reserved_kib += record->granted_kib - record->used_kib;
    if (waits)
        sums->wanted_kib += record->min_kib;
    sums->open += reserved || waits;
    sums->in_state[record->state]++;
    sums->rebooting += record->kind == LEDGER_REBOOT && record->state == LEDGER_BOUND;
    sums->reboots += record->kind == LEDGER_REBOOT && reserved;
    if (record->kind == LEDGER_POOL && record->state == LEDGER_GRANTED) {
        sums->pools++;
        sums->pool_kib += record->granted_kib;
    }
}

static int check_host(const struct ledger *ledger, const struct ledger_free *host,
                      struct ballast_error *err)
{
    uint64_t kept_kib = ballast_add_ceil(host->slack_kib, host->foreign_kib);
    uint64_t reserved_kib = ballast_sub_floor(ledger->sums.reserved_kib, host->drawn_kib);
    uint64_t owed_kib = ballast_add_ceil(kept_kib, reserved_kib);
    if (host->free_kib < owed_kib)
        return ballast_fail(err, -EPROTO,
                            "law 2: %" PRIu64 " KiB are free, but %" PRIu64
                            " KiB are kept and %" PRIu64 " KiB reserved",
                            host->free_kib, kept_kib, reserved_kib);
    if (owed_kib + ledger_available_kib(ledger, host) != host->free_kib)
        return ballast_fail(err, -EPROTO,
                            "law 1: %" PRIu64 " KiB owed and %" PRIu64
                            " KiB beyond are not the free %" PRIu64 " KiB",
                            owed_kib, ledger_available_kib(ledger, host), host->free_kib);
    return 0;
}

int ledger_check(const struct ledger *ledger, const struct ledger_free *host,
                 struct ballast_error *err)
{
    struct ledger_sums sums = {0};
    size_t entries = 0;
    size_t in_heaps = 0;
    for (const struct ledger_entry *entry = ledger->first; entry; entry = entry->next) {
        int rc = check_entry(ledger, entry, err);
        if (rc < 0)
            return rc;
        count_record(&sums, &entry->record);
        entries++;
        in_heaps += entry->heap != NULL;
    }
    if (entries != ledger->count || in_heaps != ledger->due.count + ledger->closed.count)
        return ballast_fail(err, -EPROTO, "ledger: %zu reservations, but %zu counted", entries,
                            ledger->count);
    if (memcmp(&sums, &ledger->sums, sizeof(sums)) != 0)
        return ballast_fail(err, -EPROTO,
                            "ledger: %" PRIu64 " KiB are reserved, but %" PRIu64 " KiB counted",
                            sums.reserved_kib, ledger->sums.reserved_kib);
    if (sums.open > ledger->options.max_open)
        return ballast_fail(err, -EPROTO, "ledger: %zu reservations are open, more than %zu",
                            sums.open, ledger->options.max_open);
    int rc = check_heap(&ledger->due, err);
    if (rc == 0)
        rc = check_heap(&ledger->closed, err);
    return rc == 0 && host ? check_host(ledger, host, err) : rc;
}
