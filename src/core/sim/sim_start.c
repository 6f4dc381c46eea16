/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The toolstack's side: starts that arrive, wait, are granted, and are built. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/sim/sim_inside.h"

/*
 * How long after its deadline a toolstack waits for an answer. One is due at the first sample after
 * it.
 */
#define PATIENCE_USEC (2 * BALLAST_SEC_USEC)

static uint64_t need_pages(const struct sim *sim, const struct sim_start *start)
{
    return ballast_div_up(start->is->need_kib, sim->page_kib);
}

size_t sim_start_count(const struct sim *sim)
{
    return sim->config->start_count;
}

const struct sim_start *sim_start_at(const struct sim *sim, size_t i)
{
    return i < sim->config->start_count ? &sim->starts[i] : NULL;
}

/* The empty domain exists: from now on the host shows what it still needs. */
static void build_begin(struct sim *sim, size_t i, bool claim)
{
    struct sim_start *start = &sim->starts[i];
    const struct sim_guest_config *is = &start->is->guest;
    struct sim_domain *domain = sim_domain_add(sim, is);
    domain->building = true;
    domain->built = true;
    domain->start = i;
    domain->build_rate_kib = start->is->build_rate_kib;
    domain->fills_from_usec = ballast_add_ceil(sim->now_usec, start->is->wait_usec);
    domain->left_pages = is->tot_kib / sim->page_kib;
    domain->overhead_pages = ballast_min_u64(domain->overhead_pages, sim->free_pages);
    sim->free_pages -= domain->overhead_pages;
    sim->dirty_pages = ballast_min_u64(sim->dirty_pages, sim->free_pages);
    if (claim)
        domain->claim_pages =
            ballast_min_u64(domain->left_pages, sim_unclaimed_pages(sim, is->node));
    start->state = SIM_START_BUILDING;
    start->domid = domain->id;
}

int sim_start_grant(struct sim *sim, size_t i, bool claim, struct ballast_error *err)
{
    struct sim_start *start = i < sim->config->start_count ? &sim->starts[i] : NULL;
    if (!start || start->state != SIM_START_WAITING)
        return ballast_fail(err, -EINVAL, "start %zu does not wait for a grant", i);
    uint64_t have = sim_available_pages(sim);
    uint64_t need = need_pages(sim, start);
    if (have < need) {
        start->bad_grants++;
        sim->score.bad_grants++;
        return ballast_fail(err, -ENOMEM,
                            "start %s was granted %" PRIu64 " KiB, but only %" PRIu64
                            " KiB are available",
                            start->is->guest.name, need * sim->page_kib, have * sim->page_kib);
    }
    start->answered_usec = sim->now_usec;
    if (start->is->hesitate_usec > 0)
        start->state = SIM_START_GRANTED;
    else
        build_begin(sim, i, claim);
    return 0;
}

int sim_start_refuse(struct sim *sim, size_t i, struct ballast_error *err)
{
    struct sim_start *start = i < sim->config->start_count ? &sim->starts[i] : NULL;
    if (!start || start->state != SIM_START_WAITING)
        return ballast_fail(err, -EINVAL, "start %zu does not wait for an answer", i);
    start->state = SIM_START_REFUSED;
    start->answered_usec = sim->now_usec;
    return 0;
}

static struct sim_domain *domain_of(struct sim *sim, uint32_t domid)
{
    for (size_t i = 0; i < sim->domain_count; i++) {
        if (sim->domains[i].id == domid)
            return &sim->domains[i];
    }
    return NULL;
}

/* A dead domain of a start is removed: there is room for one per start. */
static void forget_domain(struct sim *sim, struct sim_domain *domain)
{
    size_t after = sim->domain_count - (size_t)(domain - sim->domains) - 1;
    memmove(domain, domain + 1, after * sizeof(*domain));
    sim->domain_count--;
}

int sim_start_build(struct sim *sim, size_t i, bool claim, struct ballast_error *err)
{
    struct sim_start *start = i < sim->config->start_count ? &sim->starts[i] : NULL;
    bool was = start && start->state >= SIM_START_BUILDING;
    struct sim_domain *domain = was ? domain_of(sim, start->domid) : NULL;
    if (!start || (start->state != SIM_START_COMING && !was) || (domain && domain->alive))
        return ballast_fail(err, -EINVAL, "start %zu is under way", i);
    if (start->is->guest.overhead_kib / sim->page_kib >
        sim_unclaimed_pages(sim, start->is->guest.node))
        return ballast_fail(err, -ENOMEM, "not even %" PRIu64 " KiB are free",
                            start->is->guest.overhead_kib);
    if (domain)
        forget_domain(sim, domain);
    start->arrived_usec = start->answered_usec = sim->now_usec;
    start->shortest_usec = BALLAST_NONE;
    build_begin(sim, i, claim);
    return 0;
}

int sim_destroy(struct sim *sim, uint32_t domid, struct ballast_error *err)
{
    struct sim_domain *domain = domain_of(sim, domid);
    if (!domain || !domain->alive)
        return ballast_fail(err, -ENOENT, "domain %" PRIu32 " is gone", domid);
    if (domain->building && domain->built)
        sim->starts[domain->start].state = SIM_START_DIED;
    sim_domain_die(sim, domain);
    return 0;
}

/* Its build begins at once, and dies where not even its overhead is free. */
static void build_unreserved(struct sim *sim, size_t i)
{
    if (sim_start_build(sim, i, false, NULL) == 0)
        return;
    sim->starts[i].state = SIM_START_DIED;
    sim->score.builds_died++;
}

static void start_step(struct sim *sim, size_t i)
{
    struct sim_start *start = &sim->starts[i];
    bool arrives = start->state == SIM_START_COMING && sim->now_usec >= start->is->arrives_usec;
    if (arrives && start->is->unreserved) {
        build_unreserved(sim, i);
    } else if (arrives) {
        start->state = SIM_START_WAITING;
        start->arrived_usec = sim->now_usec;
        start->shortest_usec = BALLAST_NONE;
    } else if (start->state == SIM_START_GRANTED &&
               sim->now_usec >= start->answered_usec + start->is->hesitate_usec) {
        build_begin(sim, i, false);
    } else if (start->state == SIM_START_WAITING &&
               sim->now_usec >= ballast_add_ceil(start->is->deadline_usec, PATIENCE_USEC)) {
        start->state = SIM_START_REFUSED;
        start->answered_usec = sim->now_usec;
        start->gave_up = true;
    }
}

void sim_starts_step(struct sim *sim)
{
    for (size_t i = 0; i < sim->config->start_count; i++)
        start_step(sim, i);
}

static void build_fails(struct sim *sim, struct sim_domain *domain)
{
    if (domain->built)
        sim->starts[domain->start].state = SIM_START_DIED;
    sim->score.builds_died++;
    domain->killed = true;
    sim_domain_die(sim, domain);
}

static void build_done(struct sim *sim, struct sim_domain *domain)
{
    if (domain->built)
        sim->starts[domain->start].state = SIM_START_BUILT;
    domain->building = false;
    domain->claim_pages = 0;
    domain->runs_from_usec = sim->now_usec;
    sim_pod_begin(sim, domain);
    domain->credit = 0;
}

/*
 * A builder requests its pages and fails if Xen has none for it, or if its maximum prevents it. It
 * waits for memory that is only still to be scrubbed.
 */
void sim_build_step(struct sim *sim, struct sim_domain *domain, uint64_t usec)
{
    if (sim->now_usec < domain->fills_from_usec)
        return;
    uint64_t pages = sim_rate_pages(sim, domain->build_rate_kib, usec, &domain->credit);
    pages = ballast_min_u64(pages, domain->left_pages);
    /* What takes memory without a claim can leave less free than is claimed. */
    uint64_t there = sim_unclaimed_pages(sim, domain->is->node) + domain->claim_pages;
    there = ballast_min_u64(
        there, ballast_sub_floor(sim->free_pages, sim_claimed_pages(sim) - domain->claim_pages));
    if (there < pages || domain->tot_pages + pages > domain->maxmem_pages) {
        build_fails(sim, domain);
        return;
    }
    pages = ballast_min_u64(pages, sim->free_pages - sim->dirty_pages);
    sim_pages_take(sim, domain, pages);
    domain->left_pages -= pages;
    domain->claim_pages = ballast_min_u64(domain->claim_pages, domain->left_pages);
    if (domain->left_pages == 0)
        build_done(sim, domain);
}
