/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host itself: its pages, and one step of time. In a step memory moves in an order that hides
 * nothing: first it is freed, then guests take what they can get, and only then do builds. A
 * balancer that lets a guest take what is reserved for a build will see that build die.
 */
#include "core/sim/sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/sim/sim_inside.h"

/* Larger than any host that Xen can drive (16 TiB), small enough that no sum can wrap. */
#define MOST_KIB (UINT64_C(1) << 46)

static int add_configured_guests(struct sim *sim, struct ballast_error *err)
{
    uint64_t held = sim->xen_pages;
    for (size_t i = 0; i < sim->config->guest_count; i++) {
        const struct sim_guest_config *is = &sim->config->guests[i];
        if (is->dom0 && i > 0)
            return ballast_fail(err, -EINVAL, "guest %s: dom0 must be the first guest", is->name);
        struct sim_domain *domain = sim_domain_add(sim, is);
        domain->guest = i;
        domain->tot_pages = sim_pages_of(sim, is->tot_kib);
        sim_pod_begin(sim, domain);
        held += domain->tot_pages + domain->overhead_pages;
        if (held > sim->total_pages)
            return ballast_fail(err, -EINVAL,
                                "guest %s: with it Xen and the guests have %" PRIu64
                                " KiB, more than the host's %" PRIu64 " KiB; use a larger total",
                                is->name, held * sim->page_kib, sim->total_pages * sim->page_kib);
    }
    sim->free_pages = sim->total_pages - held;
    int rc = sim_check_nodes(sim, err);
    if (rc < 0)
        return rc;
    /* Only now: a guest that cannot run with its memory frees it at once. */
    for (size_t i = 0; i < sim->domain_count; i++)
        sim_guest_live(sim, &sim->domains[i]);
    return 0;
}

static int check_config(const struct sim_config *config, struct ballast_error *err)
{
    if (config->page_kib == 0 || config->page_kib > 4096)
        return ballast_fail(err, -EINVAL, "a page of %" PRIu64 " KiB: use 4", config->page_kib);
    if (config->total_kib == 0 || config->total_kib > MOST_KIB)
        return ballast_fail(err, -EINVAL, "a host of %" PRIu64 " KiB: use 1 KiB to 64 TiB",
                            config->total_kib);
    if (config->guest_count > SIM_GUESTS || config->start_count > SIM_STARTS)
        return ballast_fail(err, -EINVAL, "%zu guests and %zu starts: use at most %d and %d",
                            config->guest_count, config->start_count, SIM_GUESTS, SIM_STARTS);
    if (config->xen_kib > config->total_kib)
        return ballast_fail(err, -EINVAL,
                            "Xen has %" PRIu64 " KiB, more than the host's %" PRIu64
                            " KiB; use a larger total",
                            config->xen_kib, config->total_kib);
    return 0;
}

int sim_room(struct sim *sim, struct ballast_error *err)
{
    size_t most = sim->config->guest_count + sim->config->start_count + 1;
    sim->domains = calloc(most, sizeof(*sim->domains));
    sim->starts = calloc(sim->config->start_count + 1, sizeof(*sim->starts));
    for (int i = 0; i < 2; i++)
        sim->snapshots[i].domains = calloc(most, sizeof(struct ballast_domain));
    if (!sim->domains || !sim->starts || !sim->snapshots[0].domains || !sim->snapshots[1].domains)
        return ballast_fail(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < sim->config->start_count; i++)
        sim->starts[i].is = &sim->config->starts[i];
    return 0;
}

int sim_new(const struct sim_config *config, uint64_t seed, struct sim **out,
            struct ballast_error *err)
{
    int rc = check_config(config, err);
    if (rc < 0)
        return rc;
    struct sim *sim = calloc(1, sizeof(*sim));
    if (!sim)
        return ballast_fail(err, -ENOMEM, "out of memory");
    sim->config = config;
    sim->page_kib = config->page_kib;
    sim->total_pages = sim_pages_of(sim, config->total_kib);
    sim->xen_pages = sim_pages_of(sim, config->xen_kib);
    sim->slack_pages = sim_pages_of(sim, config->slack_kib);
    sim->rand = sim_rand_of(seed != 0 ? seed : config->seed, 0);
    sim->next_id = 1;
    if ((rc = sim_room(sim, err)) < 0 || (rc = add_configured_guests(sim, err)) < 0) {
        sim_free(sim);
        return rc;
    }
    sim->score.minimum_free_kib = sim->free_pages * sim->page_kib;
    sim_starts_step(sim);
    *out = sim;
    return 0;
}

void sim_free(struct sim *sim)
{
    if (!sim)
        return;
    free(sim->domains);
    free(sim->starts);
    free(sim->snapshots[0].domains);
    free(sim->snapshots[1].domains);
    free(sim);
}

uint64_t sim_now_usec(const struct sim *sim)
{
    return sim->now_usec;
}

uint64_t sim_free_kib(const struct sim *sim)
{
    return sim->free_pages * sim->page_kib;
}

uint64_t sim_page_kib(const struct sim *sim)
{
    return sim->page_kib;
}

uint64_t sim_claimed_kib(const struct sim *sim)
{
    return sim_claimed_pages(sim) * sim->page_kib;
}

uint64_t sim_available_kib(const struct sim *sim)
{
    return sim_available_pages(sim) * sim->page_kib;
}

static void scrub_step(struct sim *sim, uint64_t usec)
{
    uint64_t rate_kib = sim->config->scrub_rate_kib;
    if (sim->dirty_pages == 0)
        return;
    uint64_t pages = sim_rate_pages(sim, rate_kib, usec, &sim->scrub_credit);
    sim->dirty_pages = ballast_sub_floor(sim->dirty_pages, pages);
}

void sim_balloons_step(struct sim *sim, uint64_t usec)
{
    for (size_t i = 0; i < sim->domain_count; i++) {
        struct sim_domain *domain = &sim->domains[i];
        if (domain->alive && !domain->building)
            sim_guest_give(sim, domain, usec);
    }
    scrub_step(sim, usec);
}

static void takers_step(struct sim *sim, uint64_t usec)
{
    /* The first guest changes from step to step, or one guest would win every race. */
    size_t first = sim->domain_count > 0 ? sim_rand_below(&sim->rand, sim->domain_count) : 0;
    for (size_t i = 0; i < sim->domain_count; i++) {
        struct sim_domain *domain = &sim->domains[(first + i) % sim->domain_count];
        if (domain->alive && !domain->building)
            sim_guest_take(sim, domain, usec);
    }
    for (size_t i = 0; i < sim->domain_count; i++) {
        struct sim_domain *domain = &sim->domains[i];
        if (domain->alive && domain->building)
            sim_build_step(sim, domain, usec);
    }
}

int sim_check_pages(const struct sim *sim, struct ballast_error *err)
{
    uint64_t held = 0;
    for (size_t i = 0; i < sim->domain_count; i++)
        held += sim->domains[i].tot_pages + sim->domains[i].overhead_pages;
    if (sim->xen_pages + held + sim->free_pages != sim->total_pages)
        return ballast_fail(err, -EPROTO,
                            "conservation: at %" PRIu64 " us Xen %" PRIu64 " + domains %" PRIu64
                            " + free %" PRIu64 " pages do not make the total of %" PRIu64,
                            sim->now_usec, sim->xen_pages, held, sim->free_pages, sim->total_pages);
    for (size_t i = 0; i < sim->domain_count; i++) {
        if (sim->domains[i].pod_cache_pages > sim->domains[i].tot_pages)
            return ballast_fail(err, -EPROTO,
                                "conservation: at %" PRIu64 " us the cache of domain %" PRIu32
                                " has %" PRIu64 " pages, and it holds only %" PRIu64,
                                sim->now_usec, sim->domains[i].id, sim->domains[i].pod_cache_pages,
                                sim->domains[i].tot_pages);
    }
    if (sim->dirty_pages > sim->free_pages)
        return ballast_fail(err, -EPROTO,
                            "conservation: at %" PRIu64 " us %" PRIu64
                            " pages wait to be scrubbed, but only %" PRIu64 " are free",
                            sim->now_usec, sim->dirty_pages, sim->free_pages);
    return 0;
}

int sim_step(struct sim *sim, uint64_t usec, struct ballast_error *err)
{
    sim->now_usec += usec;
    sim_reboots_step(sim);
    sim_balloons_step(sim, usec);
    takers_step(sim, usec);
    for (size_t i = 0; i < sim->domain_count; i++) {
        if (sim->domains[i].alive && !sim->domains[i].building)
            sim_guest_set_targets(sim, &sim->domains[i]);
        if (sim->domains[i].alive)
            sim_guest_live(sim, &sim->domains[i]);
    }
    sim_starts_step(sim);
    return sim_check_pages(sim, err);
}

size_t sim_domain_count(const struct sim *sim)
{
    return sim->domain_count;
}

static int compare_domid_key(const void *key, const void *member)
{
    uint32_t a = *(const uint32_t *)key;
    uint32_t b = ((const struct sim_domain *)member)->id;
    return (a > b) - (a < b);
}

/* Ids only increase, and a domain that ends leaves no gap: the array is in their order. */
const struct sim_guest_config *sim_domain_config(const struct sim *sim, uint32_t domid)
{
    const struct sim_domain *domain =
        bsearch(&domid, sim->domains, sim->domain_count, sizeof(*domain), compare_domid_key);
    return domain && domain->alive ? domain->is : NULL;
}

void sim_domain_view(const struct sim *sim, size_t i, struct sim_domain_view *out)
{
    const struct sim_domain *domain = &sim->domains[i];
    *out = (struct sim_domain_view){
        .name = domain->is->name,
        .id = domain->id,
        .alive = domain->alive,
        .built = domain->built,
        .state = sim_guest_state(sim, domain),
        .tot_kib = domain->tot_pages * sim->page_kib,
        .target_kib = domain->target_pages * sim->page_kib,
        .maxmem_kib = domain->maxmem_pages * sim->page_kib,
        .need_kib = domain->alive ? domain->need_kib : 0,
        .dynamic_min_kib = domain->is->dynamic_min_kib,
        .shortfall_kibms = domain->shortfall_kibms,
        .target_writes = domain->target_writes,
        .killed = domain->killed,
    };
}
