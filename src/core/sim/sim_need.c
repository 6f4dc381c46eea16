/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest needs over time, and what it reports. */
#include "core/base/units.h"
#include "core/sim/sim_inside.h"

/* A random working set changes once per second. */
#define WALK_USEC BALLAST_SEC_USEC

static uint64_t steps_need(const struct sim_need *need, uint64_t usec)
{
    uint64_t kib = need->step_count > 0 ? need->steps[0].kib : 0;
    for (size_t i = 1; i < need->step_count && need->steps[i].at_usec <= usec; i++)
        kib = need->steps[i].kib;
    return kib;
}

static uint64_t ramp_need(const struct sim_need *need, uint64_t usec)
{
    if (usec <= need->from_usec)
        return need->low_kib;
    if (usec >= need->until_usec)
        return need->high_kib;
    uint64_t done = usec - need->from_usec;
    uint64_t all = need->until_usec - need->from_usec;
    if (need->high_kib >= need->low_kib)
        return need->low_kib + ballast_mul_div(need->high_kib - need->low_kib, done, all);
    return need->low_kib - ballast_mul_div(need->low_kib - need->high_kib, done, all);
}

static uint64_t walk_need(const struct sim *sim, struct sim_domain *domain)
{
    const struct sim_need *need = &domain->is->need;
    uint64_t width_kib = need->high_kib - need->low_kib;
    if (domain->walk_kib == 0) {
        domain->walk_kib = need->low_kib + sim_rand_below(&domain->rand, width_kib + 1);
        domain->walk_usec = sim->now_usec;
    }
    while (sim->now_usec - domain->walk_usec >= WALK_USEC) {
        uint64_t step_kib = sim_rand_below(&domain->rand, 2 * need->walk_kib + 1);
        uint64_t up_kib = domain->walk_kib + step_kib;
        uint64_t next_kib = ballast_sub_floor(up_kib, need->walk_kib);
        domain->walk_kib =
            ballast_max_u64(need->low_kib, ballast_min_u64(need->high_kib, next_kib));
        domain->walk_usec += WALK_USEC;
    }
    return domain->walk_kib;
}

uint64_t sim_need_now(const struct sim *sim, struct sim_domain *domain)
{
    const struct sim_need *need = &domain->is->need;
    uint64_t usec = domain->built ? sim->now_usec - domain->runs_from_usec : sim->now_usec;
    switch (need->kind) {
    case SIM_NEED_STEPS:
        return steps_need(need, usec);
    case SIM_NEED_RAMP:
        return ramp_need(need, usec);
    case SIM_NEED_SQUARE:
        return usec % (need->low_usec + need->high_usec) < need->low_usec ? need->low_kib
                                                                          : need->high_kib;
    case SIM_NEED_WALK:
        return walk_need(sim, domain);
    default:
        return 0;
    }
}

/* How long an oscillating claim stays high, and then low. */
#define CLAIM_USEC (10 * BALLAST_SEC_USEC)

static uint64_t oscillating_kib(const struct sim *sim, const struct sim_guest_config *is)
{
    bool high = sim->now_usec / CLAIM_USEC % 2 == 0;
    return high ? is->claim_kib : is->claim_kib / 4;
}

/* A guest does not know of its video memory. */
static uint64_t said_used(const struct sim *sim, struct sim_domain *domain)
{
    const struct sim_guest_config *is = domain->is;
    uint64_t kib = ballast_sub_floor(domain->need_kib, is->video_kib);
    switch (is->report) {
    case SIM_REPORT_LOW:
        return kib / 4;
    case SIM_REPORT_HIGH:
        return ballast_mul_div(kib, 4, 1);
    case SIM_REPORT_RANDOM:
        return sim_rand_below(&domain->rand, 2 * is->static_max_kib + 1);
    case SIM_REPORT_HUGE:
        return UINT64_MAX - 1; /* UINT64_MAX means no report */
    case SIM_REPORT_SCALED:
        return ballast_mul_div(kib, is->scale_permyriad, BALLAST_PERMYRIAD);
    case SIM_REPORT_ALL:
        return ballast_sub_floor(domain->tot_pages * sim->page_kib, is->video_kib);
    case SIM_REPORT_CONSTANT:
        return is->claim_kib;
    case SIM_REPORT_FOLLOWING:
        return ballast_sub_floor(domain->target_pages * sim->page_kib, is->video_kib);
    case SIM_REPORT_OSCILLATING:
        return oscillating_kib(sim, is);
    case SIM_REPORT_FREE:
    case SIM_REPORT_HONEST:
    case SIM_REPORT_NONE:
    case SIM_REPORTS:
    default:
        return kib;
    }
}

/* Off by a random part, up or down. */
static uint64_t noisy_kib(struct sim_domain *domain, uint64_t kib)
{
    uint64_t noise = domain->is->noise_permyriad;
    if (noise == 0)
        return kib;
    uint64_t off = sim_rand_below(&domain->report_rand, 2 * noise + 1);
    uint64_t part = ballast_sub_floor(BALLAST_PERMYRIAD + off, noise);
    return ballast_min_u64(ballast_mul_div(kib, part, BALLAST_PERMYRIAD), UINT64_MAX - 1);
}

static bool says_use(const struct sim_domain *domain)
{
    enum sim_report report = domain->is->report;
    return report >= SIM_REPORT_ALL || (report != SIM_REPORT_NONE && domain->need_kib > 0);
}

/* Its report is its free memory: then what it uses never exceeds what it has. */
static bool says_free(const struct sim_guest_config *is)
{
    return is->report == SIM_REPORT_FREE || is->pressure != SIM_PRESSURE_NONE;
}

/* Of what it says that it uses: in swap. Only Qubes' writer says that. */
static uint64_t said_swap(const struct sim_domain *domain, uint64_t used_kib, uint64_t has_kib)
{
    const struct sim_guest_config *is = domain->is;
    uint64_t lacks_kib =
        ballast_sub_floor(ballast_sub_floor(domain->need_kib, is->video_kib), has_kib);
    if (says_free(is) || is->swap == SIM_SWAP_NONE)
        return 0;
    if (is->swap == SIM_SWAP_CLAIMED)
        return ballast_sub_floor(used_kib, has_kib);
    return sim_has_swap(is) ? ballast_min_u64(lacks_kib, used_kib) : 0;
}

void sim_report_make(struct sim *sim, struct sim_domain *domain)
{
    const struct sim_guest_config *is = domain->is;
    if (!says_use(domain) && is->pressure == SIM_PRESSURE_NONE)
        return;
    const struct sim_said *last = &domain->said[(domain->said_count + SIM_LATE - 1) % SIM_LATE];
    if (domain->said_count > 0 && sim->now_usec - last->made_usec < is->report_every_usec)
        return;
    struct sim_said said = {
        .made_usec = sim->now_usec, .used_kib = BALLAST_NONE, .free_kib = BALLAST_NONE};
    if (says_use(domain)) {
        uint64_t has_kib = ballast_sub_floor(domain->tot_pages * sim->page_kib, is->video_kib);
        said.used_kib = noisy_kib(domain, said_used(sim, domain));
        if (says_free(is))
            said.used_kib = ballast_min_u64(said.used_kib, has_kib);
        said.free_kib = ballast_sub_floor(has_kib, said.used_kib);
        said.swap_kib = said_swap(domain, said.used_kib, has_kib);
    }
    sim_pressure_say(sim, domain, &said);
    domain->said[domain->said_count % SIM_LATE] = said;
    domain->said_count++;
}

/*
 * Which program in it wrote that. One that says more than the guest has counts swap, as Qubes'
 * does; an agent that knows of pressure is ours.
 */
static enum ballast_report_source source_of(const struct sim_domain *domain,
                                            const struct sim_said *said)
{
    if (said->used_kib == BALLAST_NONE)
        return BALLAST_REPORT_NONE;
    if (domain->is->pressure != SIM_PRESSURE_NONE)
        return BALLAST_REPORT_BALLAST_AGENT;
    return domain->is->report == SIM_REPORT_FREE ? BALLAST_REPORT_GUEST_AGENT
                                                 : BALLAST_REPORT_MEMINFO;
}

static void show_report(const struct sim *sim, const struct sim_domain *domain,
                        const struct sim_said *said, struct ballast_domain *out)
{
    uint64_t age_usec = sim->now_usec - said->made_usec;
    out->used_kib = said->used_kib;
    out->reported_free_kib = said->free_kib;
    out->reported_swap_kib = said->swap_kib;
    out->report_age_usec = said->used_kib == BALLAST_NONE ? BALLAST_NONE : age_usec;
    out->report_source = source_of(domain, said);
    sim_pressure_seen(domain, said, age_usec, &out->pressure);
}

void sim_report_seen(const struct sim *sim, const struct sim_domain *domain,
                     struct ballast_domain *out)
{
    out->used_kib = BALLAST_NONE;
    out->reported_free_kib = BALLAST_NONE;
    out->reported_swap_kib = 0;
    out->report_age_usec = BALLAST_NONE;
    uint64_t kept = ballast_min_u64(domain->said_count, SIM_LATE);
    for (uint64_t back = 1; back <= kept; back++) {
        const struct sim_said *said = &domain->said[(domain->said_count - back) % SIM_LATE];
        if (sim->now_usec - said->made_usec < domain->is->report_late_usec)
            continue;
        show_report(sim, domain, said, out);
        return;
    }
}
