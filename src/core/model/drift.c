/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/drift.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <ballast/cost.h>

#include "core/base/error.h"
#include "core/base/units.h"

/* A domain of the last look. */
struct known {
    uint32_t id;
    bool building;
    bool is_clear; /* what Xen spent before it came is known, and it came alone */
    int64_t before_kib;
};

struct drift {
    struct known *known; /* in the order of the host's */
    size_t count;
    bool has_rest;
    int64_t rest_kib; /* what Xen spent when nobody was being built */
};

struct drift *drift_new(void)
{
    return calloc(1, sizeof(struct drift));
}

void drift_free(struct drift *drift)
{
    if (!drift)
        return;
    free(drift->known);
    free(drift);
}

/* Total, free and tot are below 2^62 KiB on any host that ballast_host_check() lets through. */
static int64_t spent_kib(const struct ballast_host *host)
{
    int64_t spent = (int64_t)host->total_kib - (int64_t)host->free_kib;
    for (size_t i = 0; i < host->domain_count; i++)
        spent -= (int64_t)host->domains[i].tot_kib;
    return spent;
}

static const struct known *find(const struct drift *drift, uint32_t id)
{
    for (size_t i = 0; i < drift->count; i++) {
        if (drift->known[i].id == id)
            return &drift->known[i];
    }
    return NULL;
}

static bool is_there(const struct ballast_host *host, uint32_t id)
{
    for (size_t i = 0; i < host->domain_count; i++) {
        if (host->domains[i].id == id)
            return true;
    }
    return false;
}

/* Who comes and goes between two looks; more than one coming, or one going, muddles them all. */
static bool is_muddled(const struct drift *drift, const struct ballast_host *host)
{
    size_t came = 0;
    size_t gone = 0;
    size_t building = 0;
    for (size_t i = 0; i < host->domain_count; i++)
        came += !find(drift, host->domains[i].id);
    for (size_t i = 0; i < drift->count; i++) {
        gone += !is_there(host, drift->known[i].id);
        building += drift->known[i].building;
    }
    return gone > 0 || came + building > 1;
}

static struct known know(const struct drift *drift, const struct ballast_domain *domain,
                         bool muddled)
{
    const struct known *was = find(drift, domain->id);
    struct known now = {.id = domain->id, .building = domain->state == BALLAST_DOMAIN_BUILD};
    if (was) {
        now.is_clear = was->building && was->is_clear && !muddled;
        now.before_kib = was->before_kib;
    } else {
        now.is_clear = drift->has_rest && !muddled;
        now.before_kib = drift->rest_kib;
    }
    return now;
}

int drift_look(struct drift *drift, const struct ballast_host *host,
               struct drift_seen out[DRIFT_SEEN])
{
    struct known *next = calloc(host->domain_count + 1, sizeof(*next));
    int seen = 0;
    bool rests = true;
    int64_t spent = spent_kib(host);
    bool muddled = is_muddled(drift, host);
    if (!next)
        return -ENOMEM;
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        const struct known *was = find(drift, domain->id);
        next[i] = know(drift, domain, muddled);
        rests = rests && !next[i].building;
        bool is_new = !was && drift->has_rest;
        bool is_done = !next[i].building && (is_new || (was && was->building));
        if (is_done && next[i].is_clear && seen < DRIFT_SEEN)
            out[seen++] = (struct drift_seen){.id = domain->id,
                                              .tot_kib = domain->tot_kib,
                                              .beside_kib = spent - next[i].before_kib};
    }
    free(drift->known);
    drift->known = next;
    drift->count = host->domain_count;
    drift->has_rest = drift->has_rest || rests;
    if (rests)
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
    int64_t slack_kib = DRIFT_SLACK_PAGES * (int64_t)BALLAST_PAGE_KIB;
    if (!ballast_breakdown_cost(predicted, &cost))
        return ballast_fail(err, -ENODATA, "the profile knows no cost to the page");
    int64_t actual_kib = inside_kib(predicted) + seen->beside_kib;
    *out = (struct drift_compared){
        .settled_kib = cost.settled_kib,
        .fresh_max_kib = cost.fresh_max_kib,
        .actual_kib = actual_kib,
        .difference_kib = actual_kib - (int64_t)cost.settled_kib,
    };
    if (out->difference_kib < -slack_kib)
        out->verdict = DRIFT_BELOW;
    else if (actual_kib > (int64_t)cost.fresh_max_kib + slack_kib)
        out->verdict = DRIFT_ABOVE;
    return 0;
}

const char *drift_verdict_word(enum drift_verdict verdict)
{
    static const char *const words[DRIFT_VERDICTS] = {
        [DRIFT_WITHIN] = "within", [DRIFT_BELOW] = "below", [DRIFT_ABOVE] = "above"};
    return (unsigned)verdict < DRIFT_VERDICTS ? words[verdict] : NULL;
}
