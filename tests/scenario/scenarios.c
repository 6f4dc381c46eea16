/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs scenario files on the simulated host under every policy and compares the results with the
 * expectations of each file, and with the laws, which always apply. scenarios [-v] [--wanted]
 * FILE... With --wanted, what a line "# wanted: expect ..." says is expected too: what the default
 * policy does not achieve yet.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/simulate/run.h"
#include "core/peers/peers.h"

struct report {
    const char *file;
    const char *policy;
    bool all;
    int unmet;
};

static void tell(void *arg, bool met, const char *text)
{
    struct report *report = arg;
    report->unmet += !met;
    if (!met || report->all)
        printf("%s %s [%s]: %s\n", met ? "ok" : "NOT MET", report->file, report->policy, text);
}

/* Determinism is part of the contract: the same seed gives the same score. */
static bool same_again(const struct simulate_run *run)
{
    struct simulate_run again;
    struct simulate_options options = {0};
    if (simulate_run(run->scenario, run->policy, &options, &again, NULL) < 0)
        return false;
    struct sim_score a;
    struct sim_score b;
    sim_score(run->sim, &a);
    sim_score(again.sim, &b);
    simulate_run_release(&again);
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static int play(const struct scenario *scenario, const struct policy *policy, struct report *report)
{
    struct simulate_run run;
    struct simulate_options options = {0};
    struct ballast_error err = {0};
    if (simulate_run(scenario, policy, &options, &run, &err) < 0) {
        printf("NOT RUN %s [%s]: %s\n", report->file, policy->name, err.text);
        return 1;
    }
    report->policy = policy->name;
    report->unmet = 0;
    simulate_run_check(&run, tell, report);
    if (run.is_default && !same_again(&run))
        tell(report, false, "the same seed gives the same run");
    if (report->all) {
        struct simulate_times times = {0};
        struct sim_score score;
        simulate_run_times(&run, &times);
        sim_score(run.sim, &score);
        printf("   %s [%s]: served %zu/%zu median %llu worst %llu, shortfall %llu GiBs, idle %llu, "
               "idle-short %llu GiBs, writes %llu, churn %llu MiB, bad grants %llu\n",
               report->file, policy->name, times.served, times.feasible,
               (unsigned long long)times.median_permyriad,
               (unsigned long long)times.worst_permyriad,
               (unsigned long long)(score.shortfall_kibms >> 20) / 1000,
               (unsigned long long)(score.idle_kibms >> 20) / 1000,
               (unsigned long long)(score.idle_short_kibms >> 20) / 1000,
               (unsigned long long)score.target_writes, (unsigned long long)score.churn_kib >> 10,
               (unsigned long long)score.bad_grants);
    }
    simulate_run_release(&run);
    return report->unmet;
}

static int read_file(const char *path, char **out, size_t *size)
{
    FILE *file = fopen(path, "r");
    char *text = malloc(SCENARIO_BYTES + 2);
    if (!file || !text) {
        free(text);
        if (file)
            fclose(file);
        return -errno;
    }
    *size = fread(text, 1, SCENARIO_BYTES + 1, file);
    *out = text;
    fclose(file);
    return 0;
}

/* A comment of that form becomes a statement: the same bytes, so that lines keep their numbers. */
static void want_more(char *text, size_t size)
{
    static const char mark[] = "# wanted: ";
    text[size] = '\0';
    for (char *at = text; (at = strstr(at, mark)); at += sizeof(mark) - 1)
        memset(at, ' ', sizeof(mark) - 1);
}

static int play_file(const char *path, bool all, bool wanted)
{
    char *text = NULL;
    size_t size = 0;
    struct scenario scenario;
    struct ballast_error err = {0};
    const char *slash = strrchr(path, '/');
    struct report report = {.file = slash ? slash + 1 : path, .all = all};
    if (read_file(path, &text, &size) < 0) {
        printf("NOT READ %s: %s\n", path, strerror(errno));
        return 1;
    }
    int unmet = 0;
    if (wanted)
        want_more(text, size);
    if (scenario_parse_expects(report.file, text, size, &scenario, &err) < 0) {
        printf("NOT READ %s\n", err.text);
        free(text);
        return 1;
    }
    for (size_t i = 0; peers_policy_at(i); i++)
        unmet += play(&scenario, peers_policy_at(i), &report);
    scenario_release(&scenario);
    free(text);
    return unmet;
}

int main(int argc, char **argv)
{
    int first = 1;
    bool all = first < argc && strcmp(argv[first], "-v") == 0;
    first += all;
    bool wanted = first < argc && strcmp(argv[first], "--wanted") == 0;
    first += wanted;
    int unmet = 0;
    for (int i = first; i < argc; i++)
        unmet += play_file(argv[i], all, wanted);
    printf("%d of what is expected did not come\n", unmet);
    return first >= argc || unmet > 0;
}
