/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's pages: which domain has them, and which of the free ones are reserved. */
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

uint64_t sim_takeable_pages(const struct sim *sim)
{
    uint64_t unclaimed = ballast_sub_floor(sim->free_pages, sim_claimed_pages(sim));
    return ballast_min_u64(unclaimed, sim->free_pages - sim->dirty_pages);
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
