/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The score, from the true state, not a policy's estimate. */
#include "core/base/units.h"
#include "core/sim/score/inside.h"
#include "core/sim/score/score.h"

static uint64_t waited_for_pages(const struct sim *sim)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < sim->config->start_count; i++) {
        if (sim->starts[i].state == SIM_START_WAITING && sim->starts[i].feasible)
            pages += ballast_div_up(sim->starts[i].is->need_kib, sim->page_kib);
    }
    return pages;
}

/* What a guest is short of; a guest that boots or is paused needs nothing yet. */
static uint64_t short_kib(const struct sim *sim, const struct sim_domain *domain)
{
    if (!domain->alive || domain->building ||
        sim_guest_state(sim, domain) == BALLAST_DOMAIN_PAUSED ||
        sim->now_usec >= domain->is->shutdown_usec)
        return 0;
    return ballast_sub_floor(domain->need_kib, domain->tot_pages * sim->page_kib);
}

/*
 * What no balancer can provide: more than it may have or can grow to, or anything while it is
 * paused.
 */
static uint64_t infeasible_kib(const struct sim *sim, const struct sim_domain *domain)
{
    const struct sim_guest_config *is = domain->is;
    uint64_t tot_kib = domain->tot_pages * sim->page_kib;
    uint64_t most_kib = ballast_min_u64(is->dynamic_max_kib, is->ceiling_kib);
    bool moves = sim_guest_state(sim, domain) == BALLAST_DOMAIN_RUN &&
                 sim_guest_has_balloon(sim, domain) && !sim_spans_hold(&is->stuck, sim->now_usec) &&
                 is->shares > 0;
    if (!moves)
        most_kib = tot_kib;
    return ballast_sub_floor(domain->need_kib, ballast_max_u64(most_kib, tot_kib));
}

/*
 * The shortfall that would remain if memory moved instantly: what is infeasible for each guest, and
 * what the host lacks with every guest at its need, or its minimum.
 */
static uint64_t unavoidable_kib(const struct sim *sim)
{
    uint64_t infeasible = 0;
    uint64_t wanted_kib = (sim->xen_pages + sim->slack_pages) * sim->page_kib;
    for (size_t i = 0; i < sim->domain_count; i++) {
        const struct sim_domain *domain = &sim->domains[i];
        uint64_t short_by_kib = short_kib(sim, domain);
        uint64_t never_kib = short_by_kib > 0 ? infeasible_kib(sim, domain) : 0;
        if (!domain->alive)
            continue;
        infeasible += never_kib;
        bool moves = sim_guest_state(sim, domain) == BALLAST_DOMAIN_RUN &&
                     sim_guest_has_balloon(sim, domain);
        uint64_t tot_kib = domain->tot_pages * sim->page_kib;
        uint64_t fair_kib = ballast_max_u64(domain->need_kib - never_kib, domain->is->floor_kib);
        fair_kib = ballast_max_u64(fair_kib, domain->is->dynamic_min_kib);
        wanted_kib += domain->overhead_pages * sim->page_kib + domain->left_pages * sim->page_kib;
        wanted_kib +=
            moves ? ballast_min_u64(fair_kib, ballast_max_u64(tot_kib, domain->need_kib)) : tot_kib;
    }
    return infeasible + ballast_sub_floor(wanted_kib, sim->total_pages * sim->page_kib);
}

static bool below_min(const struct sim *sim, const struct sim_domain *domain)
{
    uint64_t min_kib = domain->is->dynamic_min_kib;
    return domain->alive && !domain->building && domain->target_pages * sim->page_kib < min_kib &&
           domain->tot_pages * sim->page_kib < min_kib && sim->now_usec < domain->is->shutdown_usec;
}

void sim_score_add(struct sim *sim, uint64_t usec)
{
    struct sim_score *score = &sim->score;
    uint64_t ms = usec / 1000;
    uint64_t all_short_kib = 0;
    for (size_t i = 0; i < sim->domain_count; i++) {
        struct sim_domain *domain = &sim->domains[i];
        uint64_t kib = short_kib(sim, domain);
        domain->shortfall_kibms += kib * ms;
        all_short_kib += kib;
        if (below_min(sim, domain))
            score->below_min_ms += ms;
    }
    uint64_t idle_pages = ballast_sub_floor(sim_available_pages(sim), waited_for_pages(sim));
    uint64_t idle_kib = idle_pages * sim->page_kib;
    score->shortfall_kibms += all_short_kib * ms;
    score->unavoidable_kibms += ballast_min_u64(unavoidable_kib(sim), all_short_kib) * ms;
    score->idle_kibms += idle_kib * ms;
    score->idle_short_kibms += ballast_min_u64(idle_kib, all_short_kib) * ms;
    score->minimum_free_kib =
        ballast_min_u64(score->minimum_free_kib, sim->free_pages * sim->page_kib);
    score->elapsed_usec = sim->now_usec;
}

void sim_score(const struct sim *sim, struct sim_score *out)
{
    *out = sim->score;
}
