/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/host/plan.h"
#include "core/base/units.h"
#include "core/policy/forecast.h"

const struct ballast_domain *cli_plan_domain(const struct cli_plan *plan, uint32_t id)
{
    return ballast_domain_find(plan->host->domains, plan->host->domain_count, id);
}

/* The target of each domain after the plan. */
static uint64_t *targets_after(const struct cli_plan *plan)
{
    size_t count = plan->host->domain_count;
    uint64_t *targets = xcheck(calloc(count + 1, sizeof(*targets)));
    for (size_t i = 0; i < count; i++)
        targets[i] = plan->host->domains[i].target_kib;
    for (size_t i = 0; i < plan->output.set_count; i++) {
        const struct balancer_set *set = &plan->output.sets[i];
        if (set->target_kib != BALLAST_NONE)
            targets[cli_plan_domain(plan, set->id) - plan->host->domains] = set->target_kib;
    }
    return targets;
}

static void find_plan_outlook_donors(const struct cli_plan *plan, struct cli_outlook *out)
{
    uint64_t *targets = targets_after(plan);
    out->donors = xcheck(calloc(plan->host->domain_count + 1, sizeof(*out->donors)));
    for (size_t i = 0; i < plan->host->domain_count; i++) {
        const struct ballast_domain *domain = &plan->host->domains[i];
        struct domain_estimate estimate;
        if (domain->state != BALLAST_DOMAIN_RUN || !domain->has_balloon ||
            targets[i] >= domain->tot_kib ||
            balancer_estimate(plan->balancer, domain->id, &estimate) < 0)
            continue;
        struct cli_donor donor = {.domain = domain,
                                  .reclaim_kib = domain->tot_kib - targets[i],
                                  .pace = estimate.down,
                                  .stuck = estimate.balloon_status == BALLOON_STUCK};
        if (!donor.stuck)
            out->coming_kib = ballast_add_ceil(out->coming_kib, donor.reclaim_kib);
        out->donors[out->donor_count++] = donor;
    }
    free(targets);
}

static struct forecast plan_outlook_time_for(const struct cli_outlook *outlook,
                                             uint64_t missing_kib)
{
    struct forecast_donor *donors = xcheck(calloc(outlook->donor_count + 1, sizeof(*donors)));
    size_t count = 0;
    for (size_t i = 0; i < outlook->donor_count; i++) {
        const struct cli_donor *donor = &outlook->donors[i];
        if (!donor->stuck)
            donors[count++] = (struct forecast_donor){donor->reclaim_kib, donor->pace};
    }
    struct forecast wait = forecast_of(donors, count, missing_kib);
    free(donors);
    return wait;
}

/* A request is decided in this tick, or waits. */
static bool *find_decided(const struct cli_plan *plan, uint64_t *granted_kib)
{
    bool *decided = xcheck(calloc(plan->start_count + 1, sizeof(*decided)));
    *granted_kib = 0;
    for (size_t i = 0; i < plan->output.verdict_count; i++) {
        const struct balancer_verdict *verdict = &plan->output.verdicts[i];
        decided[verdict->request] = true;
        if (verdict->granted)
            *granted_kib += plan->starts[verdict->request].need_kib; /* all of it was free */
    }
    return decided;
}

void cli_plan_look_ahead(const struct cli_plan *plan, struct cli_outlook *out)
{
    *out = (struct cli_outlook){0};
    find_plan_outlook_donors(plan, out);
    out->waits = xcheck(calloc(plan->start_count + 1, sizeof(*out->waits)));
    uint64_t granted_kib;
    bool *decided = find_decided(plan, &granted_kib);
    uint64_t left_kib = ballast_sub_floor(plan->output.available_kib, granted_kib);
    uint64_t wanted_kib = plan->output.deficit_kib;
    for (size_t i = 0; i < plan->start_count; i++) {
        if (decided[i])
            continue;
        wanted_kib = ballast_add_ceil(wanted_kib, plan->starts[i].need_kib);
        uint64_t missing_kib = ballast_sub_floor(wanted_kib, left_kib);
        out->waits[out->wait_count++] = (struct cli_wait){
            .start = &plan->starts[i],
            .missing_kib = missing_kib,
            .wait = plan_outlook_time_for(out, missing_kib),
        };
    }
    free(decided);
}

void cli_outlook_release(struct cli_outlook *outlook)
{
    free(outlook->donors);
    free(outlook->waits);
    *outlook = (struct cli_outlook){0};
}
