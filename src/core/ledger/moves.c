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

static int journal_changes(const struct ledger *ledger, const struct ledger_change *changes,
                           size_t count, struct ballast_error *err)
{
    const struct ledger_options *options = &ledger->options;
    return options->journal ? options->journal(options->context, changes, count, err) : 0;
}

static int commit_record(struct ledger *ledger, struct ledger_entry *entry,
                         const struct ledger_reservation *next, struct ballast_error *err)
{
    struct ledger_change change = {.before = &entry->record, .after = next};
    int rc = journal_changes(ledger, &change, 1, err);
    if (rc == 0)
        ledger_book_move(ledger, entry, next);
    return rc;
}

static int fill_verdict(struct ledger_verdict *out, uint64_t id, enum ledger_reason reason,
                        struct ledger_figures figures)
{
    *out = (struct ledger_verdict){.reason = reason, .figures = figures, .id = id};
    return 0;
}

static struct ledger_figures no_figures(void)
{
    return (struct ledger_figures){0};
}

static struct ledger_figures done_figures(uint64_t done_kib, uint64_t left_kib)
{
    return (struct ledger_figures){.done_kib = done_kib, .left_kib = left_kib};
}

static struct ledger_figures released_figures(uint64_t released_kib)
{
    return (struct ledger_figures){.released_kib = released_kib};
}

static struct ledger_figures missing_figures(uint64_t missing_kib)
{
    return (struct ledger_figures){.missing_kib = missing_kib};
}

static struct ledger_figures bound_figures(const struct ledger_reservation *record)
{
    return done_figures(record->granted_kib, record->granted_kib - record->used_kib);
}

static struct ledger_figures taken_figures(const struct ledger_entry *other)
{
    return (struct ledger_figures){.reservation = other->record.id};
}

/* Enters a state, with the reason; its figures stay in the record. */
static void enter_state(struct ledger_reservation *record, enum ledger_state state,
                        uint64_t now_usec, enum ledger_reason reason, struct ledger_figures figures)
{
    record->state = state;
    record->reason = reason;
    record->figures = figures;
    record->changed_usec = now_usec;
}

/* The entry, if that owner may move it to that state; else NULL and the answer in *out. */
static struct ledger_entry *entry_for(const struct ledger *ledger, uint64_t id, const char *owner,
                                      enum ledger_state to, struct ledger_verdict *out)
{
    struct ledger_entry *entry = ledger_book_find(ledger, id);
    if (!entry) {
        fill_verdict(out, id, LEDGER_UNKNOWN, no_figures());
        return NULL;
    }
    if (owner && strcmp(entry->record.owner, owner) != 0) {
        fill_verdict(out, id, LEDGER_NOT_OWNER, no_figures());
        return NULL;
    }
    if (!ledger_state_allows(entry->record.state, to)) {
        fill_verdict(
            out, id, LEDGER_WRONG_STATE,
            (struct ledger_figures){.present_state = entry->record.state, .wanted_state = to});
        return NULL;
    }
    return entry;
}

static bool within_quota(const struct ledger *ledger, const struct ledger_request *request,
                         struct ledger_verdict *out)
{
    const struct ledger_quota *quota = request->quota;
    if (!quota || request->user == BALLAST_NONE)
        return true;
    struct ledger_user_sums has = ledger_sums_of_user(ledger, request->user);
    if (quota->reservations > 0 && has.reservations >= quota->reservations)
        fill_verdict(
            out, 0, LEDGER_QUOTA_RESERVATIONS,
            (struct ledger_figures){.open = has.reservations, .quota = quota->reservations});
    else if (quota->kib > 0 && ballast_add_ceil(has.kib, request->max_kib) > quota->kib)
        fill_verdict(out, 0, LEDGER_QUOTA_MEMORY,
                     (struct ledger_figures){.reserved_kib = has.kib, .quota_kib = quota->kib});
    else
        return true;
    return false;
}

static bool ask_allowed(const struct ledger *ledger, const struct ledger_request *request,
                        uint64_t now_usec, struct ledger_verdict *out)
{
    if (request->min_kib == 0 || request->min_kib > request->max_kib)
        fill_verdict(
            out, 0, LEDGER_BAD_SIZE,
            (struct ledger_figures){.min_kib = request->min_kib, .max_kib = request->max_kib});
    else if (request->max_kib > ledger->options.total_kib)
        fill_verdict(out, 0, LEDGER_CANNOT_FIT,
                     (struct ledger_figures){.needed_kib = request->max_kib,
                                             .possible_kib = ledger->options.total_kib});
    else if (request->deadline_usec <= now_usec)
        fill_verdict(out, 0, LEDGER_DEADLINE_OVER, missing_figures(request->min_kib));
    else if (ledger->sums.open >= ledger->options.max_open)
        fill_verdict(out, 0, LEDGER_TOO_MANY,
                     (struct ledger_figures){.open = ledger->sums.open,
                                             .most_open = ledger->options.max_open});
    else
        return within_quota(ledger, request, out);
    return false;
}

static struct ledger_reservation asked_record(const struct ledger *ledger,
                                              const struct ledger_request *request)
{
    struct ledger_reservation record = {
        .id = ledger->next_id,
        .user = request->user,
        .min_kib = request->min_kib,
        .max_kib = request->max_kib,
        .state = LEDGER_REQUESTED,
        .reason = LEDGER_OK,
        .figures = done_figures(request->min_kib, 0),
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
    record.node = request->node;
    return record;
}

/* Journals a new record and takes it in; the next id is used up by it. */
static int add_record(struct ledger *ledger, const struct ledger_reservation *record,
                      struct ballast_error *err)
{
    struct ledger_entry *entry;
    struct ledger_change change = {.after = record};
    int rc = ledger_book_entry(ledger, &entry, err);
    if (rc < 0)
        return rc;
    if ((rc = journal_changes(ledger, &change, 1, err)) < 0) {
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
    if (rc == 0 && (request->node > LEDGER_NODES || (request->pool && request->node > 0)))
        rc = ballast_fail(err, -EINVAL, "no such node, or a reservation for any guest has one");
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
    return rc < 0 ? rc : fill_verdict(out, record.id, LEDGER_OK, record.figures);
}

int ledger_keep_reboot(struct ledger *ledger, const struct ledger_keep *keep,
                       const struct ledger_domain *domain, uint64_t now_usec,
                       struct ledger_verdict *out, struct ballast_error *err)
{
    struct ledger_request request = {.owner = keep->owner,
                                     .name = keep->name,
                                     .uuid = keep->uuid,
                                     .user = BALLAST_NONE,
                                     .min_kib = keep->held_kib,
                                     .max_kib = keep->held_kib,
                                     .lease_usec = keep->lease_usec,
                                     .deadline_usec = BALLAST_NONE};
    int rc = check_request(ledger, &request, err);
    if (rc < 0 || (rc = begin_move(ledger, now_usec, err)) < 0)
        return rc;
    struct ledger_entry *other = ledger_book_find_domain(ledger, domain->domid, domain->uuid);
    if (other)
        return fill_verdict(out, 0, LEDGER_DOMAIN_TAKEN, taken_figures(other));
    if (!ask_allowed(ledger, &request, now_usec, out))
        return 0;
    struct ledger_reservation record = asked_record(ledger, &request);
    record.kind = LEDGER_REBOOT;
    record.granted_kib = record.used_kib = keep->held_kib;
    record.domid = domain->domid;
    memcpy(record.uuid, domain->uuid, LEDGER_UUID);
    enter_state(&record, LEDGER_BOUND, now_usec, LEDGER_OK, done_figures(keep->held_kib, 0));
    rc = add_record(ledger, &record, err);
    return rc < 0 ? rc : fill_verdict(out, record.id, LEDGER_OK, record.figures);
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
    enter_state(&next, LEDGER_RECLAIMING, now_usec, LEDGER_OK, done_figures(next.min_kib, 0));
    rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, id, LEDGER_OK, next.figures);
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

/* As if nothing were kept for its guest: what is, and has been returned, is available to it. */
static uint64_t available_beside(const struct ledger *ledger, const struct ledger_free *host,
                                 const struct ledger_reservation *kept)
{
    struct ledger_free beside = *host;
    if (kept)
        beside.drawn_kib = ballast_add_ceil(host->drawn_kib, ledger_book_reserved_kib(kept));
    return ledger_available_kib(ledger, &beside);
}

/* Both or none: what was kept is released, and the start has it. */
static int commit_grant(struct ledger *ledger, struct ledger_entry *entry,
                        const struct ledger_reservation *next,
                        const struct ledger_reservation *kept, struct ballast_error *err)
{
    if (!kept)
        return commit_record(ledger, entry, next, err);
    struct ledger_entry *from = ledger_book_find(ledger, kept->id);
    struct ledger_reservation released = *kept;
    enter_state(&released, LEDGER_RELEASED, ledger->now_usec, LEDGER_BY_OWNER,
                released_figures(ledger_book_reserved_kib(kept)));
    struct ledger_change changes[] = {{.before = kept, .after = &released},
                                      {.before = &entry->record, .after = next}};
    int rc = journal_changes(ledger, changes, 2, err);
    if (rc < 0)
        return rc;
    ledger_book_move(ledger, from, &released);
    ledger_book_move(ledger, entry, next);
    return 0;
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
    const struct ledger_reservation *kept = ledger_kept_for(ledger, &next);
    uint64_t available_kib = available_beside(ledger, host, kept);
    if (now_usec >= next.deadline_usec)
        return fill_verdict(out, id, LEDGER_DEADLINE_OVER,
                            missing_figures(ballast_sub_floor(next.min_kib, available_kib)));
    if (available_kib < next.min_kib)
        return fill_verdict(
            out, id, LEDGER_NOT_FREE,
            (struct ledger_figures){.needed_kib = next.min_kib, .available_kib = available_kib});
    next.granted_kib = size_within(&next, available_kib);
    enter_state(&next, LEDGER_GRANTED, now_usec, LEDGER_OK,
                done_figures(next.granted_kib, available_kib - next.granted_kib));
    rc = commit_grant(ledger, entry, &next, kept, err);
    return rc < 0 ? rc : fill_verdict(out, id, LEDGER_OK, next.figures);
}

int ledger_refuse(struct ledger *ledger, uint64_t id, enum ledger_reason why,
                  const struct ledger_figures *figures, uint64_t now_usec,
                  struct ledger_verdict *out, struct ballast_error *err)
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
    enter_state(&next, LEDGER_REFUSED, now_usec, why, *figures);
    rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, id, LEDGER_OK, *figures);
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
        return fill_verdict(out, id, LEDGER_OK, bound_figures(&entry->record));
    if (!(entry = entry_for(ledger, id, owner, LEDGER_BOUND, out)))
        return 0;
    struct ledger_reservation next = entry->record;
    if (now_usec >= ledger_book_due_usec(&next))
        return fill_verdict(out, id, LEDGER_LEASE_OVER, released_figures(next.granted_kib));
    struct ledger_entry *other = ledger_book_find_domain(ledger, domain->domid, domain->uuid);
    if (other)
        return fill_verdict(out, id, LEDGER_DOMAIN_TAKEN, taken_figures(other));
    next.kind = LEDGER_START;
    next.domid = domain->domid;
    memcpy(next.uuid, domain->uuid, LEDGER_UUID);
    next.base_kib = base_kib;
    next.used_kib = used_by(&next, held_kib);
    enter_state(&next, LEDGER_BOUND, now_usec, LEDGER_OK, bound_figures(&next));
    rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, id, LEDGER_OK, next.figures);
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
        return fill_verdict(out, 0, LEDGER_UNKNOWN, no_figures());
    struct ledger_reservation next = entry->record;
    next.used_kib = used_by(&next, held_kib);
    uint64_t left_kib = next.granted_kib - next.used_kib;
    if (!ledger_is_rebooting(&next) && (built || left_kib == 0))
        enter_state(&next, LEDGER_USED, now_usec, LEDGER_OK, done_figures(next.used_kib, left_kib));
    if (next.state != entry->record.state || next.used_kib != entry->record.used_kib)
        rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc
                  : fill_verdict(out, next.id, LEDGER_OK, done_figures(next.used_kib, left_kib));
}

static int release_entry(struct ledger *ledger, struct ledger_entry *entry, enum ledger_reason why,
                         struct ledger_verdict *out, struct ballast_error *err)
{
    struct ledger_reservation next = entry->record;
    uint64_t back_kib = ledger_book_reserved_kib(&next);
    enter_state(&next, LEDGER_RELEASED, ledger->now_usec, why, released_figures(back_kib));
    int rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, next.id, LEDGER_OK, done_figures(back_kib, 0));
}

/* It is for the domain that comes after the one that it was bound to. */
static void unbind_record(struct ledger_reservation *record)
{
    record->older_domid = record->domid;
    record->domid = 0;
    memset(record->uuid, 0, LEDGER_UUID);
    record->used_kib = 0;
    record->base_kib = 0;
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
    unbind_record(&next);
    enter_state(&next, LEDGER_GRANTED, ledger->now_usec, LEDGER_OK,
                done_figures(next.granted_kib, 0));
    int rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, next.id, LEDGER_OK, done_figures(next.granted_kib, 0));
}

static bool can_pay_for(const struct ledger_reservation *record, uint32_t domid, uint64_t now_usec)
{
    return ledger_is_pool(record) && domid > record->older_domid &&
           now_usec < ledger_book_due_usec(record);
}

/* What pools pay for a domain: all but the last are used up by it. */
struct payment {
    struct ledger_entry **pools; /* the oldest first */
    struct ledger_reservation *next;
    struct ledger_change *changes;
    size_t count;
    struct ledger_entry *part; /* the last one's, where something is left of that */
    struct ledger_reservation part_record;
    uint64_t paid_kib;
};

static void use_by_domain(struct ledger_reservation *record, const struct ledger_domain *domain,
                          uint64_t now_usec)
{
    record->used_kib = record->granted_kib;
    record->domid = domain->domid;
    memcpy(record->uuid, domain->uuid, LEDGER_UUID);
    enter_state(record, LEDGER_USED, now_usec, LEDGER_OK, done_figures(record->used_kib, 0));
}

/* Its owner's range ends at what is left of it. */
static int split_pool(struct ledger *ledger, struct payment *payment,
                      struct ledger_reservation *rest, uint64_t kib,
                      const struct ledger_domain *domain, struct ballast_error *err)
{
    struct ledger_reservation *part = &payment->part_record;
    if (ledger->next_id > LEDGER_MOST_ID)
        return ballast_fail(err, -EOVERFLOW, "the ledger has no ids left");
    *part = *rest;
    part->id = ledger->next_id;
    part->min_kib = part->max_kib = part->granted_kib = kib;
    part->requested_usec = ledger->now_usec;
    part->deadline_usec = BALLAST_NONE;
    use_by_domain(part, domain, ledger->now_usec);
    rest->granted_kib -= kib;
    rest->min_kib = ballast_min_u64(rest->min_kib, rest->granted_kib);
    return ledger_book_entry(ledger, &payment->part, err);
}

static int pay_from(struct ledger *ledger, struct payment *payment, struct ledger_entry *pool,
                    const struct ledger_domain *domain, uint64_t most_kib,
                    struct ballast_error *err)
{
    int rc = 0;
    uint64_t kib = ballast_min_u64(most_kib, pool->record.granted_kib);
    struct ledger_reservation *next = &payment->next[payment->count];
    *next = pool->record;
    if (kib == pool->record.granted_kib)
        use_by_domain(next, domain, ledger->now_usec);
    else
        rc = split_pool(ledger, payment, next, kib, domain, err);
    payment->pools[payment->count] = pool;
    payment->changes[payment->count++] =
        (struct ledger_change){.before = &pool->record, .after = next};
    payment->paid_kib += kib;
    return rc;
}

static int commit_payment(struct ledger *ledger, struct payment *payment, struct ballast_error *err)
{
    size_t count = payment->count;
    if (payment->part)
        payment->changes[count++] = (struct ledger_change){.after = &payment->part_record};
    int rc = journal_changes(ledger, payment->changes, count, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < payment->count; i++)
        ledger_book_move(ledger, payment->pools[i], &payment->next[i]);
    if (payment->part) {
        ledger_book_add(ledger, payment->part, &payment->part_record);
        ledger->next_id++;
        payment->part = NULL;
        ledger_book_trim(ledger);
    }
    return 0;
}

static int make_payment_room(struct payment *payment, size_t pools, struct ballast_error *err)
{
    payment->pools = calloc(pools, sizeof(struct ledger_entry *));
    payment->next = calloc(pools, sizeof(*payment->next));
    payment->changes = calloc(pools + 1, sizeof(*payment->changes));
    return payment->pools && payment->next && payment->changes
               ? 0
               : ballast_fail(err, -ENOMEM, "out of memory");
}

static void free_payment(struct payment *payment)
{
    free(payment->pools);
    free(payment->next);
    free(payment->changes);
    free(payment->part);
}

int ledger_pay(struct ledger *ledger, const struct ledger_domain *domain, uint64_t kib,
               uint64_t now_usec, struct ledger_verdict *out, struct ballast_error *err)
{
    struct payment payment = {.count = 0};
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    if (ledger->sums.pools == 0 || ledger_had_domain(ledger, domain))
        return fill_verdict(out, 0, LEDGER_OK, done_figures(0, kib));
    rc = make_payment_room(&payment, ledger->sums.pools, err);
    struct ledger_entry *entry = ledger->first;
    for (; entry && rc == 0 && payment.paid_kib < kib; entry = entry->next) {
        if (can_pay_for(&entry->record, domain->domid, now_usec))
            rc = pay_from(ledger, &payment, entry, domain, kib - payment.paid_kib, err);
    }
    uint64_t id = payment.count > 0 ? payment.pools[0]->record.id : 0;
    if (rc == 0 && payment.count > 0)
        rc = commit_payment(ledger, &payment, err);
    free_payment(&payment);
    return rc < 0 ? rc
                  : fill_verdict(out, id, LEDGER_OK,
                                 done_figures(payment.paid_kib, kib - payment.paid_kib));
}

int ledger_settle_pools(struct ledger *ledger, uint32_t domid, uint64_t now_usec,
                        struct ballast_error *err)
{
    size_t left = ledger->sums.pools;
    int rc = begin_move(ledger, now_usec, err);
    for (struct ledger_entry *entry = ledger->last; entry && left > 0 && rc == 0;
         entry = entry->prev) {
        struct ledger_reservation next = entry->record;
        if (!ledger_is_pool(&next))
            continue;
        left--;
        next.older_domid = domid;
        if (entry->record.older_domid < domid)
            rc = commit_record(ledger, entry, &next, err);
    }
    return rc;
}

int ledger_domain_gone(struct ledger *ledger, const struct ledger_domain *domain, uint64_t now_usec,
                       struct ledger_verdict *out, struct ballast_error *err)
{
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = ledger_book_find_domain(ledger, domain->domid, domain->uuid);
    if (!entry)
        return fill_verdict(out, 0, LEDGER_UNKNOWN, no_figures());
    return ledger_is_rebooting(&entry->record)
               ? grant_reboot(ledger, entry, out, err)
               : release_entry(ledger, entry, LEDGER_DOMAIN_GONE, out, err);
}

int ledger_grant_again(struct ledger *ledger, const struct ledger_domain *domain,
                       const struct ledger_free *host, uint64_t now_usec,
                       struct ledger_verdict *out, struct ballast_error *err)
{
    int rc = begin_move(ledger, now_usec, err);
    if (rc < 0)
        return rc;
    struct ledger_entry *entry = ledger_book_find_domain(ledger, domain->domid, domain->uuid);
    uint64_t available_kib = ledger_available_kib(ledger, host);
    if (!entry)
        return fill_verdict(out, 0, LEDGER_UNKNOWN, no_figures());
    if (ledger_is_rebooting(&entry->record) || entry->record.used_kib > available_kib)
        return ledger_domain_gone(ledger, domain, now_usec, out, err);
    struct ledger_reservation next = entry->record;
    available_kib -= next.used_kib;
    unbind_record(&next);
    next.deadline_usec = BALLAST_NONE; /* which its request met */
    enter_state(&next, LEDGER_GRANTED, now_usec, LEDGER_OK,
                done_figures(next.granted_kib, available_kib));
    rc = commit_record(ledger, entry, &next, err);
    return rc < 0 ? rc : fill_verdict(out, next.id, LEDGER_OK, next.figures);
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
    enter_state(&next, LEDGER_REFUSED, ledger->now_usec, LEDGER_DEADLINE_OVER,
                missing_figures(next.min_kib));
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
