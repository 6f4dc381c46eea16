/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "twin.h"

#include <string.h>

#include "core/model/host.h"

static struct ledger_verdict say(uint64_t id, enum ledger_reason reason,
                                 struct ledger_figures figures)
{
    return (struct ledger_verdict){.reason = reason, .figures = figures, .id = id};
}

#define FIGURES(...) ((struct ledger_figures){__VA_ARGS__})
#define NO_FIGURES   ((struct ledger_figures){0})

static struct ledger_verdict say_done(uint64_t id, uint64_t done, uint64_t left)
{
    return say(id, LEDGER_OK, FIGURES(.done_kib = done, .left_kib = left));
}

static struct ledger_verdict say_state(const struct ledger_reservation *r, enum ledger_state to)
{
    return say(r->id, LEDGER_WRONG_STATE, FIGURES(.present_state = r->state, .wanted_state = to));
}

static bool waits(const struct ledger_reservation *r)
{
    return r->state == LEDGER_REQUESTED || r->state == LEDGER_RECLAIMING;
}

static bool is_open(const struct ledger_reservation *r)
{
    return waits(r) || r->state == LEDGER_GRANTED || r->state == LEDGER_BOUND;
}

static struct ledger_reservation *find(struct twin *twin, uint64_t id)
{
    for (size_t i = 0; i < twin->count; i++) {
        if (twin->list[i].id == id)
            return &twin->list[i];
    }
    return NULL;
}

static struct ledger_reservation *find_domain(struct twin *twin, const struct ledger_domain *domain)
{
    for (size_t i = 0; i < twin->count; i++) {
        struct ledger_reservation *r = &twin->list[i];
        if (r->state == LEDGER_BOUND && r->domid == domain->domid &&
            memcmp(r->uuid, domain->uuid, LEDGER_UUID) == 0)
            return r;
    }
    return NULL;
}

uint64_t twin_reserved_kib(const struct twin *twin)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < twin->count; i++) {
        if (twin->list[i].state == LEDGER_GRANTED || twin->list[i].state == LEDGER_BOUND)
            sum += twin->list[i].granted_kib - twin->list[i].used_kib;
    }
    return sum;
}

static uint64_t due(const struct ledger_reservation *r)
{
    if (waits(r))
        return r->deadline_usec;
    if (r->state != LEDGER_GRANTED || r->lease_usec == BALLAST_NONE ||
        r->changed_usec > BALLAST_NONE - r->lease_usec)
        return BALLAST_NONE;
    return r->changed_usec + r->lease_usec;
}

uint64_t twin_next_due_usec(const struct twin *twin)
{
    uint64_t least = BALLAST_NONE;
    for (size_t i = 0; i < twin->count; i++) {
        if (due(&twin->list[i]) < least)
            least = due(&twin->list[i]);
    }
    return least;
}

size_t twin_open(const struct twin *twin)
{
    size_t open = 0;
    for (size_t i = 0; i < twin->count; i++)
        open += is_open(&twin->list[i]);
    return open;
}

void twin_forget_old(struct twin *twin)
{
    while (twin->count - twin_open(twin) > twin->max_closed) {
        size_t oldest = TWIN_MOST;
        for (size_t i = 0; i < twin->count; i++) {
            if (!is_open(&twin->list[i]) &&
                (oldest == TWIN_MOST ||
                 twin->list[i].changed_usec < twin->list[oldest].changed_usec))
                oldest = i;
        }
        memmove(&twin->list[oldest], &twin->list[oldest + 1],
                (twin->count - oldest - 1) * sizeof(twin->list[0]));
        twin->count--;
    }
}

static void set(struct ledger_reservation *r, enum ledger_state state, enum ledger_reason reason,
                struct ledger_figures figures, uint64_t now)
{
    r->state = state;
    r->reason = reason;
    r->figures = figures;
    r->changed_usec = now;
}

/* What counts in the quota of that user. */
static uint64_t has_of_quota(const struct twin *twin, uint64_t user, uint64_t *kib)
{
    uint64_t count = 0;
    *kib = 0;
    for (size_t i = 0; i < twin->count; i++) {
        const struct ledger_reservation *r = &twin->list[i];
        if (r->user != user || !is_open(r))
            continue;
        count++;
        *kib += waits(r) ? r->max_kib : r->granted_kib - r->used_kib;
    }
    return count;
}

struct ledger_verdict twin_ask(struct twin *twin, const struct ledger_request *q, uint64_t now)
{
    if (q->min_kib < 1 || q->max_kib < q->min_kib)
        return say(0, LEDGER_BAD_SIZE, FIGURES(.min_kib = q->min_kib, .max_kib = q->max_kib));
    if (q->max_kib > twin->total_kib)
        return say(0, LEDGER_CANNOT_FIT,
                   FIGURES(.needed_kib = q->max_kib, .possible_kib = twin->total_kib));
    if (now >= q->deadline_usec)
        return say(0, LEDGER_DEADLINE_OVER, FIGURES(.missing_kib = q->min_kib));
    if (twin_open(twin) == twin->max_open)
        return say(0, LEDGER_TOO_MANY,
                   FIGURES(.open = twin->max_open, .most_open = twin->max_open));
    uint64_t has_kib = 0;
    uint64_t has = has_of_quota(twin, q->user, &has_kib);
    if (q->quota && has >= q->quota->reservations)
        return say(0, LEDGER_QUOTA_RESERVATIONS,
                   FIGURES(.open = has, .quota = q->quota->reservations));
    if (q->quota && has_kib + q->max_kib > q->quota->kib)
        return say(0, LEDGER_QUOTA_MEMORY,
                   FIGURES(.reserved_kib = has_kib, .quota_kib = q->quota->kib));
    struct ledger_reservation *r = &twin->list[twin->count++];
    memset(r, 0, sizeof(*r));
    r->id = twin->next_id++;
    r->user = q->user;
    strcpy(r->owner, q->owner);
    strcpy(r->guest_name, q->name ? q->name : "");
    strcpy(r->label, q->label ? q->label : r->guest_name);
    if (q->uuid)
        memcpy(r->guest_uuid, q->uuid, LEDGER_UUID);
    r->min_kib = q->min_kib;
    r->max_kib = q->max_kib;
    r->lease_usec = q->lease_usec;
    r->deadline_usec = q->deadline_usec;
    r->requested_usec = now;
    r->kind = q->pool ? LEDGER_POOL : LEDGER_START;
    set(r, LEDGER_REQUESTED, LEDGER_OK, FIGURES(.done_kib = q->min_kib), now);
    uint64_t id = r->id;
    twin_forget_old(twin);
    return say_done(id, q->min_kib, 0);
}

struct ledger_verdict twin_start_reclaiming(struct twin *twin, uint64_t id, uint64_t now)
{
    struct ledger_reservation *r = find(twin, id);
    if (!r)
        return say(id, LEDGER_UNKNOWN, NO_FIGURES);
    if (r->state != LEDGER_REQUESTED)
        return say_state(r, LEDGER_RECLAIMING);
    set(r, LEDGER_RECLAIMING, LEDGER_OK, FIGURES(.done_kib = r->min_kib), now);
    return say_done(id, r->min_kib, 0);
}

struct ledger_verdict twin_grant(struct twin *twin, uint64_t id, const struct ledger_free *host,
                                 uint64_t now)
{
    struct ledger_reservation *r = find(twin, id);
    if (!r)
        return say(id, LEDGER_UNKNOWN, NO_FIGURES);
    if (!waits(r))
        return say_state(r, LEDGER_GRANTED);
    uint64_t promised = twin_reserved_kib(twin);
    promised = promised < host->drawn_kib ? 0 : promised - host->drawn_kib;
    uint64_t owed = host->slack_kib + host->foreign_kib + promised;
    uint64_t beyond = host->free_kib < owed ? 0 : host->free_kib - owed;
    if (now >= r->deadline_usec)
        return say(id, LEDGER_DEADLINE_OVER,
                   FIGURES(.missing_kib = beyond < r->min_kib ? r->min_kib - beyond : 0));
    if (beyond < r->min_kib)
        return say(id, LEDGER_NOT_FREE, FIGURES(.needed_kib = r->min_kib, .available_kib = beyond));
    uint64_t size = beyond / 4 * 4;
    if (beyond >= r->max_kib)
        size = r->max_kib;
    else if (size < r->min_kib)
        size = r->min_kib;
    r->granted_kib = size;
    set(r, LEDGER_GRANTED, LEDGER_OK, FIGURES(.done_kib = size, .left_kib = beyond - size), now);
    return say_done(id, size, beyond - size);
}

struct ledger_verdict twin_refuse(struct twin *twin, uint64_t id, enum ledger_reason why,
                                  const struct ledger_figures *figures, uint64_t now)
{
    struct ledger_reservation *r = find(twin, id);
    if (!r)
        return say(id, LEDGER_UNKNOWN, NO_FIGURES);
    if (!waits(r))
        return say_state(r, LEDGER_REFUSED);
    set(r, LEDGER_REFUSED, why, *figures, now);
    return say(id, LEDGER_OK, *figures);
}

static void spend(struct ledger_reservation *r, uint64_t held)
{
    uint64_t taken = held > r->base_kib ? held - r->base_kib : 0;
    if (taken > r->granted_kib)
        taken = r->granted_kib;
    if (taken > r->used_kib)
        r->used_kib = taken;
}

struct ledger_verdict twin_bind(struct twin *twin, uint64_t id, const char *owner,
                                const struct ledger_domain *domain, uint64_t base, uint64_t held,
                                uint64_t now)
{
    struct ledger_reservation *r = find(twin, id);
    if (!r)
        return say(id, LEDGER_UNKNOWN, NO_FIGURES);
    if (owner && strcmp(owner, r->owner) != 0)
        return say(id, LEDGER_NOT_OWNER, NO_FIGURES);
    if ((r->state == LEDGER_BOUND || r->state == LEDGER_USED) && r->domid == domain->domid &&
        memcmp(r->uuid, domain->uuid, LEDGER_UUID) == 0)
        return say_done(id, r->granted_kib, r->granted_kib - r->used_kib);
    if (r->state != LEDGER_GRANTED)
        return say_state(r, LEDGER_BOUND);
    if (now >= due(r))
        return say(id, LEDGER_LEASE_OVER, FIGURES(.released_kib = r->granted_kib));
    if (find_domain(twin, domain))
        return say(id, LEDGER_DOMAIN_TAKEN, FIGURES(.reservation = find_domain(twin, domain)->id));
    r->kind = LEDGER_START;
    r->domid = domain->domid;
    memcpy(r->uuid, domain->uuid, LEDGER_UUID);
    r->base_kib = base;
    spend(r, held);
    set(r, LEDGER_BOUND, LEDGER_OK,
        FIGURES(.done_kib = r->granted_kib, .left_kib = r->granted_kib - r->used_kib), now);
    return say_done(id, r->granted_kib, r->granted_kib - r->used_kib);
}

struct ledger_verdict twin_hold(struct twin *twin, const struct ledger_domain *domain,
                                uint64_t held, bool built, uint64_t now)
{
    struct ledger_reservation *r = find_domain(twin, domain);
    if (!r)
        return say(0, LEDGER_UNKNOWN, NO_FIGURES);
    spend(r, held);
    if (built || r->used_kib == r->granted_kib)
        set(r, LEDGER_USED, LEDGER_OK,
            FIGURES(.done_kib = r->used_kib, .left_kib = r->granted_kib - r->used_kib), now);
    return say_done(r->id, r->used_kib, r->granted_kib - r->used_kib);
}

/* Of what the pools, oldest first, each pay a part until all is paid. */
struct ledger_verdict twin_pay(struct twin *twin, const struct ledger_domain *domain, uint64_t kib,
                               uint64_t now)
{
    uint64_t left = kib;
    uint64_t first = 0;
    size_t count = twin->count;
    for (size_t i = 0; i < twin->count; i++) {
        const struct ledger_reservation *r = &twin->list[i];
        if ((r->state == LEDGER_BOUND || r->state == LEDGER_USED) && r->domid == domain->domid &&
            memcmp(r->uuid, domain->uuid, LEDGER_UUID) == 0)
            return say_done(0, 0, kib);
    }
    for (size_t i = 0; i < count && left > 0; i++) {
        struct ledger_reservation *r = &twin->list[i];
        struct ledger_reservation *to = r;
        if (r->kind != LEDGER_POOL || r->state != LEDGER_GRANTED || due(r) <= now ||
            r->older_domid >= domain->domid)
            continue;
        uint64_t part = left < r->granted_kib ? left : r->granted_kib;
        if (part < r->granted_kib) {
            to = &twin->list[twin->count++];
            *to = *r;
            to->id = twin->next_id++;
            to->min_kib = to->max_kib = to->granted_kib = part;
            to->requested_usec = now;
            to->deadline_usec = BALLAST_NONE;
            r->granted_kib -= part;
            if (r->min_kib > r->granted_kib)
                r->min_kib = r->granted_kib;
        }
        to->used_kib = part;
        to->domid = domain->domid;
        memcpy(to->uuid, domain->uuid, LEDGER_UUID);
        set(to, LEDGER_USED, LEDGER_OK, FIGURES(.done_kib = part), now);
        first = first ? first : r->id;
        left -= part;
    }
    if (twin->count > count)
        twin_forget_old(twin);
    return say_done(first, kib - left, left);
}

static struct ledger_verdict let_go(struct ledger_reservation *r, enum ledger_reason why,
                                    uint64_t now)
{
    uint64_t back = waits(r) ? 0 : r->granted_kib - r->used_kib;
    set(r, LEDGER_RELEASED, why, FIGURES(.released_kib = back), now);
    return say_done(r->id, back, 0);
}

struct ledger_verdict twin_domain_gone(struct twin *twin, const struct ledger_domain *domain,
                                       uint64_t now)
{
    struct ledger_reservation *r = find_domain(twin, domain);
    return r ? let_go(r, LEDGER_DOMAIN_GONE, now) : say(0, LEDGER_UNKNOWN, NO_FIGURES);
}

struct ledger_verdict twin_grant_again(struct twin *twin, const struct ledger_domain *domain,
                                       const struct ledger_free *host, uint64_t now)
{
    struct ledger_reservation *r = find_domain(twin, domain);
    if (!r)
        return say(0, LEDGER_UNKNOWN, NO_FIGURES);
    uint64_t promised = twin_reserved_kib(twin);
    promised = promised < host->drawn_kib ? 0 : promised - host->drawn_kib;
    uint64_t owed = host->slack_kib + host->foreign_kib + promised;
    uint64_t beyond = host->free_kib < owed ? 0 : host->free_kib - owed;
    if (beyond < r->used_kib)
        return let_go(r, LEDGER_DOMAIN_GONE, now);
    uint64_t left = beyond - r->used_kib;
    r->deadline_usec = BALLAST_NONE;
    r->older_domid = r->domid;
    r->domid = 0;
    memset(r->uuid, 0, LEDGER_UUID);
    r->used_kib = r->base_kib = 0;
    set(r, LEDGER_GRANTED, LEDGER_OK, FIGURES(.done_kib = r->granted_kib, .left_kib = left), now);
    return say_done(r->id, r->granted_kib, left);
}

struct ledger_verdict twin_release(struct twin *twin, uint64_t id, const char *owner, uint64_t now)
{
    struct ledger_reservation *r = find(twin, id);
    if (!r)
        return say(id, LEDGER_UNKNOWN, NO_FIGURES);
    if (owner && strcmp(owner, r->owner) != 0)
        return say(id, LEDGER_NOT_OWNER, NO_FIGURES);
    if (!is_open(r))
        return say_state(r, LEDGER_RELEASED);
    return let_go(r, LEDGER_BY_OWNER, now);
}

size_t twin_login(struct twin *twin, const char *owner, uint64_t now)
{
    size_t moved = 0;
    for (size_t i = 0; i < twin->count; i++) {
        struct ledger_reservation *r = &twin->list[i];
        if (strcmp(owner, r->owner) == 0 && is_open(r) && r->state != LEDGER_BOUND) {
            let_go(r, LEDGER_OWNER_RETURNED, now);
            moved++;
        }
    }
    return moved;
}

size_t twin_expire(struct twin *twin, uint64_t now)
{
    size_t moved = 0;
    for (size_t i = 0; i < twin->count; i++) {
        struct ledger_reservation *r = &twin->list[i];
        if (due(r) == BALLAST_NONE || due(r) > now)
            continue;
        moved++;
        if (waits(r))
            set(r, LEDGER_REFUSED, LEDGER_DEADLINE_OVER, FIGURES(.missing_kib = r->min_kib), now);
        else
            let_go(r, LEDGER_LEASE_OVER, now);
    }
    return moved;
}

bool twin_same(const struct ledger_reservation *a, const struct ledger_reservation *b)
{
    return a->id == b->id && a->user == b->user && strcmp(a->owner, b->owner) == 0 &&
           strcmp(a->label, b->label) == 0 && strcmp(a->guest_name, b->guest_name) == 0 &&
           memcmp(a->guest_uuid, b->guest_uuid, LEDGER_UUID) == 0 && a->min_kib == b->min_kib &&
           a->max_kib == b->max_kib && a->granted_kib == b->granted_kib &&
           a->used_kib == b->used_kib && a->kind == b->kind && a->state == b->state &&
           a->reason == b->reason && memcmp(&a->figures, &b->figures, sizeof(a->figures)) == 0 &&
           a->requested_usec == b->requested_usec && a->changed_usec == b->changed_usec &&
           a->lease_usec == b->lease_usec && a->deadline_usec == b->deadline_usec &&
           a->domid == b->domid && memcmp(a->uuid, b->uuid, LEDGER_UUID) == 0 &&
           a->base_kib == b->base_kib;
}
