/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Populate-on-demand, as in xen/arch/x86/mm/p2m-pod.c. With P pages populated, C in the cache and E
 * entries to be populated, a domain has T = P + C pages and its kernel believes it has B = P + E.
 *
 * The guest touches an entry: the page comes from the cache; with an empty cache the domain dies
 * (p2m_pod_demand_populate). A raised target: the cache follows at once, up to the number of
 * entries. A lowered one: nothing is freed (p2m_pod_set_mem_target). The balloon driver frees
 * pages: entries first, since a balloon finds untouched memory free, then what the cache has beyond
 * the remaining entries (p2m_pod_decrease_reservation). With E = C all entries are covered, and the
 * domain is like any other.
 */
#include "core/base/units.h"
#include "core/sim/sim_inside.h"

static uint64_t populated_pages(const struct sim_domain *domain)
{
    return domain->tot_pages - domain->pod_cache_pages;
}

void sim_pod_begin(struct sim *sim, struct sim_domain *domain)
{
    if (!domain->is->pod)
        return;
    uint64_t whole = domain->is->static_max_kib / sim->page_kib;
    domain->pod_cache_pages = domain->tot_pages;
    domain->pod_entry_pages = ballast_max_u64(whole, domain->tot_pages);
}

bool sim_pod_is_uncovered(const struct sim_domain *domain)
{
    return domain->pod_entry_pages > domain->pod_cache_pages;
}

bool sim_pod_touch(const struct sim *sim, struct sim_domain *domain)
{
    uint64_t need = ballast_div_up(domain->need_kib, sim->page_kib);
    uint64_t more =
        ballast_min_u64(ballast_sub_floor(need, populated_pages(domain)), domain->pod_entry_pages);
    bool enough = more <= domain->pod_cache_pages;
    more = ballast_min_u64(more, domain->pod_cache_pages);
    domain->pod_entry_pages -= more;
    domain->pod_cache_pages -= more;
    return enough;
}

void sim_pod_follow(struct sim *sim, struct sim_domain *domain)
{
    if (!sim_pod_is_uncovered(domain) || domain->building)
        return;
    uint64_t upto = ballast_min_u64(domain->target_pages, domain->maxmem_pages);
    uint64_t more = ballast_sub_floor(upto, domain->tot_pages);
    more = ballast_min_u64(more, domain->pod_entry_pages - domain->pod_cache_pages);
    more = ballast_min_u64(more, sim_takeable_pages(sim, domain));
    sim_pages_take(sim, domain, more);
    domain->pod_cache_pages += more;
}

uint64_t sim_pod_give(struct sim *sim, struct sim_domain *domain, uint64_t stop, uint64_t pages)
{
    uint64_t thinks = populated_pages(domain) + domain->pod_entry_pages;
    uint64_t gives = ballast_min_u64(pages, ballast_sub_floor(thinks, stop));
    uint64_t entries = ballast_min_u64(gives, domain->pod_entry_pages);
    domain->pod_entry_pages -= entries;
    uint64_t beyond = ballast_sub_floor(domain->pod_cache_pages, domain->pod_entry_pages);
    domain->pod_cache_pages -= beyond;
    sim_pages_free(sim, domain, beyond);
    return pages - entries;
}
