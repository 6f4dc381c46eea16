/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shortest time in which memory could have been freed: in a copy of the host every guest that
 * may be asked frees memory at its full rate down to its floor or its dynamic minimum, and no guest
 * takes any. The copy knows what no balancer can (true rates, floors, duty cycles, future crashes),
 * so nothing can be faster; it is the yardstick, not a policy.
 *
 * Several waiting starts share what is freed. When one arrives, the time until all that wait could
 * be granted is computed for all of them together, in order of arrival; one that does not fit
 * beside those before it is not feasible.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/sim/score/inside.h"

/* How far the copy runs ahead for a start that would wait forever. */
#define HORIZON_USEC (1800 * BALLAST_SEC_USEC)

/* Whether waiting can still free memory in the copy. */
static bool can_reclaim(const struct sim *sim)
{
    for (size_t i = 0; i < sim->domain_count; i++) {
        const struct sim_domain *domain = &sim->domains[i];
        const struct sim_guest_config *is = domain->is;
        if (!domain->alive || domain->building)
            continue;
        bool leaves = is->crash_usec != BALLAST_NONE || is->shutdown_usec != BALLAST_NONE;
        uint64_t stop_kib = sim_lowest_stop_kib(domain);
        bool spare = domain->tot_pages * sim->page_kib >= stop_kib + sim->page_kib;
        if (leaves || (spare && !is->no_balloon && is->shares > 0))
            return true;
    }
    return false;
}

/* The time until `need_pages` are available, or BALLAST_NONE. */
static uint64_t shortest_usec(struct sim *copy, uint64_t need_pages, uint64_t until_usec)
{
    uint64_t from_usec = copy->now_usec;
    while (sim_available_pages(copy) < need_pages) {
        if (copy->now_usec >= until_usec || !can_reclaim(copy))
            return BALLAST_NONE;
        copy->now_usec += copy->config->tick_usec;
        sim_balloons_step(copy, copy->config->tick_usec);
    }
    return copy->now_usec - from_usec;
}

/* Adds one start to the `*sum_pages` of those before it. */
static void check_start_feasible(struct sim *copy, struct sim_start *start, uint64_t now_usec,
                                 uint64_t *sum_pages)
{
    uint64_t pages = ballast_div_up(start->is->need_kib, copy->page_kib);
    uint64_t until_usec =
        ballast_min_u64(start->is->deadline_usec, ballast_add_ceil(now_usec, HORIZON_USEC));
    uint64_t usec = shortest_usec(copy, *sum_pages + pages, until_usec);
    if (usec == BALLAST_NONE)
        return;
    start->feasible = true;
    *sum_pages += pages;
}

static bool has_waited(const struct sim *sim, const struct sim_start *start)
{
    return start->state == SIM_START_WAITING && start->arrived_usec != sim->now_usec;
}

static bool has_come(const struct sim *sim, const struct sim_start *start)
{
    return start->state == SIM_START_WAITING && start->arrived_usec == sim->now_usec;
}

/* The end of the group is that of each member, unless that was later already. */
static void settle_group(struct sim *sim, uint64_t group_usec)
{
    for (size_t i = 0; i < sim->config->start_count; i++) {
        struct sim_start *start = &sim->starts[i];
        if (start->state != SIM_START_WAITING || !start->feasible)
            continue;
        uint64_t shortest = sim->now_usec + group_usec - start->arrived_usec;
        if (start->shortest_usec == BALLAST_NONE || shortest > start->shortest_usec)
            start->shortest_usec = shortest;
    }
}

/* The copy only advances: more memory never takes less time. */
static void check_group_feasible(struct sim *sim, struct sim *copy)
{
    uint64_t sum_pages = 0;
    for (size_t i = 0; i < sim->config->start_count; i++) {
        if (has_waited(sim, &sim->starts[i]) && sim->starts[i].feasible)
            sum_pages += ballast_div_up(sim->starts[i].is->need_kib, sim->page_kib);
    }
    for (size_t i = 0; i < sim->config->start_count; i++) {
        struct sim_start *start = &sim->starts[i];
        if (has_come(sim, start))
            check_start_feasible(copy, start, sim->now_usec, &sum_pages);
    }
}

static int copy_of(const struct sim *sim, struct sim *copy, struct ballast_error *err)
{
    *copy = *sim;
    copy->least = true;
    size_t size = sim->domain_count * sizeof(*sim->domains);
    copy->domains = malloc(size + 1);
    if (!copy->domains)
        return ballast_fail(err, -ENOMEM, "out of memory");
    memcpy(copy->domains, sim->domains, size);
    return 0;
}

static uint64_t group_usec(struct sim *copy)
{
    uint64_t sum_pages = 0;
    for (size_t i = 0; i < copy->config->start_count; i++) {
        const struct sim_start *start = &copy->starts[i];
        if (start->state == SIM_START_WAITING && start->feasible)
            sum_pages += ballast_div_up(start->is->need_kib, copy->page_kib);
    }
    uint64_t usec = shortest_usec(copy, sum_pages, ballast_add_ceil(copy->now_usec, HORIZON_USEC));
    return usec == BALLAST_NONE ? 0 : usec;
}

int sim_shortest_find(struct sim *sim, struct ballast_error *err)
{
    bool come = false;
    for (size_t i = 0; i < sim->config->start_count; i++)
        come = come || has_come(sim, &sim->starts[i]);
    if (!come)
        return 0;
    struct sim copy;
    int rc = copy_of(sim, &copy, err);
    if (rc < 0)
        return rc;
    check_group_feasible(sim, &copy);
    free(copy.domains);
    if ((rc = copy_of(sim, &copy, err)) < 0)
        return rc;
    settle_group(sim, group_usec(&copy));
    free(copy.domains);
    return 0;
}
