/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/drift.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/cost.h>

#include "core/base/error.h"
#include "core/base/units.h"

/* A domain of the last sample. */
struct known {
    uint32_t id;
    bool is_used; /* the slot has a domain */
    bool building;
    bool is_clear; /* what Xen spent before it appeared is known, and no other appeared with it */
    int64_t before_kib;
};

/* Domains by their id, at the first free slot from where its hash is; at most half are used. */
struct table {
    struct known *slots;
    size_t room; /* a power of two, or 0 */
};

struct drift {
    struct table known; /* of the last sample */
    struct table next;  /* what the next sample fills; kept, so that a sample allocates nothing */
    size_t count;       /* in the first of them */
    size_t building;    /* of these */
    bool has_rest;
    int64_t rest_kib; /* what Xen spent when no domain was being built */
};

enum { LEAST_ROOM = 64 };

struct drift *drift_new(void)
{
    return calloc(1, sizeof(struct drift));
}

void drift_free(struct drift *drift)
{
    if (!drift)
        return;
    free(drift->known.slots);
    free(drift->next.slots);
    free(drift);
}

/* An empty table with room for this many domains. */
static int table_begin(struct table *table, size_t count)
{
    size_t room = table->room ? table->room : LEAST_ROOM;
    while (room / 2 < count)
        room *= 2;
    if (room == table->room) {
        memset(table->slots, 0, room * sizeof(*table->slots));
        return 0;
    }
    struct known *slots = calloc(room, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    free(table->slots);
    *table = (struct table){.slots = slots, .room = room};
    return 0;
}

/* The slot of that id, or the free one for it. */
static struct known *table_slot(const struct table *table, uint32_t id)
{
    /* Knuth's multiplicative hash, 2^32 / phi: the upper bits are the mixed ones. */
    size_t at = (uint32_t)(id * UINT32_C(2654435761)) >> (32 - __builtin_ctzll(table->room));
    while (table->slots[at].is_used && table->slots[at].id != id)
        at = (at + 1) & (table->room - 1);
    return &table->slots[at];
}

/* Total, free and tot are below 2^62 KiB on any host that ballast_host_check() lets through. */
static int64_t spent_kib(const struct ballast_host *host)
{
    int64_t spent = (int64_t)host->total_kib - (int64_t)host->free_kib - (int64_t)host->parked_kib;
    for (size_t i = 0; i < host->domain_count; i++)
        spent -= (int64_t)host->domains[i].tot_kib;
    return spent;
}

static const struct known *find_known(const struct drift *drift, uint32_t id)
{
    if (drift->count == 0)
        return NULL;
    const struct known *slot = table_slot(&drift->known, id);
    return slot->is_used ? slot : NULL;
}

/*
 * Whether the costs of domains that appeared or disappeared between two samples cannot be
 * separated: more than one appeared, or one disappeared.
 */
static bool is_muddled(const struct drift *drift, const struct ballast_host *host)
{
    size_t stayed = 0;
    for (size_t i = 0; i < host->domain_count; i++)
        stayed += find_known(drift, host->domains[i].id) != NULL;
    size_t came = host->domain_count - stayed;
    size_t gone = drift->count - stayed;
    return gone > 0 || came + drift->building > 1;
}

static struct known make_known(const struct drift *drift, const struct ballast_domain *domain,
                               bool muddled)
{
    const struct known *was = find_known(drift, domain->id);
    struct known now = {.id = domain->id, .is_used = true};
    if (was) {
        now.is_clear = was->building && was->is_clear && !muddled;
        now.before_kib = was->before_kib;
    } else {
        now.is_clear = drift->has_rest && !muddled;
        now.before_kib = drift->rest_kib;
    }
    return now;
}

/* Makes the filled table the last sample. */
static void keep_sample(struct drift *drift, size_t count, size_t building)
{
    struct table last = drift->known;
    drift->known = drift->next;
    drift->next = last;
    drift->count = count;
    drift->building = building;
}

int drift_sample(struct drift *drift, const struct ballast_host *host,
                 drift_is_finished *is_finished, void *context, struct drift_seen out[DRIFT_SEEN])
{
    int seen = 0;
    size_t building = 0;
    int64_t spent = spent_kib(host);
    bool muddled = is_muddled(drift, host);
    if (table_begin(&drift->next, host->domain_count) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        const struct known *was = find_known(drift, domain->id);
        struct known now = make_known(drift, domain, muddled);
        bool is_awaited = was ? was->building : drift->has_rest;
        now.building = domain->state == BALLAST_DOMAIN_BUILD ||
                       (is_awaited && is_finished && !is_finished(context, domain));
        *table_slot(&drift->next, domain->id) = now;
        building += now.building;
        bool is_done = !now.building && is_awaited;
        if (is_done && now.is_clear && seen < DRIFT_SEEN)
            out[seen++] = (struct drift_seen){
                .id = domain->id, .tot_kib = domain->tot_kib, .beside_kib = spent - now.before_kib};
    }
    keep_sample(drift, host->domain_count, building);
    drift->has_rest = drift->has_rest || building == 0;
    if (building == 0)
        drift->rest_kib = spent;
    return seen;
}

/* The part of a predicted cost that is the domain's own pages. */
static int64_t inside_kib(const struct ballast_breakdown *predicted)
{
    static const enum ballast_cost_term inside[] = {BALLAST_COST_MEMORY, BALLAST_COST_SPECIAL,
                                                    BALLAST_COST_ACPI};
    int64_t pages = 0;
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        pages += ballast_breakdown_cost_pages(predicted, inside[i]);
    return pages * (int64_t)BALLAST_PAGE_KIB;
}

int drift_compare(const struct ballast_breakdown *predicted, const struct drift_seen *seen,
                  struct drift_compared *out, struct ballast_error *err)
{
    struct ballast_cost_kib cost;
    int64_t tolerance_kib = DRIFT_TOLERANCE_PAGES * (int64_t)BALLAST_PAGE_KIB;
    if (!ballast_breakdown_cost(predicted, &cost))
        return ballast_fail(err, -ENODATA, "prediction: its profile is not exact");
    int64_t actual_kib = inside_kib(predicted) + seen->beside_kib;
    *out = (struct drift_compared){
        .settled_kib = cost.settled_kib,
        .fresh_max_kib = cost.fresh_max_kib,
        .actual_kib = actual_kib,
        .difference_kib = actual_kib - (int64_t)cost.settled_kib,
    };
    if (out->difference_kib < -tolerance_kib)
        out->verdict = DRIFT_BELOW;
    else if (actual_kib > (int64_t)cost.fresh_max_kib + tolerance_kib)
        out->verdict = DRIFT_ABOVE;
    return 0;
}

const char *drift_verdict_name(enum drift_verdict verdict)
{
    static const char *const words[DRIFT_VERDICTS] = {
        [DRIFT_WITHIN] = "within", [DRIFT_BELOW] = "below", [DRIFT_ABOVE] = "above"};
    return (unsigned)verdict < DRIFT_VERDICTS ? words[verdict] : NULL;
}
