/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creates, restores and queries a ledger. */
#include "core/ledger/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/ledger/book.h"
#include "core/ledger/record.h"
#include "core/model/host.h"

int ledger_new(const struct ledger_options *options, struct ledger **out, struct ballast_error *err)
{
    if (options->total_kib == 0 || options->total_kib > LEDGER_MOST_KIB)
        return ballast_fail(err, -EINVAL, "a ledger for a host of %" PRIu64 " KiB",
                            options->total_kib);
    if (options->next_id == 0 || options->next_id > LEDGER_MOST_ID)
        return ballast_fail(err, -EINVAL, "a ledger cannot begin with the id %" PRIu64,
                            options->next_id);
    if (options->max_open == 0 || options->max_open > LEDGER_MOST_OPEN ||
        options->max_closed > LEDGER_MOST_CLOSED || options->now_usec == BALLAST_NONE)
        return ballast_fail(err, -EINVAL, "a ledger of %zu open and %zu closed reservations",
                            options->max_open, options->max_closed);
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    if (!ledger)
        return ballast_fail(err, -ENOMEM, "out of memory");
    ledger->options = *options;
    ledger->next_id = options->next_id;
    ledger->now_usec = options->now_usec;
    *out = ledger;
    return 0;
}

void ledger_free(struct ledger *ledger)
{
    if (ledger)
        ledger_book_clear(ledger);
    free(ledger);
}

static int check_restored(const struct ledger *ledger, const struct ledger_reservation *record,
                          struct ballast_error *err)
{
    int rc = ledger_reservation_check(record, err);
    if (rc < 0)
        return rc;
    if (ledger_book_find(ledger, record->id))
        return ballast_fail(err, -EINVAL, "duplicate reservation %" PRIu64, record->id);
    if (ledger_state_is_open(record->state) && ledger->sums.open >= ledger->options.max_open)
        return ballast_fail(err, -EINVAL,
                            "reservation %" PRIu64 " would be more than the %zu open ones allowed",
                            record->id, ledger->options.max_open);
    struct ledger_entry *other = ledger_book_find_domain(ledger, record->domid, record->uuid);
    if (record->state == LEDGER_BOUND && other)
        return ballast_fail(err, -EINVAL,
                            "reservations %" PRIu64 " and %" PRIu64
                            " are both bound to domain %" PRIu32,
                            other->record.id, record->id, record->domid);
    return 0;
}

int ledger_restore(struct ledger *ledger, const struct ledger_reservation *record,
                   struct ballast_error *err)
{
    int rc = check_restored(ledger, record, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry;
    rc = ledger_book_entry(ledger, &entry, err);
    if (rc < 0)
        return rc;
    ledger_book_add(ledger, entry, record);
    ledger->next_id = ballast_max_u64(ledger->next_id, record->id + 1);
    ledger->now_usec = ballast_max_u64(ledger->now_usec, record->changed_usec);
    ledger_book_trim(ledger);
    return 0;
}

uint64_t ledger_next_due_usec(const struct ledger *ledger)
{
    return ledger->due.count > 0 ? ledger->due.at[0]->heap_key_usec : BALLAST_NONE;
}

const struct ledger_reservation *ledger_find(const struct ledger *ledger, uint64_t id)
{
    const struct ledger_entry *entry = ledger_book_find(ledger, id);
    return entry ? &entry->record : NULL;
}

const struct ledger_reservation *ledger_find_domain(const struct ledger *ledger,
                                                    const struct ledger_domain *domain)
{
    const struct ledger_entry *entry = ledger_book_find_domain(ledger, domain->domid, domain->uuid);
    return entry ? &entry->record : NULL;
}

bool ledger_had_domain(const struct ledger *ledger, const struct ledger_domain *domain)
{
    return ledger_book_next_domain(ledger, domain->domid, domain->uuid, NULL) != NULL;
}

const struct ledger_reservation *ledger_next_for_name(const struct ledger *ledger, const char *name,
                                                      const struct ledger_reservation *after)
{
    const struct ledger_entry *entry =
        ledger_book_next_name(ledger, name, (const struct ledger_entry *)after);
    return entry ? &entry->record : NULL;
}

const struct ledger_reservation *ledger_next_for_uuid(const struct ledger *ledger,
                                                      const uint8_t uuid[LEDGER_UUID],
                                                      const struct ledger_reservation *after)
{
    const struct ledger_entry *entry =
        ledger_book_next_uuid(ledger, uuid, (const struct ledger_entry *)after);
    return entry ? &entry->record : NULL;
}

static bool is_for_guest_of(const struct ledger_reservation *record,
                            const struct ledger_reservation *kept)
{
    static const uint8_t nil[LEDGER_UUID];
    if (memcmp(record->guest_uuid, nil, LEDGER_UUID) != 0)
        return memcmp(record->guest_uuid, kept->guest_uuid, LEDGER_UUID) == 0;
    return record->guest_name[0] && strcmp(record->guest_name, kept->guest_name) == 0;
}

const struct ledger_reservation *ledger_kept_for(const struct ledger *ledger,
                                                 const struct ledger_reservation *record)
{
    size_t left = ledger->sums.reboots;
    for (const struct ledger_entry *entry = ledger->last; entry && left > 0; entry = entry->prev) {
        const struct ledger_reservation *kept = &entry->record;
        if (kept->kind != LEDGER_REBOOT || !ledger_state_is_open(kept->state))
            continue;
        left--;
        if (kept->id != record->id && is_for_guest_of(record, kept))
            return kept;
    }
    return NULL;
}

const struct ledger_reservation *ledger_next(const struct ledger *ledger,
                                             const struct ledger_reservation *after)
{
    const struct ledger_entry *entry =
        after ? ((const struct ledger_entry *)after)->next : ledger->first;
    return entry ? &entry->record : NULL;
}

struct ledger_user_sums ledger_sums_of_user(const struct ledger *ledger, uint64_t user)
{
    struct ledger_user_sums sums = {0};
    for (const struct ledger_entry *entry = ledger->first; entry; entry = entry->next) {
        const struct ledger_reservation *record = &entry->record;
        bool waits = record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING;
        if (record->user != user || !ledger_state_is_open(record->state))
            continue;
        sums.reservations++;
        sums.kib =
            ballast_add_ceil(sums.kib, waits ? record->max_kib : ledger_book_reserved_kib(record));
    }
    return sums;
}

struct ledger_sums ledger_sums(const struct ledger *ledger)
{
    return ledger->sums;
}

uint64_t ledger_available_kib(const struct ledger *ledger, const struct ledger_free *host)
{
    uint64_t taken_kib = ballast_add_ceil(host->slack_kib, host->foreign_kib);
    return ballast_sub_floor(
        host->free_kib,
        ballast_add_ceil(taken_kib, ballast_sub_floor(ledger->sums.reserved_kib, host->drawn_kib)));
}

uint64_t ledger_next_id(const struct ledger *ledger)
{
    return ledger->next_id;
}

uint64_t ledger_now_usec(const struct ledger *ledger)
{
    return ledger->now_usec;
}

const struct ledger_reservation *ledger_previous(const struct ledger *ledger,
                                                 const struct ledger_reservation *before)
{
    const struct ledger_entry *entry =
        before ? ((const struct ledger_entry *)before)->prev : ledger->last;
    return entry ? &entry->record : NULL;
}
