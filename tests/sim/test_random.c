/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random hosts with every kind of guest, random starts, restarts and faults, played through the
 * loop and the ledger under every policy: whatever they do, no law is broken, no build dies, and
 * nothing is granted that is not there.
 *
 *   test_random SEED
 *
 * BALLAST_RANDOM_HOSTS: how many (8). The seeds are those of tests/seeds/list.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/simulate/run.h"
#include "core/base/units.h"
#include "core/sim/sim_rand.h"

#define MIB BALLAST_MIB_KIB
#define SEC BALLAST_SEC_USEC

enum { GUESTS = 8, STARTS = 4, FAULTS = 3, HOSTS = 8 };

struct world {
    struct scenario scenario;
    struct sim_guest_config guests[GUESTS];
    struct sim_start_config starts[STARTS];
    struct sim_fault faults[FAULTS];
    struct sim_rand rand;
};

static uint64_t below(struct world *world, uint64_t limit)
{
    return sim_rand_below(&world->rand, limit);
}

static bool one_in(struct world *world, uint64_t n)
{
    return below(world, n) == 0;
}

static uint64_t between_mib(struct world *world, uint64_t low_mib, uint64_t high_mib)
{
    return (low_mib + below(world, high_mib - low_mib + 1)) * MIB;
}

static struct sim_spans a_span(struct world *world)
{
    uint64_t from = below(world, 40 * SEC);
    return (struct sim_spans){{{from, from + SEC + below(world, 20 * SEC)}}, 1};
}

static struct sim_need a_need(struct world *world, uint64_t most_kib)
{
    struct sim_need need = {.low_kib = 1 + below(world, most_kib), .high_kib = most_kib};
    need.kind = (enum sim_need_kind)below(world, 4);
    need.steps[0].kib = need.low_kib;
    need.steps[1].at_usec = 1 + below(world, 40 * SEC);
    need.steps[1].kib = below(world, most_kib);
    need.step_count = 2;
    need.from_usec = below(world, 20 * SEC);
    need.until_usec = need.from_usec + SEC + below(world, 20 * SEC);
    need.low_usec = SEC + below(world, 10 * SEC);
    need.high_usec = SEC + below(world, 10 * SEC);
    need.walk_kib = 1 + below(world, 200 * MIB);
    return need;
}

static void misbehave(struct world *world, struct sim_guest_config *guest)
{
    uint64_t tot_kib = guest->tot_kib;
    guest->floor_kib = one_in(world, 4) ? below(world, tot_kib) : 0;
    guest->ceiling_kib = one_in(world, 5) ? tot_kib + below(world, tot_kib) : BALLAST_NONE;
    guest->inaccuracy_kib = one_in(world, 3) ? 4 : 0;
    if (one_in(world, 4)) {
        guest->duty_work_usec = 1 + below(world, 3 * SEC);
        guest->duty_stuck_usec = 1 + below(world, 5 * SEC);
    }
    guest->drip_usec = one_in(world, 8) ? 1 + below(world, 6 * SEC) : 0;
    guest->no_balloon = one_in(world, 10);
    if (one_in(world, 5))
        guest->stuck = a_span(world);
    if (one_in(world, 6))
        guest->paused = a_span(world);
    if (one_in(world, 6))
        guest->migrating = a_span(world);
    guest->crash_usec = one_in(world, 10) ? below(world, 50 * SEC) : BALLAST_NONE;
    guest->shutdown_usec = one_in(world, 10) ? below(world, 50 * SEC) : BALLAST_NONE;
    guest->boot_usec = one_in(world, 6) ? below(world, 30 * SEC) : 0;
    /*
     * One that takes at once whatever its maximum allows, and cannot be limited before it can take,
     * is ahead of any balancer by a tick: grabbers here are awake from the beginning.
     */
    guest->grabs = one_in(world, 5) && guest->boot_usec == 0 && guest->paused.count == 0 &&
                   guest->migrating.count == 0 && guest->stuck.count == 0;
    guest->panics = one_in(world, 6);
    guest->starve_usec = one_in(world, 6) ? SEC + below(world, 20 * SEC) : 0;
    guest->report = (enum sim_report)below(world, SIM_REPORTS);
    guest->report_late_usec = one_in(world, 4) ? below(world, 15 * SEC) : 0;
}

static struct sim_guest_config a_guest(struct world *world, const char *kind, size_t i)
{
    struct sim_guest_config guest = {.tot_kib = between_mib(world, 64, 6000),
                                     .overhead_kib = between_mib(world, 0, 40),
                                     .shares = one_in(world, 12) ? 0 : 1 + below(world, 3000),
                                     .report_every_usec = SEC / 2 + below(world, 3 * SEC)};
    snprintf(guest.name, sizeof(guest.name), "%s%zu", kind, i);
    guest.dynamic_min_kib = below(world, guest.tot_kib + 1);
    guest.dynamic_max_kib = guest.tot_kib + between_mib(world, 0, 3000);
    guest.static_max_kib = guest.dynamic_max_kib + between_mib(world, 0, 1000);
    guest.target_kib = guest.tot_kib;
    guest.maxmem_kib = one_in(world, 2) ? guest.tot_kib : guest.static_max_kib;
    guest.reclaim_kib_per_sec = between_mib(world, 10, 500);
    guest.grow_kib_per_sec = between_mib(world, 10, 500);
    misbehave(world, &guest);
    guest.need = a_need(world, guest.static_max_kib);
    /*
     * Another program raises and lowers its target while it is populated on demand, before anything
     * can have been reserved: what Xen then takes for it is not ours to prevent.
     */
    guest.pod = one_in(world, 4);
    for (size_t step = 0; guest.pod && step < below(world, 4); step++) {
        guest.set_targets.steps[step].at_usec = (step + 1) * SEC;
        guest.set_targets.steps[step].kib = 4 + below(world, guest.static_max_kib);
        guest.set_targets.step_count = step + 1;
    }
    if (guest.shares == 0)
        guest.grabs = false; /* opted out: it is not limited */
    return guest;
}

static void draw_starts(struct world *world)
{
    struct sim_config *config = &world->scenario.config;
    config->start_count = below(world, STARTS + 1);
    for (size_t i = 0; i < config->start_count; i++) {
        struct sim_start_config *start = &world->starts[i];
        *start =
            (struct sim_start_config){.guest = a_guest(world, "start", i),
                                      .arrives_usec = 4 * SEC + below(world, 40 * SEC),
                                      .build_rate_kib = between_mib(world, 50, 4000),
                                      .hesitate_usec = one_in(world, 3) ? 2 * SEC : 0,
                                      .bind_usec = one_in(world, 2) ? below(world, 20 * SEC) : 0};
        start->guest.crash_usec = start->guest.shutdown_usec = BALLAST_NONE;
        start->guest.maxmem_kib = start->guest.static_max_kib;
        start->guest.set_targets.step_count = 0;
        start->need_kib = start->guest.tot_kib + start->guest.overhead_kib;
        start->deadline_usec =
            one_in(world, 3) ? BALLAST_NONE : start->arrives_usec + below(world, 60 * SEC);
    }
}

static void draw_faults(struct world *world)
{
    struct sim_config *config = &world->scenario.config;
    config->fault_count = one_in(world, 3) ? 1 + below(world, FAULTS) : 0;
    for (size_t i = 0; i < config->fault_count; i++) {
        uint64_t from = below(world, 40 * SEC);
        /* Lost sets and late snapshots deceive: what they hide cannot be held to the law at once.
         */
        enum sim_fault_kind kind = one_in(world, 2) ? SIM_FAULT_SET_FAILS : SIM_FAULT_REFRESH_FAILS;
        world->faults[i] = (struct sim_fault){
            kind, {from, from + below(world, 10 * SEC)}, 1000 + below(world, 5000)};
    }
}

static void draw(struct world *world, uint64_t seed, uint64_t round)
{
    *world = (struct world){.rand = sim_rand_of(seed, round)};
    struct scenario *scenario = &world->scenario;
    struct sim_config *config = &scenario->config;
    config->page_kib = 4;
    config->tick_usec = SIM_TICK_USEC;
    config->seed = seed + round;
    config->guests = world->guests;
    config->starts = world->starts;
    config->faults = world->faults;
    config->guest_count = 1 + below(world, GUESTS);
    config->xen_kib = between_mib(world, 50, 400);
    config->slack_kib = between_mib(world, 0, 100);
    config->scrub_rate_kib = one_in(world, 3) ? between_mib(world, 200, 4000) : 0;
    config->total_kib = config->xen_kib + between_mib(world, 0, 5000);
    for (size_t i = 0; i < config->guest_count; i++) {
        world->guests[i] = a_guest(world, "guest", i);
        config->total_kib += world->guests[i].tot_kib + world->guests[i].overhead_kib;
    }
    draw_starts(world);
    draw_faults(world);
    scenario->duration_usec = 60 * SEC;
    scenario->restart_count = one_in(world, 4);
    scenario->restarts_usec[0] = below(world, 50 * SEC);
}

static void tell(void *arg, bool met, const char *text)
{
    if (!met)
        printf("%s: %s\n", (const char *)arg, text);
}

static int play(struct world *world, uint64_t round, const struct policy *policy)
{
    char name[64];
    struct simulate_run run;
    struct simulate_options options = {0};
    struct ballast_error err = {0};
    struct sim_score score;
    snprintf(name, sizeof(name), "round %llu, %s", (unsigned long long)round, policy->name);
    if (simulate_run(&world->scenario, policy, &options, &run, &err) < 0) {
        printf("%s: %s\n", name, err.text);
        return 1;
    }
    sim_score(run.sim, &score);
    bool good = simulate_run_check(&run, tell, name);
    if (score.builds_died + score.bad_grants + score.wrong_asks > 0) {
        printf("%s: %llu builds died, %llu bad grants, %llu wrong asks\n", name,
               (unsigned long long)score.builds_died, (unsigned long long)score.bad_grants,
               (unsigned long long)score.wrong_asks);
        good = false;
    }
    simulate_run_release(&run);
    return !good;
}

int main(int argc, char **argv)
{
    const char *asked = getenv("BALLAST_RANDOM_HOSTS");
    uint64_t rounds = asked ? strtoull(asked, NULL, 10) : HOSTS;
    int bad = 0;
    struct world *world = malloc(sizeof(*world));
    if (argc != 2) {
        fprintf(stderr, "usage: test_sim_random SEED\n");
        return 2;
    }
    if (!world)
        return 1;
    uint64_t seed = strtoull(argv[1], NULL, 10);
    for (uint64_t round = 0; round < rounds; round++) {
        draw(world, seed, round);
        for (size_t i = 0; policy_at(i); i++)
            bad += play(world, round, policy_at(i));
    }
    free(world);
    printf("%llu hosts, %d runs in which a law was broken\n", (unsigned long long)rounds, bad);
    return bad > 0;
}
