/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "twin.h"

#include <string.h>

#include "core/model/host.h"

static struct ledger_verdict say(uint64_t id, enum ledger_reason reason, uint64_t a, uint64_t b)
{
    return (struct ledger_verdict){.reason = reason, .a_kib = a, .b_kib = b, .id = id};
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

uint64_t twin_promised_kib(const struct twin *twin)
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
                uint64_t a, uint64_t b, uint64_t now)
{
    r->state = state;
    r->reason = reason;
    r->a_kib = a;
    r->b_kib = b;
    r->changed_usec = now;
}

struct ledger_verdict twin_ask(struct twin *twin, const struct ledger_request *q, uint64_t now)
{
    if (q->min_kib < 1 || q->max_kib < q->min_kib || q->max_kib > twin->total_kib)
        return say(0, LEDGER_BAD_SIZE, q->min_kib, q->max_kib);
    if (now >= q->deadline_usec)
        return say(0, LEDGER_DEADLINE_OVER, q->min_kib, 0);
    if (twin_open(twin) == twin->max_open)
        return say(0, LEDGER_TOO_MANY, twin->max_open, twin->max_open);
    struct ledger_reservation *r = &twin->list[twin->count++];
    memset(r, 0, sizeof(*r));
    r->id = twin->next_id++;
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
    set(r, LEDGER_REQUESTED, LEDGER_OK, q->min_kib, q->max_kib, now);
    uint64_t id = r->id;
    twin_forget_old(twin);
    return say(id, LEDGER_OK, q->min_kib, q->max_kib);
}

struct ledger_verdict twin_start_reclaiming(struct twin *twin, uint64_t id, uint64_t now)
{
    struct ledger_reservation *r = find(twin, id);
    if (!r)
        return say(id, LEDGER_UNKNOWN, 0, 0);
    if (r->state != LEDGER_REQUESTED)
        return say(id, LEDGER_WRONG_STATE, r->state, LEDGER_RECLAIMING);
    set(r, LEDGER_RECLAIMING, LEDGER_OK, r->min_kib, r->max_kib, now);
    return say(id, LEDGER_OK, r->min_kib, r->max_kib);
}

struct ledger_verdict twin_grant(struct twin *twin, uint64_t id, const struct ledger_free *host,
                                 uint64_t now)
{
    struct ledger_reservation *r = find(twin, id);
    if (!r)
        return say(id, LEDGER_UNKNOWN, 0, 0);
    if (!waits(r))
        return say(id, LEDGER_WRONG_STATE, r->state, LEDGER_GRANTED);
    uint64_t promised = twin_promised_kib(twin);
    promised = promised < host->drawn_kib ? 0 : promised - host->drawn_kib;
    uint64_t owed = host->slack_kib + host->foreign_kib + promised;
    uint64_t beyond = host->free_kib < owed ? 0 : host->free_kib - owed;
    if (now >= r->deadline_usec)
        return say(id, LEDGER_DEADLINE_OVER, beyond < r->min_kib ? r->min_kib - beyond : 0, 0);
    if (beyond < r->min_kib)
        return say(id, LEDGER_NOT_FREE, r->min_kib, beyond);
    uint64_t size = beyond / 4 * 4;
    if (beyond >= r->max_kib)
        size = r->max_kib;
    else if (size < r->min_kib)
        size = r->min_kib;
    r->granted_kib = size;
    set(r, LEDGER_GRANTED, LEDGER_OK, size, beyond - size, now);
    return say(id, LEDGER_OK, size, beyond - size);
}

struct ledger_verdict twin_refuse(struct twin *twin, uint64_t id, enum ledger_reason why,
                                  uint64_t a, uint64_t b, uint64_t now)
{
    struct ledger_reservation *r = find(twin, id);
    if (!r)
        return say(id, LEDGER_UNKNOWN, 0, 0);
    if (!waits(r))
        return say(id, LEDGER_WRONG_STATE, r->state, LEDGER_REFUSED);
    set(r, LEDGER_REFUSED, why, a, b, now);
    return say(id, LEDGER_OK, a, b);
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
        return say(id, LEDGER_UNKNOWN, 0, 0);
    if (owner && strcmp(owner, r->owner) != 0)
        return say(id, LEDGER_NOT_OWNER, 0, 0);
    if ((r->state == LEDGER_BOUND || r->state == LEDGER_USED) && r->domid == domain->domid &&
        memcmp(r->uuid, domain->uuid, LEDGER_UUID) == 0)
        return say(id, LEDGER_OK, r->granted_kib, r->used_kib);
    if (r->state != LEDGER_GRANTED)
        return say(id, LEDGER_WRONG_STATE, r->state, LEDGER_BOUND);
    if (now >= due(r))
        return say(id, LEDGER_LEASE_OVER, r->granted_kib, 0);
    if (find_domain(twin, domain))
        return say(id, LEDGER_DOMAIN_TAKEN, find_domain(twin, domain)->id, 0);
    r->domid = domain->domid;
    memcpy(r->uuid, domain->uuid, LEDGER_UUID);
    r->base_kib = base;
    spend(r, held);
    set(r, LEDGER_BOUND, LEDGER_OK, r->granted_kib, r->used_kib, now);
    return say(id, LEDGER_OK, r->granted_kib, r->used_kib);
}

struct ledger_verdict twin_hold(struct twin *twin, const struct ledger_domain *domain,
                                uint64_t held, bool built, uint64_t now)
{
    struct ledger_reservation *r = find_domain(twin, domain);
    if (!r)
        return say(0, LEDGER_UNKNOWN, 0, 0);
    spend(r, held);
    if (built || r->used_kib == r->granted_kib)
        set(r, LEDGER_USED, LEDGER_OK, r->used_kib, r->granted_kib - r->used_kib, now);
    return say(r->id, LEDGER_OK, r->used_kib, r->granted_kib - r->used_kib);
}

static struct ledger_verdict let_go(struct ledger_reservation *r, enum ledger_reason why,
                                    uint64_t now)
{
    uint64_t back = waits(r) ? 0 : r->granted_kib - r->used_kib;
    set(r, LEDGER_RELEASED, why, back, 0, now);
    return say(r->id, LEDGER_OK, back, 0);
}

struct ledger_verdict twin_domain_gone(struct twin *twin, const struct ledger_domain *domain,
                                       uint64_t now)
{
    struct ledger_reservation *r = find_domain(twin, domain);
    return r ? let_go(r, LEDGER_DOMAIN_GONE, now) : say(0, LEDGER_UNKNOWN, 0, 0);
}

struct ledger_verdict twin_release(struct twin *twin, uint64_t id, const char *owner, uint64_t now)
{
    struct ledger_reservation *r = find(twin, id);
    if (!r)
        return say(id, LEDGER_UNKNOWN, 0, 0);
    if (owner && strcmp(owner, r->owner) != 0)
        return say(id, LEDGER_NOT_OWNER, 0, 0);
    if (!is_open(r))
        return say(id, LEDGER_WRONG_STATE, r->state, LEDGER_RELEASED);
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
            set(r, LEDGER_REFUSED, LEDGER_DEADLINE_OVER, r->min_kib, 0, now);
        else
            let_go(r, LEDGER_LEASE_OVER, now);
    }
    return moved;
}

bool twin_same(const struct ledger_reservation *a, const struct ledger_reservation *b)
{
    return a->id == b->id && strcmp(a->owner, b->owner) == 0 && strcmp(a->label, b->label) == 0 &&
           strcmp(a->guest_name, b->guest_name) == 0 &&
           memcmp(a->guest_uuid, b->guest_uuid, LEDGER_UUID) == 0 && a->min_kib == b->min_kib &&
           a->max_kib == b->max_kib && a->granted_kib == b->granted_kib &&
           a->used_kib == b->used_kib && a->state == b->state && a->reason == b->reason &&
           a->a_kib == b->a_kib && a->b_kib == b->b_kib && a->requested_usec == b->requested_usec &&
           a->changed_usec == b->changed_usec && a->lease_usec == b->lease_usec &&
           a->deadline_usec == b->deadline_usec && a->domid == b->domid &&
           memcmp(a->uuid, b->uuid, LEDGER_UUID) == 0 && a->base_kib == b->base_kib;
}
