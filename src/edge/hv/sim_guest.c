/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a guest's balloon moves, and how a guest dies. */
#include "core/base/units.h"
#include "edge/hv/sim_inside.h"

bool sim_spans_hold(const struct sim_spans *spans, uint64_t usec)
{
    for (size_t i = 0; i < spans->count; i++) {
        if (usec >= spans->at[i].from_usec && usec < spans->at[i].until_usec)
            return true;
    }
    return false;
}

uint64_t sim_rate_pages(const struct sim *sim, uint64_t rate_kib, uint64_t usec, uint64_t *credit)
{
    uint64_t page = sim->page_kib * BALLAST_SEC_USEC;
    uint64_t have = ballast_add_ceil(*credit, ballast_mul_div(rate_kib, usec, 1));
    *credit = have % page;
    return have / page;
}

/* How long it worked from 0 to `usec` under its duty cycle. */
static uint64_t worked_usec(const struct sim_guest_config *is, uint64_t usec)
{
    uint64_t period = is->duty_work_usec + is->duty_stuck_usec;
    return usec / period * is->duty_work_usec + ballast_min_u64(usec % period, is->duty_work_usec);
}

uint64_t sim_guest_working_usec(const struct sim *sim, const struct sim_domain *domain,
                                uint64_t usec)
{
    const struct sim_guest_config *is = domain->is;
    uint64_t from = ballast_sub_floor(sim->now_usec, usec);
    if (!sim_guest_has_balloon(sim, domain) || sim_spans_hold(&is->stuck, from) ||
        sim_guest_state(sim, domain) != BALLAST_DOMAIN_RUN)
        return 0;
    if (is->duty_stuck_usec == 0)
        return usec;
    return worked_usec(is, sim->now_usec) - worked_usec(is, from);
}

bool sim_guest_has_balloon(const struct sim *sim, const struct sim_domain *domain)
{
    return !domain->is->no_balloon && !domain->building &&
           sim->now_usec >= domain->runs_from_usec + domain->is->boot_usec;
}

enum ballast_domain_state sim_guest_state(const struct sim *sim, const struct sim_domain *domain)
{
    if (domain->building)
        return BALLAST_DOMAIN_BUILD;
    if (sim_spans_hold(&domain->is->migrating, sim->now_usec))
        return BALLAST_DOMAIN_MIGRATING;
    if (sim_spans_hold(&domain->is->paused, sim->now_usec))
        return BALLAST_DOMAIN_PAUSED;
    return BALLAST_DOMAIN_RUN;
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

void sim_domain_die(struct sim *sim, struct sim_domain *domain)
{
    sim_pages_free(sim, domain, domain->tot_pages);
    domain->tot_pages = domain->overhead_pages;
    domain->overhead_pages = 0;
    sim_pages_free(sim, domain, domain->tot_pages);
    domain->claim_pages = 0;
    domain->left_pages = 0;
    domain->alive = false;
    domain->building = false;
}

uint64_t sim_least_stop_kib(const struct sim_guest_config *is)
{
    return ballast_max_u64(ballast_max_u64(is->dynamic_min_kib, is->floor_kib), is->dies_below_kib);
}

/* How far down it goes by itself when its target is below what it holds. */
static uint64_t stop_down_pages(const struct sim *sim, const struct sim_domain *domain)
{
    const struct sim_guest_config *is = domain->is;
    if (sim->least)
        return ballast_div_up(sim_least_stop_kib(is), sim->page_kib);
    return ballast_max_u64(domain->target_pages + is->inaccuracy_kib / sim->page_kib,
                           is->floor_kib / sim->page_kib);
}

static uint64_t drip_pages(const struct sim *sim, struct sim_domain *domain)
{
    if (sim->now_usec - domain->drip_usec < domain->is->drip_usec)
        return 0;
    domain->drip_usec = sim->now_usec;
    return 1;
}

static void give_back(struct sim *sim, struct sim_domain *domain, uint64_t usec)
{
    uint64_t pages = sim_rate_pages(sim, domain->is->rate_down_kib, usec, &domain->credit);
    sim_pages_free(sim, domain, ballast_min_u64(pages, domain->tot_pages));
    if (domain->tot_pages == 0)
        sim_domain_die(sim, domain);
}

void sim_guest_give(struct sim *sim, struct sim_domain *domain, uint64_t usec)
{
    const struct sim_guest_config *is = domain->is;
    if (sim->now_usec >= is->crash_usec) {
        sim_domain_die(sim, domain);
        return;
    }
    if (sim->now_usec >= is->shutdown_usec) {
        give_back(sim, domain, usec);
        return;
    }
    uint64_t working_usec = sim_guest_working_usec(sim, domain, usec);
    uint64_t stop = stop_down_pages(sim, domain);
    bool grabbing = is->grabs && domain->maxmem_pages > domain->tot_pages && !sim->least;
    if (working_usec == 0 || domain->tot_pages <= stop || grabbing ||
        (sim->least && is->shares == 0))
        return;
    uint64_t pages = is->drip_usec > 0
                         ? drip_pages(sim, domain)
                         : sim_rate_pages(sim, is->rate_down_kib, working_usec, &domain->credit);
    sim_pages_free(sim, domain, ballast_min_u64(pages, domain->tot_pages - stop));
}

uint64_t sim_claimed_pages(const struct sim *sim)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < sim->domain_count; i++)
        pages += sim->domains[i].claim_pages;
    return pages;
}

uint64_t sim_takeable_pages(const struct sim *sim)
{
    uint64_t unclaimed = ballast_sub_floor(sim->free_pages, sim_claimed_pages(sim));
    return ballast_min_u64(unclaimed, sim->free_pages - sim->dirty_pages);
}

static uint64_t stop_up_pages(const struct sim *sim, const struct sim_domain *domain)
{
    const struct sim_guest_config *is = domain->is;
    uint64_t wanted =
        is->grabs ? domain->maxmem_pages
                  : ballast_sub_floor(domain->target_pages, is->inaccuracy_kib / sim->page_kib);
    return ballast_min_u64(ballast_min_u64(wanted, domain->maxmem_pages),
                           is->ceiling_kib / sim->page_kib);
}

void sim_guest_take(struct sim *sim, struct sim_domain *domain, uint64_t usec)
{
    uint64_t stop = stop_up_pages(sim, domain);
    if (!domain->alive || sim->now_usec >= domain->is->shutdown_usec || domain->tot_pages >= stop)
        return;
    uint64_t working_usec = sim_guest_working_usec(sim, domain, usec);
    if (working_usec == 0)
        return;
    uint64_t pages = sim_rate_pages(sim, domain->is->rate_up_kib, working_usec, &domain->credit);
    pages = ballast_min_u64(pages, stop - domain->tot_pages);
    sim_pages_take(sim, domain, ballast_min_u64(pages, sim_takeable_pages(sim)));
}

/*
 * The two deaths of want: the guest's own out-of-memory killer, and a populate-on-demand guest that
 * touches more than its cache before its balloon runs ("Dom24 out of PoD memory!").
 */
static bool must_die(const struct sim *sim, const struct sim_domain *domain)
{
    uint64_t tot_kib = domain->tot_pages * sim->page_kib;
    if (tot_kib < domain->is->dies_below_kib)
        return true;
    return domain->is->pod && !sim_guest_has_balloon(sim, domain) && domain->need_kib > tot_kib;
}

void sim_guest_live(struct sim *sim, struct sim_domain *domain)
{
    enum ballast_domain_state state = sim_guest_state(sim, domain);
    if (domain->building || state == BALLAST_DOMAIN_PAUSED)
        return;
    domain->need_kib = sim_need_now(sim, domain);
    if (must_die(sim, domain)) {
        sim_domain_die(sim, domain);
        domain->killed = true;
        sim->score.guests_died++;
        return;
    }
    if (sim_guest_has_balloon(sim, domain) || domain->is->no_balloon)
        sim_report_make(sim, domain);
}
