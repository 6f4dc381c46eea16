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

/* A guest does not know of its video memory. */
static uint64_t said_used(struct sim_domain *domain)
{
    uint64_t kib = ballast_sub_floor(domain->need_kib, domain->is->video_kib);
    switch (domain->is->report) {
    case SIM_REPORT_LOW:
        return kib / 4;
    case SIM_REPORT_HIGH:
        return ballast_mul_div(kib, 4, 1);
    case SIM_REPORT_RANDOM:
        return sim_rand_below(&domain->rand, 2 * domain->is->static_max_kib + 1);
    case SIM_REPORT_HUGE:
        return UINT64_MAX - 1; /* UINT64_MAX means no report */
    case SIM_REPORT_HONEST:
    case SIM_REPORT_NONE:
    case SIM_REPORTS:
    default:
        return kib;
    }
}

void sim_report_make(struct sim *sim, struct sim_domain *domain)
{
    const struct sim_guest_config *is = domain->is;
    if (is->report == SIM_REPORT_NONE || domain->need_kib == 0)
        return;
    const struct sim_said *last = &domain->said[(domain->said_count + SIM_LATE - 1) % SIM_LATE];
    if (domain->said_count > 0 && sim->now_usec - last->made_usec < is->report_every_usec)
        return;
    struct sim_said said = {.made_usec = sim->now_usec, .used_kib = said_used(domain)};
    said.free_kib = ballast_sub_floor(domain->tot_pages * sim->page_kib,
                                      ballast_add_ceil(said.used_kib, is->video_kib));
    domain->said[domain->said_count % SIM_LATE] = said;
    domain->said_count++;
}

void sim_report_seen(const struct sim *sim, const struct sim_domain *domain,
                     struct ballast_domain *out)
{
    out->used_kib = BALLAST_NONE;
    out->reported_free_kib = BALLAST_NONE;
    out->report_age_usec = BALLAST_NONE;
    uint64_t kept = ballast_min_u64(domain->said_count, SIM_LATE);
    for (uint64_t back = 1; back <= kept; back++) {
        const struct sim_said *said = &domain->said[(domain->said_count - back) % SIM_LATE];
        if (sim->now_usec - said->made_usec < domain->is->report_late_usec)
            continue;
        out->used_kib = said->used_kib;
        out->reported_free_kib = said->free_kib;
        out->report_age_usec = sim->now_usec - said->made_usec;
        return;
    }
}
