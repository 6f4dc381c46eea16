/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/tick/arrivals.h"
#include "app/tick/ids.h"
#include "app/tick/kept.h"
#include "app/tick/laws.h"
#include "core/base/array.h"
#include "core/base/error.h"
#include "core/base/units.h"

struct tick_ledger {
    struct ledger *ledger;
    struct balancer_request *requests;
    size_t request_capacity;
    uint64_t *ids; /* bound ones, sampled in tick_ledger_see() */
    size_t id_capacity;
    uint64_t available_kib; /* when the host was seen last */
    tick_uuid_fn *uuid_of;  /* of the domains of the last snapshot; NULL: none was seen yet */
    struct match match;
    uint64_t kept_kib;
    uint64_t reboot_usec;           /* how long what reboots is kept; 0: it is not */
    const struct tick_dying *dying; /* beside the snapshot */
    size_t dying_count;
    struct arrivals arrivals;
    tick_unreserved_fn *unreserved;
    void *unreserved_context;
    struct ids followed; /* reservations whose start comes at once: each is for that one */
    struct ids awaiting; /* bound as their domain appeared, not by a request to bind */
};

struct tick_ledger *tick_ledger_new(struct ledger *ledger)
{
    struct tick_ledger *book = calloc(1, sizeof(*book));
    if (book)
        book->ledger = ledger;
    return book;
}

void tick_ledger_free(struct tick_ledger *book)
{
    if (!book)
        return;
    free(book->requests);
    free(book->ids);
    match_free(&book->match);
    arrivals_free(&book->arrivals);
    ids_free(&book->followed);
    ids_free(&book->awaiting);
    free(book);
}

void tick_ledger_keep(struct tick_ledger *book, uint64_t kept_kib)
{
    book->kept_kib = kept_kib;
}

void tick_ledger_keep_reboots(struct tick_ledger *book, uint64_t usec)
{
    book->reboot_usec = usec;
}

void tick_ledger_dying(struct tick_ledger *book, const struct tick_dying *dying, size_t count)
{
    book->dying = dying;
    book->dying_count = count;
}

void tick_ledger_on_unreserved(struct tick_ledger *book, tick_unreserved_fn *call, void *context)
{
    book->unreserved = call;
    book->unreserved_context = context;
}

void tick_ledger_start_follows(struct tick_ledger *book, uint64_t id)
{
    ids_add(&book->followed, id);
}

static bool is_open_request(const struct ledger_reservation *reservation)
{
    return reservation->state == LEDGER_REQUESTED || reservation->state == LEDGER_RECLAIMING;
}

static int make_request_room(struct tick_ledger *book, struct ballast_error *err)
{
    size_t open = ledger_sums(book->ledger).open;
    if (array_reserve(&book->requests, &book->request_capacity, open, sizeof(*book->requests)))
        return 0;
    return ballast_fail(err, -ENOMEM, "out of memory");
}

/*
 * What its guest held before it shut down to reboot is its own, returned already or not: only what
 * it needs beyond that is asked for.
 */
static uint64_t kept_kib_for(const struct tick_ledger *book,
                             const struct ledger_reservation *record)
{
    const struct ledger_reservation *kept = ledger_kept_for(book->ledger, record);
    return kept ? kept->granted_kib : 0;
}

/*
 * A request for a range should get as much of it as is free: so much is gathered for it, and others
 * do not get it. No domain is asked to free more than the minimum.
 */
static void widen_book(struct tick_ledger *book, size_t count)
{
    uint64_t left_kib = book->available_kib;
    for (size_t i = 0; i < count; i++) {
        struct balancer_request *request = &book->requests[i];
        const struct ledger_reservation *record = ledger_find(book->ledger, request->id);
        uint64_t max_kib = ballast_sub_floor(record->max_kib, kept_kib_for(book, record));
        request->need_kib = ballast_min_u64(max_kib, ballast_max_u64(request->need_kib, left_kib));
        left_kib = ballast_sub_floor(left_kib, request->need_kib);
    }
}

static int tick_ledger_waiting(void *arg, const struct balancer_request **out, size_t *count,
                               struct ballast_error *err)
{
    struct tick_ledger *book = arg;
    int rc = make_request_room(book, err);
    if (rc < 0)
        return rc;
    /* Those that wait are mostly among the newest: a long ledger of granted ones is not walked. */
    const struct ledger_reservation *at = NULL;
    struct ledger_sums sums = ledger_sums(book->ledger);
    size_t left = sums.in_state[LEDGER_REQUESTED] + sums.in_state[LEDGER_RECLAIMING];
    *count = left;
    while (left > 0 && (at = ledger_previous(book->ledger, at))) {
        if (!is_open_request(at))
            continue;
        book->requests[--left] = (struct balancer_request){
            .id = at->id,
            .need_kib = ballast_sub_floor(at->min_kib, kept_kib_for(book, at)),
            .arrived_usec = at->requested_usec,
            .deadline_usec = at->deadline_usec,
        };
    }
    widen_book(book, *count);
    *out = book->requests;
    return 0;
}

/* The part of the reservations that the host shows already. */
struct drawn {
    uint64_t taken_kib; /* by the domains that it is for, beyond what the ledger has as used */
    uint64_t shown_kib; /* and not taken: as still to be built */
    /* By domains that reboot, beyond what the ledger knows: reserved for the next domain. */
    uint64_t returned_kib;
};

/*
 * What the domain that it is bound to still has of it. By its id alone: a toolstack that keeps it
 * after its reboot gives it another uuid (xl's rename-restart), and it holds its pages all the
 * same.
 */
static uint64_t held_by_rebooting(const struct tick_ledger *book, const struct ballast_host *host,
                                  const struct ledger_reservation *record)
{
    const struct ballast_domain *domain =
        ballast_domain_find(host->domains, host->domain_count, record->domid);
    if (domain)
        return ballast_add_ceil(domain->tot_kib, domain->overhead_kib);
    for (size_t i = 0; i < book->dying_count; i++) {
        if (book->dying[i].domid == record->domid)
            return book->dying[i].held_kib;
    }
    return 0;
}

static uint64_t returned_by_reboots(const struct tick_ledger *book, const struct ballast_host *host)
{
    const struct ledger_reservation *at = NULL;
    size_t left = ledger_sums(book->ledger).rebooting;
    uint64_t kib = 0;
    while (left > 0 && (at = ledger_previous(book->ledger, at))) {
        if (!ledger_is_rebooting(at))
            continue;
        left--;
        /* A snapshot from before it says nothing. */
        if (host->now_usec >= at->changed_usec)
            kib += ballast_sub_floor(at->used_kib, held_by_rebooting(book, host, at));
    }
    return kib;
}

/* What the pools hold that were granted before this domain came; 0: none pays for it. */
static uint64_t pools_for_kib(const struct tick_ledger *book, const struct ballast_host *host,
                              uint32_t domid)
{
    const struct ledger_reservation *at = NULL;
    size_t left = ledger_sums(book->ledger).pools;
    uint64_t kib = 0;
    while (left > 0 && (at = ledger_previous(book->ledger, at))) {
        if (!ledger_is_pool(at))
            continue;
        left--;
        if (domid > at->older_domid && host->now_usec >= at->changed_usec)
            kib += at->granted_kib;
    }
    return kib;
}

/*
 * A domain that the pool pays for. The ledger knows those that have been paid for, so what came
 * while the daemon did not run is found as well.
 */
static bool draws_from_pool(const struct tick_ledger *book, const struct ballast_host *host,
                            const struct ballast_domain *domain)
{
    struct ledger_domain life = {.domid = domain->id};
    if (domain->is_dom0 || !book->uuid_of || pools_for_kib(book, host, domain->id) == 0)
        return false;
    book->uuid_of(domain->id, life.uuid);
    return !ledger_had_domain(book->ledger, &life);
}

/*
 * Numbers rise, so those before it draw from no pool that this one does not draw from. Where they
 * do not, less is drawn, which is the safe side.
 */
static void draw_from_pools(const struct tick_ledger *book, const struct ballast_host *host,
                            const struct ballast_domain *domain, uint64_t held_kib,
                            struct drawn *pool)
{
    uint64_t most_kib = pools_for_kib(book, host, domain->id);
    pool->taken_kib += ballast_min_u64(held_kib, ballast_sub_floor(most_kib, pool->taken_kib));
    pool->shown_kib = ballast_min_u64(ballast_add_ceil(pool->shown_kib, domain->build_left_kib),
                                      ballast_sub_floor(most_kib, pool->taken_kib));
}

/*
 * The one place where reservations and a snapshot meet. Whatever moves between the last change of
 * the ledger and the snapshot: a page that a domain has taken is no longer reserved, and one that
 * it is still to take is shown as its build, not beside it.
 */
static struct drawn drawn_of(struct tick_ledger *book, const struct ballast_host *host)
{
    struct drawn drawn = {.returned_kib = returned_by_reboots(book, host)};
    struct drawn pool = {0};
    match_begin(&book->match, book->ledger, book->uuid_of);
    if (ledger_sums(book->ledger).reserved_kib == 0)
        return drawn;
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        const struct ledger_reservation *from = match_domain(&book->match, host, domain);
        uint64_t held_kib = ballast_add_ceil(domain->tot_kib, domain->overhead_kib);
        if (!from && draws_from_pool(book, host, domain))
            draw_from_pools(book, host, domain, held_kib, &pool);
        if (!from)
            continue;
        uint64_t taken_kib = ballast_sub_floor(held_kib, from->base_kib);
        taken_kib = ballast_max_u64(from->used_kib, ballast_min_u64(from->granted_kib, taken_kib));
        drawn.taken_kib += taken_kib - from->used_kib;
        drawn.shown_kib += ballast_min_u64(from->granted_kib - taken_kib, domain->build_left_kib);
    }
    drawn.taken_kib += pool.taken_kib;
    drawn.shown_kib += pool.shown_kib;
    return drawn;
}

uint64_t tick_ledger_reserved_kib(struct tick_ledger *book, const struct ballast_host *host)
{
    struct drawn drawn = drawn_of(book, host);
    return ledger_sums(book->ledger).reserved_kib - drawn.taken_kib + drawn.returned_kib;
}

uint64_t tick_ledger_unseen_kib(struct tick_ledger *book, const struct ballast_host *host)
{
    struct drawn drawn = drawn_of(book, host);
    return ledger_sums(book->ledger).reserved_kib - drawn.taken_kib - drawn.shown_kib +
           drawn.returned_kib;
}

/* Xen shows how large a domain is to be some time after it has been created. */
static bool has_unknown_size(const struct ballast_domain *domain)
{
    return domain->state == BALLAST_DOMAIN_BUILD && domain->build_left_kib == 0;
}

/* What domains of the snapshot draw from pools; it is a pass of the match, too. */
static uint64_t drawn_from_pools(struct tick_ledger *book, const struct ballast_host *host)
{
    struct drawn pool = {0};
    bool unknown = false;
    match_begin(&book->match, book->ledger, book->uuid_of);
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        const struct ledger_reservation *from = match_domain(&book->match, host, domain);
        uint64_t held_kib = ballast_add_ceil(domain->tot_kib, domain->overhead_kib);
        if (from || !draws_from_pool(book, host, domain))
            continue;
        unknown |= has_unknown_size(domain);
        draw_from_pools(book, host, domain, held_kib, &pool);
    }
    return unknown ? BALLAST_NONE : pool.taken_kib + pool.shown_kib;
}

void tick_ledger_awaited(struct tick_ledger *book, const struct ballast_host *host,
                         const struct tick_awaiting *awaiting)
{
    const struct ledger_reservation *at = NULL;
    size_t left = ledger_sums(book->ledger).in_state[LEDGER_GRANTED];
    uint64_t pool_kib = 0;
    if (left == 0)
        return;
    uint64_t drawn_kib = drawn_from_pools(book, host);
    while (left > 0 && (at = ledger_previous(book->ledger, at))) {
        if (at->state != LEDGER_GRANTED)
            continue;
        left--;
        if (at->kind == LEDGER_REBOOT || match_is_given(&book->match, at->id) ||
            awaiting->leaves_out(awaiting->context, at))
            continue;
        if (at->kind == LEDGER_POOL)
            pool_kib += at->granted_kib;
        else
            awaiting->awaits(awaiting->context, at->id, at->granted_kib);
    }
    if (pool_kib > drawn_kib)
        awaiting->awaits(awaiting->context, 0, pool_kib - drawn_kib);
}

static uint64_t count_unseen_kib(void *arg, const struct ballast_host *host)
{
    return tick_ledger_unseen_kib(arg, host);
}

struct ledger_free tick_ledger_free_of(struct tick_ledger *book, const struct ballast_host *host)
{
    uint64_t building_kib = 0;
    for (size_t i = 0; i < host->domain_count; i++)
        building_kib = ballast_add_ceil(building_kib, host->domains[i].build_left_kib);
    uint64_t taken_kib = ballast_max_u64(building_kib, host->claimed_kib);
    struct drawn drawn = drawn_of(book, host);
    return (struct ledger_free){
        .free_kib = host->free_kib,
        .slack_kib = ballast_min_u64(host->slack_kib, host->free_kib),
        .foreign_kib =
            ballast_add_ceil(ballast_sub_floor(taken_kib, drawn.shown_kib), drawn.returned_kib),
        .drawn_kib = drawn.taken_kib,
    };
}

/*
 * The ledger's clock: a snapshot may be older than the last transition, which then has happened
 * all the same.
 */
static uint64_t ledger_time(const struct tick_ledger *book, const struct ballast_host *host)
{
    return ballast_max_u64(host->now_usec, ledger_now_usec(book->ledger));
}

static enum ledger_reason reason_of(enum balancer_reason reason)
{
    switch ((int)reason) {
    case BALANCER_NEVER_FITS:
        return LEDGER_CANNOT_FIT;
    case BALANCER_TOO_LATE:
        return LEDGER_DEADLINE_OVER;
    default:
        return LEDGER_DONORS_STUCK;
    }
}

static struct ledger_figures figures_of(const struct balancer_verdict *verdict)
{
    const struct balancer_figures *figures = &verdict->figures;
    return (struct ledger_figures){.needed_kib = figures->needed_kib,
                                   .possible_kib = figures->possible_kib,
                                   .missing_kib = figures->missing_kib};
}

/*
 * A range is granted what is free now, less what guests can still take within their maxima: the
 * tick has ensured that for the minimum of the range only.
 */
static struct ledger_free free_for(struct tick_ledger *book, const struct ballast_host *host,
                                   uint64_t min_kib)
{
    struct ledger_free free_now = tick_ledger_free_of(book, host);
    uint64_t room_kib = tick_sums_of(host, 0).room_kib;
    uint64_t beyond_kib = ballast_sub_floor(ledger_available_kib(book->ledger, &free_now), min_kib);
    free_now.foreign_kib += ballast_min_u64(room_kib, beyond_kib);
    return free_now;
}

/* What has its name already is not what it is for. */
static void note_older(struct tick_ledger *book, const struct ballast_host *host, uint64_t id)
{
    const struct ledger_reservation *record = ledger_find(book->ledger, id);
    if (record)
        ledger_note_older(book->ledger, id, match_newest(host, book->uuid_of, record));
}

/* Whether the domain that this was kept for is there, and takes of it: seen next time, it is bound.
 */
static bool is_drawn_from(struct tick_ledger *book, const struct ballast_host *host,
                          const struct ledger_reservation *kept)
{
    match_begin(&book->match, book->ledger, book->uuid_of);
    for (size_t i = 0; i < host->domain_count; i++) {
        if (match_domain(&book->match, host, &host->domains[i]) == kept)
            return kept->state == LEDGER_GRANTED;
    }
    return false;
}

static int grant_request(struct tick_ledger *book, const struct ballast_host *host,
                         const struct balancer_verdict *verdict, struct ledger_verdict *answer,
                         struct ballast_error *err)
{
    const struct ledger_reservation *record = ledger_find(book->ledger, verdict->request);
    const struct ledger_reservation *kept = record ? ledger_kept_for(book->ledger, record) : NULL;
    if (kept && is_drawn_from(book, host, kept))
        return ballast_fail(err, -EAGAIN, "a domain of this guest has come: the request waits");
    struct ledger_free free_now = free_for(book, host, verdict->figures.needed_kib);
    note_older(book, host, verdict->request);
    return ledger_grant(book->ledger, verdict->request, &free_now, ledger_time(book, host), answer,
                        err);
}

static int tick_ledger_answer(void *arg, const struct ballast_host *host,
                              const struct balancer_verdict *verdict, struct ballast_error *err)
{
    struct tick_ledger *book = arg;
    struct ledger_verdict answer;
    int rc;
    if (verdict->granted) {
        rc = grant_request(book, host, verdict, &answer, err);
    } else {
        struct ledger_figures figures = figures_of(verdict);
        const struct ledger_reservation *record = ledger_find(book->ledger, verdict->request);
        uint64_t kept_kib =
            record && verdict->reason == BALANCER_NEVER_FITS ? kept_kib_for(book, record) : 0;
        figures.needed_kib += kept_kib;
        figures.possible_kib += kept_kib;
        rc = ledger_refuse(book->ledger, verdict->request, reason_of(verdict->reason), &figures,
                           ledger_time(book, host), &answer, err);
    }
    if (rc < 0)
        return rc;
    if (answer.reason == LEDGER_OK)
        return 0;
    char text[256];
    ledger_reason_text(answer.reason, &answer.figures, text, sizeof(text));
    return ballast_fail(err, -EAGAIN, "%s", text);
}

struct tick_book tick_ledger_book(struct tick_ledger *book)
{
    return (struct tick_book){.book = book,
                              .waiting = tick_ledger_waiting,
                              .reserved_kib = count_unseen_kib,
                              .answer = tick_ledger_answer};
}

/*
 * One whose pages others have mapped may never be quite gone, and one may be renamed meanwhile: it
 * is kept once all the same.
 */
static bool was_kept(const struct tick_ledger *book, const struct ledger_domain *life)
{
    const struct ledger_reservation *at = NULL;
    while ((at = ledger_previous(book->ledger, at))) {
        bool before_it = at->older_domid == life->domid ||
                         (at->kind == LEDGER_REBOOT && at->domid == life->domid);
        bool same =
            ledger_state_is_open(at->state) || memcmp(at->guest_uuid, life->uuid, LEDGER_UUID) == 0;
        if (before_it && same && strcmp(at->owner, TICK_REBOOT_OWNER) == 0)
            return true;
    }
    return false;
}

/* Its toolstack has reserved for the next domain of that guest already. */
static bool is_reserved_for(const struct tick_ledger *book, const struct ledger_domain *life,
                            const char *name)
{
    const struct ledger_reservation *at = NULL;
    while ((at = ledger_next_for_uuid(book->ledger, life->uuid, at))) {
        if (at->kind == LEDGER_START)
            return true;
    }
    while (*name && (at = ledger_next_for_name(book->ledger, name, at))) {
        if (at->kind == LEDGER_START)
            return true;
    }
    return false;
}

/* Durable before its domain is gone, as far as it is seen before. */
static int keep_one(struct tick_ledger *book, const struct ledger_domain *life, const char *name,
                    uint64_t held_kib, uint64_t now_usec, struct ballast_error *err)
{
    char shortened[LEDGER_OWNER];
    struct ledger_verdict verdict;
    match_name(name, shortened);
    struct ledger_keep keep = {.owner = TICK_REBOOT_OWNER,
                               .name = shortened,
                               .uuid = life->uuid,
                               .held_kib = held_kib,
                               .lease_usec = book->reboot_usec};
    if (held_kib == 0 || ledger_find_domain(book->ledger, life) ||
        is_reserved_for(book, life, shortened) || was_kept(book, life))
        return 0;
    return ledger_keep_reboot(book->ledger, &keep, life, now_usec, &verdict, err);
}

static int keep_dying_reboots(struct tick_ledger *book, uint64_t now_usec,
                              struct ballast_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < book->dying_count && rc == 0; i++) {
        const struct tick_dying *dying = &book->dying[i];
        struct ledger_domain life = {.domid = dying->domid};
        memcpy(life.uuid, dying->uuid, LEDGER_UUID);
        if (dying->reboots)
            rc = keep_one(book, &life, dying->name, dying->held_kib, now_usec, err);
    }
    return rc;
}

static int keep_reboots(struct tick_ledger *book, const struct ballast_host *host,
                        struct ballast_error *err)
{
    if (book->reboot_usec == 0)
        return 0;
    int rc = keep_dying_reboots(book, ledger_time(book, host), err);
    for (size_t i = 0; i < host->domain_count && rc == 0; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct ledger_domain life = {.domid = domain->id};
        if (!domain->reboots || domain->is_dom0)
            continue;
        book->uuid_of(domain->id, life.uuid);
        rc = keep_one(book, &life, domain->name,
                      ballast_add_ceil(domain->tot_kib, domain->overhead_kib),
                      ledger_time(book, host), err);
    }
    return rc;
}

/* What a rebooting domain holds is awaited until the next one is there, and no longer than a lease.
 */
static int see_rebooting(struct tick_ledger *book, const struct ledger_reservation *bound,
                         const struct ledger_domain *life, const struct ballast_host *host,
                         struct ballast_error *err)
{
    struct ledger_verdict verdict;
    uint64_t held_kib = held_by_rebooting(book, host, bound);
    uint64_t now_usec = ledger_time(book, host);
    int rc = ledger_hold(book->ledger, life, held_kib, false, now_usec, &verdict, err);
    bool awaited = held_kib > 0 && match_newest(host, book->uuid_of, bound) <= bound->domid &&
                   now_usec < ballast_add_ceil(bound->changed_usec, bound->lease_usec);
    return rc < 0 || awaited ? rc : ledger_domain_gone(book->ledger, life, now_usec, &verdict, err);
}

/*
 * The domain is gone before it was built: its start failed. A reservation that was bound as the
 * domain appeared is granted again, for the next try. One whose start followed at once ends, since
 * that start asks again; so does one that a client bound.
 */
static int see_failed(struct tick_ledger *book, const struct ledger_reservation *bound,
                      const struct ledger_domain *life, const struct ballast_host *host,
                      struct ballast_error *err)
{
    struct ledger_verdict verdict;
    uint64_t now_usec = ledger_time(book, host);
    bool again = ids_have(&book->awaiting, bound->id) && !ids_have(&book->followed, bound->id);
    ids_remove(&book->awaiting, bound->id);
    if (!again)
        return ledger_domain_gone(book->ledger, life, now_usec, &verdict, err);
    struct ledger_free beside = tick_ledger_free_of(book, host);
    return ledger_grant_again(book->ledger, life, &beside, now_usec, &verdict, err);
}

static int see_bound(struct tick_ledger *book, const struct ledger_reservation *bound,
                     const struct ballast_host *host, struct ballast_error *err)
{
    struct ledger_verdict verdict;
    struct ledger_domain life = {.domid = bound->domid};
    uint64_t now_usec = ledger_time(book, host);
    /* It was bound after this snapshot was taken: not to be seen in it does not mean gone. */
    if (host->now_usec < bound->changed_usec)
        return 0;
    memcpy(life.uuid, bound->uuid, sizeof(life.uuid));
    uint8_t uuid[LEDGER_UUID];
    book->uuid_of(bound->domid, uuid);
    const struct ballast_domain *domain =
        ballast_domain_find(host->domains, host->domain_count, bound->domid);
    if (!domain || memcmp(uuid, bound->uuid, sizeof(uuid)) != 0)
        return bound->kind == LEDGER_REBOOT ? see_rebooting(book, bound, &life, host, err)
                                            : see_failed(book, bound, &life, host, err);
    return ledger_hold(book->ledger, &life, ballast_add_ceil(domain->tot_kib, domain->overhead_kib),
                       domain->state != BALLAST_DOMAIN_BUILD, now_usec, &verdict, err);
}

/* Transitions end the pointers of ledger_next(): the ids are taken down first. */
static int note_bound(struct tick_ledger *book, size_t *count, struct ballast_error *err)
{
    const struct ledger_reservation *at = NULL;
    size_t open = ledger_sums(book->ledger).open;
    if (!array_reserve(&book->ids, &book->id_capacity, open, sizeof(*book->ids)))
        return ballast_fail(err, -ENOMEM, "out of memory");
    size_t left = ledger_sums(book->ledger).in_state[LEDGER_BOUND];
    *count = 0;
    while (*count < left && (at = ledger_previous(book->ledger, at))) {
        if (at->state == LEDGER_BOUND)
            book->ids[(*count)++] = at->id;
    }
    return 0;
}

/*
 * An expected domain is bound by whatever part of the program sees it first. What cannot be written
 * now counts all the same, see drawn_of(), and is tried again.
 */
static int bind_arrivals(struct tick_ledger *book, const struct ballast_host *host,
                         struct ballast_error *err)
{
    int rc = 0;
    match_begin(&book->match, book->ledger, book->uuid_of);
    for (size_t i = 0; i < host->domain_count && rc == 0; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        const struct ledger_reservation *from = match_domain(&book->match, host, domain);
        struct ledger_domain life = {.domid = domain->id};
        struct ledger_verdict verdict;
        if (!from || from->state != LEDGER_GRANTED)
            continue;
        uint64_t id = from->id;
        bool awaits = from->kind == LEDGER_START;
        book->uuid_of(domain->id, life.uuid);
        rc = ledger_bind(book->ledger, id, NULL, &life, 0,
                         ballast_add_ceil(domain->tot_kib, domain->overhead_kib),
                         ledger_time(book, host), &verdict, err);
        if (rc == 0 && verdict.reason == LEDGER_OK && awaits)
            ids_add(&book->awaiting, id);
    }
    return rc;
}

static void forget_closed(const struct tick_ledger *book, struct ids *ids)
{
    for (size_t i = ids->count; i-- > 0;) {
        const struct ledger_reservation *record = ledger_find(book->ledger, ids->at[i]);
        if (!record || !ledger_state_is_open(record->state))
            ids_remove(ids, ids->at[i]);
    }
}

static int see_all_bound(struct tick_ledger *book, const struct ballast_host *host,
                         struct ballast_error *err)
{
    size_t count = 0;
    int rc = note_bound(book, &count, err);
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct ledger_reservation bound = *ledger_find(book->ledger, book->ids[i]);
        rc = see_bound(book, &bound, host, err);
    }
    forget_closed(book, &book->awaiting);
    forget_closed(book, &book->followed);
    return rc;
}

/*
 * Once it is built: until then it may be bound. What cannot be written now counts as paid all the
 * same, see drawn_of(), and is tried again.
 */
static void pay_built(struct tick_ledger *book, const struct ballast_host *host)
{
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct ledger_domain life = {.domid = domain->id};
        struct ledger_verdict paid;
        if (domain->state == BALLAST_DOMAIN_BUILD || !draws_from_pool(book, host, domain))
            continue;
        book->uuid_of(domain->id, life.uuid);
        uint64_t held_kib = ballast_add_ceil(domain->tot_kib, domain->overhead_kib);
        (void)ledger_pay(book->ledger, &life, held_kib, ledger_time(book, host), &paid, NULL);
    }
}

/*
 * The ledger keeps so many closed reservations only: a domain that has been paid for is told from
 * one that has not by its number once all before it have been. A snapshot from before the grant
 * does not show who came before that.
 */
static void settle_pools(struct tick_ledger *book, const struct ballast_host *host)
{
    uint32_t newest = 0;
    uint32_t unsettled = UINT32_MAX;
    if (ledger_sums(book->ledger).pools == 0 || host->now_usec < ledger_now_usec(book->ledger))
        return;
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        if (domain->id > newest)
            newest = domain->id;
        if (domain->id < unsettled && draws_from_pool(book, host, domain))
            unsettled = domain->id;
    }
    if (unsettled <= newest)
        newest = unsettled - 1;
    (void)ledger_settle_pools(book->ledger, newest, ledger_time(book, host), NULL);
}

static void account_arrival(struct tick_ledger *book, const struct ballast_host *host,
                            const struct ballast_domain *domain)
{
    struct arrival *arrival = arrivals_find(&book->arrivals, domain->id);
    struct ledger_domain life = {.domid = domain->id};
    /* One that is still to be paid for is not without a reservation. */
    if (!arrival || domain->state == BALLAST_DOMAIN_BUILD || draws_from_pool(book, host, domain))
        return;
    book->uuid_of(domain->id, life.uuid);
    if (book->unreserved && !ledger_had_domain(book->ledger, &life))
        book->unreserved(book->unreserved_context, domain);
    arrivals_remove(&book->arrivals, arrival);
}

static void note_arrivals(struct tick_ledger *book, const struct ballast_host *host)
{
    arrivals_see(&book->arrivals, host);
    for (size_t i = 0; i < host->domain_count; i++)
        account_arrival(book, host, &host->domains[i]);
}

int tick_ledger_see(struct tick_ledger *book, const struct ballast_host *host,
                    tick_uuid_fn *uuid_of, struct ballast_error *err)
{
    size_t rebooting = ledger_sums(book->ledger).rebooting;
    book->uuid_of = uuid_of;
    int rc = bind_arrivals(book, host, err);
    if (rc == 0)
        rc = keep_reboots(book, host, err);
    if (rc == 0)
        rc = see_all_bound(book, host, err);
    /* What was kept for the next domain is granted now, and that may be there already. */
    if (rc == 0 && ledger_sums(book->ledger).rebooting < rebooting)
        rc = bind_arrivals(book, host, err);
    pay_built(book, host);
    settle_pools(book, host);
    note_arrivals(book, host);
    if (rc == 0)
        rc = ledger_expire(book->ledger, ledger_time(book, host), NULL, err);
    struct ledger_free free_now = tick_ledger_free_of(book, host);
    book->available_kib =
        ballast_sub_floor(ledger_available_kib(book->ledger, &free_now), book->kept_kib);
    return rc;
}
