/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's pages: which domain has them, and which of the free ones are reserved. */
#include <errno.h>
#include <inttypes.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/sim/sim_inside.h"

uint64_t sim_pages_of(const struct sim *sim, uint64_t kib)
{
    return kib == BALLAST_NONE ? BALLAST_NONE : kib / sim->page_kib;
}

void sim_pages_free(struct sim *sim, struct sim_domain *domain, uint64_t pages)
{
    domain->tot_pages -= pages;
    sim->free_pages += pages;
    if (sim->config->scrub_rate_kib > 0)
        sim->dirty_pages += pages;
}

void sim_pages_take(struct sim *sim, struct sim_domain *domain, uint64_t pages)
{
    domain->tot_pages += pages;
    sim->free_pages -= pages;
}

uint64_t sim_reserved_claim_pages(const struct sim *sim)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < sim->claim_count; i++)
        pages += sim->claims[i].pages;
    return pages;
}

uint64_t sim_claimed_pages(const struct sim *sim)
{
    uint64_t pages = sim_reserved_claim_pages(sim);
    for (size_t i = 0; i < sim->domain_count; i++)
        pages += sim->domains[i].claim_pages;
    return pages;
}

size_t sim_node_count(const struct sim *sim)
{
    return sim->config->nodes.count;
}

/* A domain is on one node, so what a node has given is what those on it hold. */
static uint64_t node_held_pages(const struct sim *sim, uint64_t node)
{
    uint64_t pages = node == 0 ? sim->xen_pages : 0;
    for (size_t i = 0; i < sim->domain_count; i++) {
        const struct sim_domain *domain = &sim->domains[i];
        if (domain->is->node == node)
            pages += domain->tot_pages + domain->overhead_pages;
    }
    return pages;
}

static uint64_t node_claimed_pages(const struct sim *sim, uint64_t node)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < sim->claim_count; i++)
        pages += sim->claims[i].node == node + 1 ? sim->claims[i].pages : 0;
    for (size_t i = 0; i < sim->domain_count; i++)
        pages += sim->domains[i].is->node == node ? sim->domains[i].claim_pages : 0;
    return pages;
}

static uint64_t node_pages(const struct sim *sim, uint64_t node)
{
    return sim_pages_of(sim, sim->config->nodes.kib[node]);
}

uint64_t sim_unclaimed_pages(const struct sim *sim, uint64_t node)
{
    uint64_t pages = ballast_sub_floor(sim->free_pages, sim_claimed_pages(sim));
    if (node >= sim_node_count(sim))
        return pages;
    uint64_t taken = ballast_add_ceil(node_held_pages(sim, node), node_claimed_pages(sim, node));
    return ballast_min_u64(pages, ballast_sub_floor(node_pages(sim, node), taken));
}

uint64_t sim_takeable_pages(const struct sim *sim, const struct sim_domain *domain)
{
    return ballast_min_u64(sim_unclaimed_pages(sim, domain->is->node),
                           sim->free_pages - sim->dirty_pages);
}

int sim_check_nodes(const struct sim *sim, struct ballast_error *err)
{
    uint64_t sum = 0;
    for (uint64_t node = 0; node < sim_node_count(sim); node++) {
        if (node_held_pages(sim, node) > node_pages(sim, node))
            return ballast_fail(err, -EINVAL,
                                "node %" PRIu64 ": Xen and the guests on it have %" PRIu64
                                " KiB, more than its %" PRIu64 " KiB; make it larger",
                                node, node_held_pages(sim, node) * sim->page_kib,
                                node_pages(sim, node) * sim->page_kib);
        sum += node_pages(sim, node);
    }
    if (sum != sim->total_pages && sim_node_count(sim) > 0)
        return ballast_fail(err, -EINVAL,
                            "the nodes have %" PRIu64 " KiB, and the host %" PRIu64
                            " KiB; make them equal",
                            sum * sim->page_kib, sim->total_pages * sim->page_kib);
    for (size_t i = 0; i < sim->config->guest_count + sim->config->start_count; i++) {
        const struct sim_guest_config *is =
            i < sim->config->guest_count ? &sim->config->guests[i]
                                         : &sim->config->starts[i - sim->config->guest_count].guest;
        if (is->node > 0 && is->node >= sim_node_count(sim))
            return ballast_fail(err, -EINVAL,
                                "guest %s: there is no node %" PRIu64 "; use a lower one", is->name,
                                is->node);
    }
    return 0;
}

uint64_t sim_reserved_pages(const struct sim *sim)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < sim->config->start_count; i++) {
        if (sim->starts[i].state == SIM_START_GRANTED)
            pages += ballast_div_up(sim->starts[i].is->need_kib, sim->page_kib);
    }
    return pages;
}

/*
 * A claim is for memory that a build still needs, so what builds need covers it; that of
 * sim_claim() is for what is reserved.
 */
uint64_t sim_available_pages(const struct sim *sim)
{
    uint64_t taken = sim->slack_pages + sim_reserved_pages(sim);
    for (size_t i = 0; i < sim->domain_count; i++) {
        const struct sim_domain *domain = &sim->domains[i];
        taken += ballast_max_u64(domain->left_pages, domain->claim_pages);
    }
    return ballast_sub_floor(sim->free_pages, taken);
}
