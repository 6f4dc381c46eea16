/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a guest's balloon moves, and how a guest dies. */
#include "core/base/units.h"
#include "core/sim/sim_inside.h"

/* The streams of reports lie behind those of the domains themselves. */
#define REPORT_STREAMS (UINT64_C(1) << 32)

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

struct sim_domain *sim_domain_add(struct sim *sim, const struct sim_guest_config *is)
{
    struct sim_domain *domain = &sim->domains[sim->domain_count++];
    *domain = (struct sim_domain){.is = is, .alive = true};
    domain->id = is->dom0 ? 0 : sim->next_id++;
    domain->overhead_pages = sim_pages_of(sim, is->overhead_kib);
    domain->target_pages = sim_pages_of(sim, is->target_kib);
    domain->maxmem_pages = sim_pages_of(sim, is->maxmem_kib);
    domain->rand = sim_rand_of(sim->rand.state, domain->id);
    domain->report_rand = sim_rand_of(sim->rand.state, REPORT_STREAMS + domain->id);
    domain->pressure.counted_usec = domain->pressure.period_usec = sim->now_usec;
    return domain;
}

/* How long its balloon worked from 0 to `usec` under its duty cycle. */
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
    if (domain->shut || sim_spans_hold(&domain->is->paused, sim->now_usec))
        return BALLAST_DOMAIN_PAUSED;
    return BALLAST_DOMAIN_RUN;
}

void sim_domain_die(struct sim *sim, struct sim_domain *domain)
{
    sim_pages_free(sim, domain, domain->tot_pages);
    domain->tot_pages = domain->overhead_pages;
    domain->overhead_pages = 0;
    sim_pages_free(sim, domain, domain->tot_pages);
    domain->claim_pages = 0;
    domain->left_pages = 0;
    domain->pod_entry_pages = 0;
    domain->pod_cache_pages = 0;
    domain->alive = false;
    domain->building = false;
}

uint64_t sim_lowest_stop_kib(const struct sim_domain *domain)
{
    const struct sim_guest_config *is = domain->is;
    bool needs_all = is->panics || is->starve_usec > 0;
    uint64_t stop_kib = ballast_max_u64(is->floor_kib, is->dies_below_kib);
    stop_kib = ballast_max_u64(stop_kib, needs_all ? domain->need_kib : 0);
    return ballast_max_u64(stop_kib, is->dynamic_min_kib);
}

/* How low it goes by itself if its target is below its current memory. */
static uint64_t stop_down_pages(const struct sim *sim, const struct sim_domain *domain)
{
    const struct sim_guest_config *is = domain->is;
    if (sim->least)
        return ballast_div_up(sim_lowest_stop_kib(domain), sim->page_kib);
    uint64_t floor_kib = ballast_max_u64(is->floor_kib, is->starve_usec > 0 ? domain->need_kib : 0);
    return ballast_max_u64(domain->target_pages + is->inaccuracy_kib / sim->page_kib,
                           ballast_div_up(floor_kib, sim->page_kib));
}

static uint64_t drip_pages(const struct sim *sim, struct sim_domain *domain)
{
    if (sim->now_usec - domain->drip_usec < domain->is->drip_usec)
        return 0;
    domain->drip_usec = sim->now_usec;
    return 1;
}

static void leave_memory(struct sim *sim, struct sim_domain *domain, uint64_t usec)
{
    uint64_t pages = sim_rate_pages(sim, domain->is->reclaim_kib_per_sec, usec, &domain->credit);
    /* A guest that shuts down touches nothing any more: what was to be populated is dropped. */
    domain->pod_entry_pages = domain->pod_cache_pages = 0;
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
        leave_memory(sim, domain, usec);
        return;
    }
    uint64_t working_usec = sim_guest_working_usec(sim, domain, usec);
    uint64_t stop = stop_down_pages(sim, domain);
    bool grabbing = is->grabs && domain->maxmem_pages > domain->tot_pages && !sim->least;
    bool pod = sim_pod_is_uncovered(domain);
    if (working_usec == 0 || (domain->tot_pages <= stop && !pod) || grabbing ||
        (sim->least && is->shares == 0))
        return;
    uint64_t pages = is->drip_usec > 0 ? drip_pages(sim, domain)
                                       : sim_rate_pages(sim, is->reclaim_kib_per_sec, working_usec,
                                                        &domain->credit);
    if (domain->pod_entry_pages > 0)
        pages = sim_pod_give(sim, domain, stop, pages);
    pages = ballast_min_u64(pages, ballast_sub_floor(domain->tot_pages, stop));
    sim_pages_free(sim, domain, pages);
    domain->panics =
        is->panics && pages > 0 && domain->tot_pages * sim->page_kib < domain->need_kib;
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
    if (!domain->alive || sim->now_usec >= domain->is->shutdown_usec || domain->tot_pages >= stop ||
        sim_pod_is_uncovered(domain))
        return;
    uint64_t working_usec = sim_guest_working_usec(sim, domain, usec);
    if (working_usec == 0)
        return;
    uint64_t pages =
        sim_rate_pages(sim, domain->is->grow_kib_per_sec, working_usec, &domain->credit);
    pages = ballast_min_u64(pages, stop - domain->tot_pages);
    sim_pages_take(sim, domain, ballast_min_u64(pages, sim_takeable_pages(sim, domain)));
}

/* It should free memory and has none to free: whatever becomes free in it goes to its balloon. */
static bool starves_long(const struct sim *sim, struct sim_domain *domain)
{
    uint64_t tot_kib = domain->tot_pages * sim->page_kib;
    bool squeezed = domain->is->starve_usec > 0 && sim_guest_has_balloon(sim, domain) &&
                    domain->target_pages < domain->tot_pages &&
                    tot_kib <= ballast_add_ceil(domain->need_kib, sim->page_kib);
    if (!squeezed)
        domain->starves_usec = 0;
    else if (domain->starves_usec == 0)
        domain->starves_usec = sim->now_usec;
    return squeezed && sim->now_usec - domain->starves_usec >= domain->is->starve_usec;
}

/*
 * Deaths for lack of memory: the guest's own out-of-memory killer, a kernel that has freed memory
 * that it uses or is kept short ("System is deadlocked on memory"), and a populate-on-demand guest
 * that touches more than its cache ("Dom24 out of PoD memory!").
 */
static bool must_die(const struct sim *sim, struct sim_domain *domain)
{
    uint64_t tot_kib = domain->tot_pages * sim->page_kib;
    bool starved = starves_long(sim, domain);
    if (tot_kib < domain->is->dies_below_kib || domain->panics || starved)
        return true;
    return domain->pod_entry_pages > 0 && !sim_pod_touch(sim, domain);
}

void sim_guest_set_targets(struct sim *sim, struct sim_domain *domain)
{
    const struct sim_need *sets = &domain->is->set_targets;
    while (domain->targets_set < sets->step_count &&
           sets->steps[domain->targets_set].at_usec <= sim->now_usec) {
        domain->target_pages = sets->steps[domain->targets_set++].kib / sim->page_kib;
        domain->maxmem_pages = domain->target_pages;
        sim_pod_follow(sim, domain);
    }
}

void sim_guest_live(struct sim *sim, struct sim_domain *domain)
{
    enum ballast_domain_state state = sim_guest_state(sim, domain);
    if (domain->building || state == BALLAST_DOMAIN_PAUSED) {
        domain->pressure.counted_usec = sim->now_usec; /* it waits for nothing */
        return;
    }
    domain->need_kib = sim_need_now(sim, domain);
    sim_pressure_count(sim, domain);
    bool says = sim_spans_hold(&domain->is->says_suspend, sim->now_usec);
    domain->suspend_believed = suspend_report_sample(&domain->suspend, says, sim->now_usec);
    if (must_die(sim, domain)) {
        sim_domain_die(sim, domain);
        domain->killed = true;
        sim->score.guests_died++;
        return;
    }
    if (sim_guest_has_balloon(sim, domain) || domain->is->no_balloon)
        sim_report_make(sim, domain);
}
