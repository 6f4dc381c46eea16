/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast simulate */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/lab/simulate.h"
#include "core/base/units.h"
#include "core/peers/peers.h"
#include "core/sim/score/score.h"
#include "edge/file/file.h"

/* As many moments as the chart has room for: one in about two pixels. */
enum { SAMPLES = 400, POLICIES = 16 };

enum {
    OPTION_POLICY,
    OPTION_COMPARE,
    OPTION_JSON,
    OPTION_SVG,
    OPTION_SEED,
    OPTION_QUIET,
};

static const struct cli_option simulate_options[] = {
    [OPTION_POLICY] = {"policy", "NAME", "run under this policy, or under 'all'",
                       .value = cli_any_policy_name},
    [OPTION_COMPARE] = {"compare", NULL, "compare policies over all scenarios"},
    [OPTION_JSON] = {"json", NULL, "an object per line, for each scenario and policy"},
    [OPTION_SVG] = {"svg", "FILE", "draw the run of one scenario and one policy"},
    [OPTION_SEED] = {"seed", "N", "use this seed, not the scenario's"},
    [OPTION_QUIET] = {"quiet", NULL, "no progress; only what was not as expected"},
    {NULL, NULL, NULL},
};

struct simulate {
    const struct policy *policies[POLICIES];
    struct cli_compared compared[POLICIES];
    size_t policy_count;
    char *const *paths;
    size_t path_count;
    const char *svg_path;
    uint64_t seed;
    bool compare;
    bool json;
    bool quiet;
    bool progress;
    size_t unmet;
};

static void choose_policies(struct simulate *simulate, const struct policy *only)
{
    simulate->policy_count = 0;
    if (only)
        simulate->policies[simulate->policy_count++] = only;
    for (size_t i = 0; !only && peers_policy_at(i) && i < POLICIES; i++)
        simulate->policies[simulate->policy_count++] = peers_policy_at(i);
}

static int set_simulate_option(struct simulate *simulate, struct cli_args *args, int option,
                               const char **policy)
{
    simulate->compare |= option == OPTION_COMPARE;
    simulate->json |= option == OPTION_JSON;
    simulate->quiet |= option == OPTION_QUIET;
    if (option == OPTION_POLICY)
        *policy = args->value;
    if (option == OPTION_SVG)
        simulate->svg_path = args->value;
    if (option == OPTION_SEED && !cli_args_number(args->value, 1, UINT64_MAX, &simulate->seed))
        return cli_args_wrong(args, "--seed %s: use a whole number above 0", args->value);
    return CLI_DONE;
}

static int parse_simulate(struct simulate *simulate, struct cli_args *args)
{
    const char *policy = NULL;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        if (set_simulate_option(simulate, args, option, &policy) != CLI_DONE)
            return CLI_BAD;
    }
    bool all = policy ? strcmp(policy, "all") == 0 : simulate->compare;
    const struct policy *only = all ? NULL : cli_args_any_policy(args, policy);
    if (!all && !only)
        return CLI_BAD;
    choose_policies(simulate, only);
    simulate->paths = cli_args_operands(args, &simulate->path_count);
    if (simulate->path_count == 0)
        return cli_args_wrong(args, "SCENARIO is missing");
    if (simulate->svg_path && (simulate->path_count > 1 || simulate->policy_count > 1))
        return cli_args_wrong(args, "--svg draws one run: name one scenario and one policy");
    if (simulate->json && simulate->compare)
        return cli_args_wrong(args, "--json and --compare exclude each other: use one");
    simulate->progress = !simulate->quiet && isatty(STDERR_FILENO);
    return CLI_DONE;
}

/* The whole file in new memory; NULL with a message. */
static char *read_simulate_whole(const char *path, size_t *size)
{
    struct ballast_error err;
    char *text = NULL;
    if (file_read(path, FILE_ANY, SCENARIO_BYTES, &text, size, &err) < 0)
        cli_error("%s", err.text);
    return text;
}

static void name_of(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    (void)snprintf(out, size, "%s", slash ? slash + 1 : path);
    char *dot = strrchr(out, '.');
    if (dot && dot != out)
        *dot = '\0';
}

/* A line on the terminal that is written over, ten times a run. */
static void show_simulate_progress(void *arg, uint64_t done_usec, uint64_t all_usec)
{
    const struct cli_played *played = arg;
    uint64_t tenth = ballast_max_u64(all_usec / 10, 1);
    if (done_usec / tenth != (done_usec - 1) / tenth)
        fprintf(stderr, "\r\033[K%s: %" PRIu64 " of %" PRIu64 " s", played->name,
                done_usec / BALLAST_SEC_USEC, all_usec / BALLAST_SEC_USEC);
}

static int draw_simulate(const struct simulate *simulate, const struct cli_played *played)
{
    bool to_stdout = strcmp(simulate->svg_path, "-") == 0;
    FILE *out = to_stdout ? stdout : fopen(simulate->svg_path, "w");
    bool written = out && cli_simulate_svg(played, out);
    int error = errno;
    if (out && !to_stdout && fclose(out) != 0) {
        written = false;
        error = errno;
    }
    if (!written)
        cli_error("%s: %s", simulate->svg_path, strerror(error));
    return written ? CLI_DONE : CLI_UNREACHABLE;
}

static int report_played(struct simulate *simulate, const struct cli_played *played)
{
    bool drawn_to_stdout = simulate->svg_path && strcmp(simulate->svg_path, "-") == 0;
    if (simulate->json)
        cli_simulate_json(played);
    else if (!simulate->compare && !drawn_to_stdout && (!simulate->quiet || !played->met))
        cli_simulate_print(played, simulate->quiet);
    else if (simulate->compare && !played->met)
        fprintf(stderr, "%s, policy %s: not as expected\n", played->name, played->run.policy->name);
    return simulate->svg_path ? draw_simulate(simulate, played) : CLI_DONE;
}

static int play_simulate(struct simulate *simulate, struct cli_played *played, size_t at)
{
    struct ballast_error err;
    struct simulate_options options = {
        .seed = simulate->seed,
        .samples = simulate->svg_path ? SAMPLES : 0,
        .progress = simulate->progress ? show_simulate_progress : NULL,
        .progress_arg = played,
    };
    int rc = simulate_run(played->scenario, simulate->policies[at], &options, &played->run, &err);
    if (simulate->progress)
        fputs("\r\033[K", stderr);
    if (rc < 0) {
        cli_error("%s: %s", played->path, err.text);
        return CLI_BAD;
    }
    if (simulate_run_times(&played->run, &played->times) < 0)
        xcheck(NULL);
    sim_score(played->run.sim, &played->score);
    played->met = simulate_run_check(&played->run, NULL, NULL);
    simulate->unmet += !played->met;
    cli_compare_add(&simulate->compared[at], played);
    int status = report_played(simulate, played);
    simulate_run_release(&played->run);
    return status;
}

static int play_file(struct simulate *simulate, const char *path)
{
    size_t size;
    struct scenario scenario;
    struct ballast_error err;
    struct cli_played played = {.path = path, .scenario = &scenario};
    char *text = read_simulate_whole(path, &size);
    if (!text)
        return CLI_BAD;
    int rc = scenario_parse_expects(path, text, size, &scenario, &err);
    free(text);
    if (rc < 0) {
        cli_error("%s", err.text);
        return CLI_BAD;
    }
    name_of(path, played.name, sizeof(played.name));
    int status = CLI_DONE;
    for (size_t i = 0; i < simulate->policy_count && status == CLI_DONE; i++)
        status = play_simulate(simulate, &played, i);
    scenario_release(&scenario);
    return status;
}

/* A scenario that cannot be read hides no other. */
static int play_all(struct simulate *simulate)
{
    size_t lacking = 0;
    int status = CLI_DONE;
    for (size_t i = 0; i < simulate->path_count && status == CLI_DONE; i++) {
        status = play_file(simulate, simulate->paths[i]);
        lacking += status == CLI_BAD;
        status = status == CLI_BAD ? CLI_DONE : status;
    }
    if (status == CLI_DONE && simulate->compare && lacking < simulate->path_count)
        cli_compare_print(simulate->compared, simulate->policy_count);
    if (lacking > 0 && simulate->path_count > 1)
        cli_error("simulate: the answer lacks %zu scenario%s that could not be played", lacking,
                  lacking == 1 ? "" : "s");
    return status == CLI_DONE && lacking > 0 ? CLI_BAD : status;
}

static int simulate_main(struct cli_args *args)
{
    struct simulate simulate = {0};
    int status = parse_simulate(&simulate, args);
    for (size_t i = 0; i < simulate.policy_count; i++)
        simulate.compared[i].policy = simulate.policies[i];
    if (status == CLI_DONE)
        status = play_all(&simulate);
    for (size_t i = 0; i < simulate.policy_count; i++)
        cli_compare_release(&simulate.compared[i]);
    return status == CLI_DONE && simulate.unmet > 0 ? CLI_NO : status;
}

const struct cli_command cmd_simulate = {
    .name = "simulate",
    .summary = "run a scenario on a simulated host",
    .operands = "SCENARIO...",
    .text = "Runs each scenario (see docs/scenarios.md) on a simulated host and prints how\n"
            "long requests took against the shortest possible time, how much memory guests\n"
            "lacked, and which expectations of the scenario were not met.\n"
            "Exit status 0: all were met; 1: not all.",
    .options = simulate_options,
    .run = simulate_main,
};
