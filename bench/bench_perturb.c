/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scenarios under each policy and two oracles, as they are and perturbed: other speeds of balloons,
 * reports that are rarer, later and noisy, other seeds. Beside the policies there is one that
 * cannot be lied to and knows nothing: an even part for each guest. A run is a line of the output,
 * its fields separated by tabs; bench/perturb makes tables of them. Nothing depends on the clock or
 * the machine: the same tree prints the same lines.
 *
 *   bench_perturb [--policy NAME]... FILE...
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/simulate/run.h"
#include "core/base/units.h"
#include "core/peers/peers.h"
#include "oracle.h"

/* How far the oracle sees. */
#define AHEAD_USEC (10 * BALLAST_SEC_USEC)

enum { MOST_POLICIES = 16 };

/* Differences below this part of what a guest has are left as they are. */
#define EVEN_PART 16

/* Each guest has the same part of the host, by its shares, within its range. */
static void even_aim(const struct policy_view *view, struct policy_aim *aims)
{
    uint64_t pool_kib = view->available_kib;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        view->parts[i] = (struct fill_part){
            .low_kib = domain->min_kib, .high_kib = domain->max_kib, .weight = domain->shares};
        pool_kib += domain->tot_kib;
    }
    fill_by_weight(view->parts, view->count, ballast_sub_floor(pool_kib, view->wanted_kib));
    for (size_t i = 0; i < view->count; i++) {
        uint64_t tot_kib = view->domains[i].tot_kib;
        uint64_t part_kib = view->parts[i].out_kib;
        uint64_t off_kib = part_kib > tot_kib ? part_kib - tot_kib : tot_kib - part_kib;
        bool moves = off_kib > tot_kib / EVEN_PART || view->wanted_kib > view->available_kib;
        aims[i] = (struct policy_aim){moves ? part_kib : BALLAST_NONE, BALANCER_RULE, 0};
    }
}

static const struct policy even = {
    .name = "even",
    .summary = "an even part for each guest, whatever is reported",
    .squeezes = true,
    .aim = even_aim,
};

static const struct perturbation {
    const char *name;
    uint64_t rate_permyriad; /* of each balloon */
    uint64_t every_usec;     /* reports come no more often than that, */
    uint64_t late_usec;      /* and no sooner */
    uint64_t noise_permyriad;
    uint64_t seed; /* 0: the scenario's */
} perturbations[] = {
    {"none", 10000, 0, 0, 0, 0},
    {"rates x0.3", 3000, 0, 0, 0, 0},
    {"rates x0.6", 6000, 0, 0, 0, 0},
    {"rates x1.2", 12000, 0, 0, 0, 0},
    {"reports each 5 s", 10000, 5 * BALLAST_SEC_USEC, 0, 0, 0},
    {"reports 2 s late", 10000, 0, 2 * BALLAST_SEC_USEC, 0, 0},
    {"each 5 s, 2 s late", 10000, 5 * BALLAST_SEC_USEC, 2 * BALLAST_SEC_USEC, 0, 0},
    {"noise 2 %", 10000, 0, 0, 200, 0},
    {"noise 5 %", 10000, 0, 0, 500, 0},
    {"seed 2", 10000, 0, 0, 0, 2},
    {"seed 3", 10000, 0, 0, 0, 3},
    {"all of them, x0.5", 5000, 5 * BALLAST_SEC_USEC, 2 * BALLAST_SEC_USEC, 500, 4},
};

enum { PERTURBATIONS = sizeof(perturbations) / sizeof(perturbations[0]) };

static void perturb_guest(struct sim_guest_config *guest, const struct perturbation *how)
{
    guest->reclaim_kib_per_sec =
        ballast_mul_div(guest->reclaim_kib_per_sec, how->rate_permyriad, BALLAST_PERMYRIAD);
    guest->grow_kib_per_sec =
        ballast_mul_div(guest->grow_kib_per_sec, how->rate_permyriad, BALLAST_PERMYRIAD);
    guest->report_every_usec = ballast_max_u64(guest->report_every_usec, how->every_usec);
    guest->report_late_usec = ballast_max_u64(guest->report_late_usec, how->late_usec);
    guest->noise_permyriad = ballast_max_u64(guest->noise_permyriad, how->noise_permyriad);
}

static void perturb_scenario(struct scenario *scenario, const struct perturbation *how)
{
    for (size_t i = 0; i < scenario->config.guest_count; i++)
        perturb_guest(&scenario->config.guests[i], how);
    for (size_t i = 0; i < scenario->config.start_count; i++)
        perturb_guest(&scenario->config.starts[i].guest, how);
    if (how->seed != 0)
        scenario->config.seed = how->seed;
}

/* The times of the starts that were granted, in parts of ten thousand of the shortest. */
static void print_ratios(const struct sim *sim)
{
    const char *comma = "";
    for (size_t i = 0; i < sim_start_count(sim); i++) {
        uint64_t ratio = scenario_ratio_permyriad(sim_start_at(sim, i));
        if (ratio == 0)
            continue;
        printf("%s%" PRIu64, comma, ratio);
        comma = ",";
    }
}

static int print_run(const char *file, const struct perturbation *how, const char *policy,
                     const struct simulate_run *run)
{
    struct simulate_times times;
    struct sim_score score;
    if (simulate_run_times(run, &times) < 0)
        return 1;
    sim_score(run->sim, &score);
    printf("%s\t%s\t%s\t%zu\t%zu\t", file, how->name, policy, times.feasible, times.served);
    print_ratios(run->sim);
    printf("\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%zu\n",
           score.shortfall_kibms / 1000 / BALLAST_MIB_KIB,
           score.unavoidable_kibms / 1000 / BALLAST_MIB_KIB,
           score.idle_short_kibms / 1000 / BALLAST_MIB_KIB, score.target_writes,
           score.churn_kib / BALLAST_MIB_KIB, score.builds_died + score.guests_died, run->breaches);
    return 0;
}

static int run_policy(const char *file, const struct perturbation *how,
                      const struct scenario *scenario, const struct policy *policy)
{
    struct simulate_run run;
    struct simulate_options options = {0};
    struct ballast_error err = {0};
    if (simulate_run(scenario, policy, &options, &run, &err) < 0) {
        fprintf(stderr, "bench_perturb: %s, %s: %s\n", file, policy->name, err.text);
        return 1;
    }
    int failed = print_run(file, how, policy->name, &run);
    simulate_run_release(&run);
    return failed;
}

static int run_oracle(const char *file, const struct perturbation *how,
                      const struct scenario *scenario, const char *name, uint64_t ahead_usec)
{
    struct simulate_run run = {.scenario = scenario};
    struct ballast_error err = {0};
    if (oracle_run(scenario, ahead_usec, &run.sim, &err) < 0) {
        fprintf(stderr, "bench_perturb: %s, %s: %s\n", file, name, err.text);
        return 1;
    }
    int failed = print_run(file, how, name, &run);
    simulate_run_release(&run);
    return failed;
}

static int read_scenario(const char *path, struct scenario *out)
{
    static char text[SCENARIO_BYTES + 1];
    struct ballast_error err = {0};
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "bench_perturb: %s: %s\n", path, strerror(errno));
        return 1;
    }
    size_t size = fread(text, 1, sizeof(text), file);
    fclose(file);
    if (scenario_parse(path, text, size, out, &err) < 0) {
        fprintf(stderr, "bench_perturb: %s\n", err.text);
        return 1;
    }
    return 0;
}

struct wanted {
    const struct policy *policies[MOST_POLICIES];
    size_t count;
};

static int play_file(const char *path, const struct perturbation *how, const struct wanted *wanted)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct scenario scenario;
    if (read_scenario(path, &scenario))
        return 1;
    perturb_scenario(&scenario, how);
    int failed = run_oracle(name, how, &scenario, "oracle", AHEAD_USEC) +
                 run_oracle(name, how, &scenario, "sees-now", 0);
    for (size_t i = 0; i < wanted->count; i++)
        failed += run_policy(name, how, &scenario, wanted->policies[i]);
    scenario_release(&scenario);
    return failed;
}

/* Takes the policies off the command line; returns where the files begin, 0 if one is unknown. */
static int read_policies(int argc, char **argv, struct wanted *wanted)
{
    int at = 1;
    for (; at + 1 < argc && strcmp(argv[at], "--policy") == 0; at += 2) {
        bool is_even = strcmp(argv[at + 1], even.name) == 0;
        const struct policy *policy = is_even ? &even : peers_policy_find(argv[at + 1]);
        if (!policy || wanted->count == MOST_POLICIES) {
            fprintf(stderr, "bench_perturb: %s: no such policy\n", argv[at + 1]);
            return 0;
        }
        wanted->policies[wanted->count++] = policy;
    }
    for (size_t i = 0; at == 1 && i + 1 < MOST_POLICIES && peers_policy_at(i); i++)
        wanted->policies[wanted->count++] = peers_policy_at(i);
    if (at == 1)
        wanted->policies[wanted->count++] = &even;
    return at;
}

int main(int argc, char **argv)
{
    struct wanted wanted = {0};
    int failed = 0;
    int first = read_policies(argc, argv, &wanted);
    if (first == 0 || first == argc) {
        fprintf(stderr, "usage: bench_perturb [--policy NAME]... FILE...\n");
        return 2;
    }
    for (int i = first; i < argc; i++) {
        for (int how = 0; how < PERTURBATIONS; how++)
            failed += play_file(argv[i], &perturbations[how], &wanted);
    }
    return failed > 0;
}
