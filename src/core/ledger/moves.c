/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The transitions. Each builds the new record; commit_record() journals it and inserts it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/ledger/book.h"
#include "core/ledger/record.h"
#include "core/model/host.h"

static int begin_move(struct ledger *ledger, uint64_t now_usec, struct ballast_error *err)
{
    if (now_usec == BALLAST_NONE)
        return ballast_fail(err, -EINVAL, "the time is not set");
    if (now_usec < ledger->now_usec)
        return ballast_fail(err, -EINVAL,
                            "time went backwards, from %" PRIu64 " us to %" PRIu64 " us",
                            ledger->now_usec, now_usec);
    ledger->now_usec = now_usec;
    return 0;
}

static int commit_record(struct ledger *ledger, struct ledger_entry *entry,
                         const struct ledger_reservation *next, struct ballast_error *err)
{
    if (ledger->options.journal) {
        int rc = ledger->options.journal(ledger->options.context, &entry->record, next, err);
        if (rc < 0)
            return rc;
    }
    ledger_book_move(ledger, entry, next);
    return 0;
}

static int fill_verdict(struct ledger_verdict *out, uint64_t id, enum ledger_reason reason,
                        uint64_t a_kib, uint64_t b_kib)
{
    *out = (struct ledger_verdict){.reason = reason, .a_kib = a_kib, .b_kib = b_kib, .id = id};
    return 0;
}

/* Enters a state, with the reason; its figures stay in the record. */
static void enter_state(struct ledger_reservation *record, enum ledger_state state,
                        uint64_t now_usec, enum ledger_reason reason, uint64_t a_kib,
                        uint64_t b_kib)
{
    record->state = state;
    record->reason = reason;
    record->a_kib = a_kib;
    record->b_kib = b_kib;
    record->changed_usec = now_usec;
}

/* The entry, if that owner may move it to that state; else NULL and the answer in *out. */
static struct ledger_entry *entry_for(const struct ledger *ledger, uint64_t id, const char *owner,
                                      enum ledger_state to, struct ledger_verdict *out)
{
    struct ledger_entry *entry = ledger_book_find(ledger, id);
    if (!entry) {
        fill_verdict(out, id, LEDGER_UNKNOWN, 0, 0);
        return NULL;
    }
    if (owner && strcmp(entry->record.owner, owner) != 0) {
        fill_verdict(out, id, LEDGER_NOT_OWNER, 0, 0);
        return NULL;
    }
    if (!ledger_state_allows(entry->record.state, to)) {
        fill_verdict(out, id, LEDGER_WRONG_STATE, entry->record.state, to);
        return NULL;
    }
    return entry;
}

static bool ask_allowed(const struct ledger *ledger, const struct ledger_request *request,
                        uint64_t now_usec, struct ledger_verdict *out)
{
    if (request->min_kib == 0 || request->min_kib > request->max_kib ||
        request->max_kib > ledger->options.total_kib)
        fill_verdict(out, 0, LEDGER_BAD_SIZE, request->min_kib, request->max_kib);
    else if (request->deadline_usec <= now_usec)
        fill_verdict(out, 0, LEDGER_DEADLINE_OVER, request->min_kib, 0);
    else if (ledger->sums.open >= ledger->options.max_open)
        fill_verdict(out, 0, LEDGER_TOO_MANY, ledger->sums.open, ledger->options.max_open);
    else
        return true;
    return false;
}

static struct ledger_reservation asked_record(const struct ledger *ledger,
                                              const struct ledger_request *request)
{
    struct ledger_reservation record = {
        .id = ledger->next_id,
        .min_kib = request->min_kib,
        .max_kib = request->max_kib,
        .state = LEDGER_REQUESTED,
        .reason = LEDGER_OK,
        .a_kib = request->min_kib,
        .b_kib = request->max_kib,
        .requested_usec = ledger->now_usec,
        .changed_usec = ledger->now_usec,
        .lease_usec = request->lease_usec,
        .deadline_usec = request->deadline_usec,
    };
    memcpy(record.owner, request->owner, strlen(request->owner));
    const char *label = request->label ? request->label : request->name;
    if (label)
        memcpy(record.label, label, strlen(label));
    if (request->name)
        memcpy(record.guest_name, request->name, strlen(request->name));
    if (request->uuid)
        memcpy(record.guest_uuid, request->uuid, LEDGER_UUID);
    record.kind = request->pool ? LEDGER_POOL : LEDGER_START;
    return record;
}

/* Journals a new record and takes it in; the next id is used up by it. */
static int add_record(struct ledger *ledger, const struct ledger_reservation *record,
                      struct ballast_error *err)
{
    struct ledger_entry *entry;
    int rc = ledger_book_entry(ledger, &entry, err);
    if (rc < 0)
        return rc;
    if (ledger->options.journal &&
        (rc = ledger->options.journal(ledger->options.context, NULL, record, err)) < 0) {
        free(entry);
        return rc;
    }
    ledger_book_add(ledger, entry, record);
    ledger->next_id++;
    ledger_book_trim(ledger);
    return 0;
}

/* What it says of itself and its guest. */
static int check_request(const struct ledger *ledger, const struct ledger_request *request,
                         struct ballast_error *err)
{
    int rc = ledger_name_check("owner", request->owner, err);
    if (rc == 0 && request->label && request->label[0])
        rc = ledger_name_check("label", request->label, err);
    if (rc == 0 && request->name && request->name[0])
        rc = ledger_name_check("name", request->name, err);
    if (rc == 0 && request->pool && (request->name || request->uuid))
        rc = ballast_fail(err, -EINVAL, "a reservation for any guest has no guest's name or uuid");
    if (rc == 0 && request->lease_usec == 0)
        rc = ballast_fail(err, -EINVAL, "a lease of 0 would be over before it began");
    if (rc == 0 && ledger->next_id > LEDGER_MOST_ID)
        rc = ballast_fail(err, -EOVERFLOW, "the ledger has no ids left");
    return rc;
}

int ledger_ask(struct ledger *ledger, const struct ledger_request *request, uint64_t now_usec,
               struct ledger_verdict *out, struct ballast_error *err)
{
    int rc = check_request(ledger, request, err);
    if (rc < 0 || (rc = begin_move(ledger, now_usec, err)) < 0)
        return rc;
    if (!ask_allowed(ledger, request, now_usec, out))
        return 0;

    struct ledger_reservation record = asked_record(ledger, request);
    rc = add_record(ledger, &record, err);
    return rc < 0 ? rc : fill_verdict(out, record.id, LEDGER_OK, record.min_kib, record.max_kib);
}

int ledger_keep_reboot(struct ledger *ledger, const struct ledger_keep *keep,
                       const struct ledger_domain *domain, uint64_t now_usec,
                       struct ledger_verdict *out, struct ballast_error *err)
{
    struct ledger_request request = {.owner = keep->owner,
                                     .name = keep->name,
                                     .uuid = keep->uuid,
                                     .min_kib = keep->held_kib,
                                     .max_kib = keep->held_kib,
                                     .lease_usec = keep->lease_usec,
                                     .deadline_usec = BALLAST_NONE};
    int rc = check_request(ledger, &request, err);
    if (rc < 0 || (rc = begin_move(ledger, now_usec, err)) < 0)
        return rc;
    struct ledger_entry *other = ledger_book_find_domain(ledger, domain->domid, domain->uuid);
    if (other)
        return fill_verdict(out, 0, LEDGER_DOMAIN_TAKEN, other->record.id, 0);
    if (!ask_allowed(ledger, &request, now_usec, out))
        return 0;
    struct ledger_reservation record = asked_record(ledger, &request);
    record.kind = LEDGER_REBOOT;
    record.granted_kib = record.used_kib = keep->held_kib;
    record.domid = domain->domid;
    memcpy(record.uuid, domain->uuid, LEDGER_UUID);
    enter_state(&record, LEDGER_BOUND, now_usec, LEDGER_OK, keep->held_kib, keep->held_kib);
    rc = add_record(ledger, &record, err);
    return rc < 0 ? rc : fill_verdict(out, record.id, LEDGER_OK, record.a_kib, record.b_kib);
}

void ledger_note_older(struct ledger *ledger, uint64_t id, uint32_t domid)
{
    struct ledger_entry *entry = ledger_book_find(ledger, id);
    if (entry &&
        (entry->record.state == LEDGER_REQUESTED || entry->record.state == LEDGER_RECLAIMING ||
         entry->record.state == LEDGER_GRANTED))
        entry->record.older_domid = domid;
}

int ledger_start_reclaiming(struct ledger *ledger, uint64_t id, uint64_t now_usec,
                            struct ledger_verdict *out, struct ballast_error *err)
{
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = entry_for(ledger, id, NULL, LEDGER_RECLAIMING, out);
    if (!entry)
        return 0;
    struct ledger_reservation next = entry->record;
    enter_state(&next, LEDGER_RECLAIMING, now_usec, LEDGER_OK, next.min_kib, next.max_kib);
    rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, id, LEDGER_OK, next.a_kib, next.b_kib);
}

/*
 * The largest size in the range that fits, in whole pages unless the range itself ends within one.
 */
static uint64_t size_within(const struct ledger_reservation *record, uint64_t available_kib)
{
    if (available_kib >= record->max_kib)
        return record->max_kib;
    return ballast_max_u64(record->min_kib, available_kib - available_kib % BALLAST_PAGE_KIB);
}

int ledger_grant(struct ledger *ledger, uint64_t id, const struct ledger_free *host,
                 uint64_t now_usec, struct ledger_verdict *out, struct ballast_error *err)
{
    if (host->free_kib > ledger->options.total_kib)
        return ballast_fail(err, -EINVAL,
                            "%" PRIu64 " KiB are reported free on a host of %" PRIu64 " KiB",
                            host->free_kib, ledger->options.total_kib);
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = entry_for(ledger, id, NULL, LEDGER_GRANTED, out);
    if (!entry)
        return 0;
    struct ledger_reservation next = entry->record;
    uint64_t available_kib = ledger_available_kib(ledger, host);
    if (now_usec >= next.deadline_usec)
        return fill_verdict(out, id, LEDGER_DEADLINE_OVER,
                            ballast_sub_floor(next.min_kib, available_kib), 0);
    if (available_kib < next.min_kib)
        return fill_verdict(out, id, LEDGER_NOT_FREE, next.min_kib, available_kib);
    next.granted_kib = size_within(&next, available_kib);
    enter_state(&next, LEDGER_GRANTED, now_usec, LEDGER_OK, next.granted_kib,
                available_kib - next.granted_kib);
    rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, id, LEDGER_OK, next.a_kib, next.b_kib);
}

int ledger_refuse(struct ledger *ledger, uint64_t id, enum ledger_reason why, uint64_t a_kib,
                  uint64_t b_kib, uint64_t now_usec, struct ledger_verdict *out,
                  struct ballast_error *err)
{
    if (!ledger_reason_fits(LEDGER_REFUSED, why))
        return ballast_fail(err, -EINVAL, "%s is not a reason to refuse a reservation",
                            (unsigned)why < LEDGER_REASONS ? ledger_reason_name(why) : "this");
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = entry_for(ledger, id, NULL, LEDGER_REFUSED, out);
    if (!entry)
        return 0;
    struct ledger_reservation next = entry->record;
    enter_state(&next, LEDGER_REFUSED, now_usec, why, a_kib, b_kib);
    rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, id, LEDGER_OK, a_kib, b_kib);
}

/*
 * Never less than before: what a domain frees may be reserved for another by now. But what one that
 * reboots returns is reserved for the next domain of that guest.
 */
static uint64_t used_by(const struct ledger_reservation *record, uint64_t held_kib)
{
    uint64_t taken_kib = ballast_sub_floor(held_kib, record->base_kib);
    if (ledger_is_rebooting(record))
        return ballast_min_u64(record->granted_kib, taken_kib);
    return ballast_max_u64(record->used_kib, ballast_min_u64(record->granted_kib, taken_kib));
}

static bool is_for(const struct ledger_reservation *record, const struct ledger_domain *domain)
{
    return (record->state == LEDGER_BOUND || record->state == LEDGER_USED) &&
           record->domid == domain->domid && memcmp(record->uuid, domain->uuid, LEDGER_UUID) == 0;
}

int ledger_bind(struct ledger *ledger, uint64_t id, const char *owner,
                const struct ledger_domain *domain, uint64_t base_kib, uint64_t held_kib,
                uint64_t now_usec, struct ledger_verdict *out, struct ballast_error *err)
{
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = ledger_book_find(ledger, id);
    if (entry && is_for(&entry->record, domain) &&
        (!owner || strcmp(entry->record.owner, owner) == 0))
        return fill_verdict(out, id, LEDGER_OK, entry->record.granted_kib, entry->record.used_kib);
    if (!(entry = entry_for(ledger, id, owner, LEDGER_BOUND, out)))
        return 0;
    struct ledger_reservation next = entry->record;
    if (now_usec >= ledger_book_due_usec(&next))
        return fill_verdict(out, id, LEDGER_LEASE_OVER, next.granted_kib, 0);
    struct ledger_entry *other = ledger_book_find_domain(ledger, domain->domid, domain->uuid);
    if (other)
        return fill_verdict(out, id, LEDGER_DOMAIN_TAKEN, other->record.id, 0);
    next.kind = LEDGER_START;
    next.domid = domain->domid;
    memcpy(next.uuid, domain->uuid, LEDGER_UUID);
    next.base_kib = base_kib;
    next.used_kib = used_by(&next, held_kib);
    enter_state(&next, LEDGER_BOUND, now_usec, LEDGER_OK, next.granted_kib, next.used_kib);
    rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, id, LEDGER_OK, next.a_kib, next.b_kib);
}

int ledger_hold(struct ledger *ledger, const struct ledger_domain *domain, uint64_t held_kib,
                bool built, uint64_t now_usec, struct ledger_verdict *out,
                struct ballast_error *err)
{
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = ledger_book_find_domain(ledger, domain->domid, domain->uuid);
    if (!entry)
        return fill_verdict(out, 0, LEDGER_UNKNOWN, 0, 0);
    struct ledger_reservation next = entry->record;
    next.used_kib = used_by(&next, held_kib);
    uint64_t left_kib = next.granted_kib - next.used_kib;
    if (!ledger_is_rebooting(&next) && (built || left_kib == 0))
        enter_state(&next, LEDGER_USED, now_usec, LEDGER_OK, next.used_kib, left_kib);
    if (next.state != entry->record.state || next.used_kib != entry->record.used_kib)
        rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, next.id, LEDGER_OK, next.used_kib, left_kib);
}

static int release_entry(struct ledger *ledger, struct ledger_entry *entry, enum ledger_reason why,
                         struct ledger_verdict *out, struct ballast_error *err)
{
    struct ledger_reservation next = entry->record;
    uint64_t back_kib = ledger_book_promised_kib(&next);
    enter_state(&next, LEDGER_RELEASED, ledger->now_usec, why, back_kib, 0);
    int rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, next.id, LEDGER_OK, back_kib, 0);
}

/* The pages that it has returned are free: they are for the next domain of that guest. */
static int grant_reboot(struct ledger *ledger, struct ledger_entry *entry,
                        struct ledger_verdict *out, struct ballast_error *err)
{
    struct ledger_reservation next = entry->record;
    next.granted_kib -= next.used_kib;
    next.min_kib = ballast_min_u64(next.min_kib, next.granted_kib);
    if (next.granted_kib == 0)
        return release_entry(ledger, entry, LEDGER_DOMAIN_GONE, out, err);
    next.older_domid = next.domid;
    next.domid = 0;
    memset(next.uuid, 0, LEDGER_UUID);
    next.used_kib = 0;
    enter_state(&next, LEDGER_GRANTED, ledger->now_usec, LEDGER_OK, next.granted_kib, 0);
    int rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, next.id, LEDGER_OK, next.granted_kib, 0);
}

/* Its owner's range ends at what is left of it. */
static int pay_from(struct ledger *ledger, struct ledger_entry *entry, uint64_t kib,
                    struct ballast_error *err)
{
    struct ledger_reservation next = entry->record;
    if (kib == next.granted_kib) {
        next.used_kib = kib;
        enter_state(&next, LEDGER_USED, ledger->now_usec, LEDGER_OK, kib, 0);
    } else {
        next.granted_kib -= kib;
        next.min_kib = ballast_min_u64(next.min_kib, next.granted_kib);
    }
    return commit_record(ledger, entry, &next, err);
}

static bool can_pay_for(const struct ledger_reservation *record, uint32_t domid, uint64_t now_usec)
{
    return ledger_is_pool(record) && domid > record->older_domid &&
           now_usec < ledger_book_due_usec(record);
}

int ledger_pay(struct ledger *ledger, uint32_t domid, uint64_t kib, uint64_t now_usec,
               struct ledger_verdict *out, struct ballast_error *err)
{
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = ledger->first;
    while (entry && !can_pay_for(&entry->record, domid, now_usec))
        entry = entry->next;
    if (!entry || kib == 0)
        return fill_verdict(out, 0, LEDGER_OK, 0, kib);
    uint64_t id = entry->record.id;
    uint64_t part_kib = ballast_min_u64(kib, entry->record.granted_kib);
    rc = pay_from(ledger, entry, part_kib, err);
    return rc < 0 ? rc : fill_verdict(out, id, LEDGER_OK, part_kib, kib - part_kib);
}

int ledger_domain_gone(struct ledger *ledger, const struct ledger_domain *domain, uint64_t now_usec,
                       struct ledger_verdict *out, struct ballast_error *err)
{
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = ledger_book_find_domain(ledger, domain->domid, domain->uuid);
    if (!entry)
        return fill_verdict(out, 0, LEDGER_UNKNOWN, 0, 0);
    return ledger_is_rebooting(&entry->record)
               ? grant_reboot(ledger, entry, out, err)
               : release_entry(ledger, entry, LEDGER_DOMAIN_GONE, out, err);
}

int ledger_release(struct ledger *ledger, uint64_t id, const char *owner, uint64_t now_usec,
                   struct ledger_verdict *out, struct ballast_error *err)
{
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = entry_for(ledger, id, owner, LEDGER_RELEASED, out);
    return entry ? release_entry(ledger, entry, LEDGER_BY_OWNER, out, err) : 0;
}

int ledger_login(struct ledger *ledger, const char *owner, uint64_t now_usec, size_t *out_count,
                 struct ballast_error *err)
{
    int rc = ledger_name_check("owner", owner, err);
    if (rc < 0 || (rc = begin_move(ledger, now_usec, err)) < 0)
        return rc;
    size_t count = 0;
    struct ledger_entry *entry = ledger_book_next_of(ledger, owner, NULL);
    while (entry && rc == 0) {
        struct ledger_entry *next = ledger_book_next_of(ledger, owner, entry);
        struct ledger_verdict verdict;
        rc = release_entry(ledger, entry, LEDGER_OWNER_RETURNED, &verdict, err);
        count += rc == 0;
        entry = next;
    }
    if (out_count)
        *out_count = count;
    return rc;
}

static int expire_one(struct ledger *ledger, struct ledger_entry *entry, struct ballast_error *err)
{
    struct ledger_verdict verdict;
    if (entry->record.state == LEDGER_GRANTED)
        return release_entry(ledger, entry, LEDGER_LEASE_OVER, &verdict, err);
    struct ledger_reservation next = entry->record;
    enter_state(&next, LEDGER_REFUSED, ledger->now_usec, LEDGER_DEADLINE_OVER, next.min_kib, 0);
    return commit_record(ledger, entry, &next, err);
}

int ledger_expire(struct ledger *ledger, uint64_t now_usec, size_t *out_count,
                  struct ballast_error *err)
{
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    size_t count = 0;
    while (rc == 0 && ledger_next_due_usec(ledger) <= now_usec) {
        rc = expire_one(ledger, ledger->due.at[0], err);
        count += rc == 0;
    }
    if (out_count)
        *out_count = count;
    return rc;
}
