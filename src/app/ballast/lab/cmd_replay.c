/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast replay */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/simulate/replay.h"
#include "core/base/units.h"
#include "edge/snapshot/recording.h"

enum { OPTION_POLICY, OPTION_JSON, OPTION_QUIET };

static const struct cli_option replay_options[] = {
    [OPTION_POLICY] = {"policy", "NAME", "decide by this policy", .value = cli_any_policy_name},
    [OPTION_JSON] = {"json", NULL, "one object on one line"},
    [OPTION_QUIET] = {"quiet", NULL, "print only laws that were broken"},
    {NULL, NULL, NULL},
};

struct replaying {
    const struct policy *policy;
    const char *path;
    uint64_t begin_usec;
    bool json;
    bool quiet;
    struct json_object *sets; /* of --json */
    struct json_object *broken;
};

static int parse_replay(struct replaying *replaying, struct cli_args *args)
{
    int option;
    size_t count;
    replaying->policy = policy_find(NULL);
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        replaying->json |= option == OPTION_JSON;
        replaying->quiet |= option == OPTION_QUIET;
        if (option == OPTION_POLICY &&
            !(replaying->policy = cli_args_any_policy(args, args->value)))
            return CLI_BAD;
    }
    char **operands = cli_args_operands(args, &count);
    if (count != 1)
        return cli_args_wrong(args, "name one RECORDING, as 'ballast record' writes it");
    replaying->path = operands[0];
    return CLI_DONE;
}

static void print_replay_set(void *arg, const struct ballast_host *host,
                             const struct balancer_set *set, enum tick_outcome outcome)
{
    struct replaying *replaying = arg;
    uint64_t at_usec = host->now_usec - replaying->begin_usec;
    if (outcome != TICK_DONE || replaying->quiet)
        return;
    char *text = cli_set_sentence(host, set);
    if (replaying->json) {
        struct json_object *object = cli_json_object();
        cli_json_seconds(object, "at", at_usec);
        cli_json_kib(object, "domid", set->id);
        cli_json_kib(object, "target_kib", set->target_kib);
        cli_json_kib(object, "xen_maximum_kib", set->maxmem_kib);
        cli_json_string(object, "text", text);
        cli_json_append(replaying->sets, object);
    } else {
        printf("%8.1f s  %s\n", (double)at_usec / (double)BALLAST_SEC_USEC, text);
    }
    free(text);
}

static void print_breach(void *arg, uint64_t at_usec, const struct tick_breach *breach)
{
    struct replaying *replaying = arg;
    char text[CLI_MESSAGE];
    (void)tick_breach_text(breach, text, sizeof(text));
    at_usec -= replaying->begin_usec;
    if (replaying->json) {
        struct json_object *object = cli_json_object();
        cli_json_seconds(object, "at", at_usec);
        cli_json_kib(object, "law", (uint64_t)breach->law);
        cli_json_string(object, "text", text);
        cli_json_append(replaying->broken, object);
    } else {
        printf("%8.1f s  BROKEN: %s\n", (double)at_usec / (double)BALLAST_SEC_USEC, text);
    }
}

static void sum_up_replay(struct replaying *replaying, const struct simulate_replay *done)
{
    if (replaying->json) {
        struct json_object *object = cli_json_object();
        cli_json_string(object, "policy", replaying->policy->name);
        cli_json_kib(object, "samples", done->samples);
        cli_json_seconds(object, "span", done->span_usec);
        cli_json_add(object, "sets", replaying->sets);
        cli_json_add(object, "broken", replaying->broken);
        cli_json_print(object);
    } else if (!replaying->quiet) {
        printf("%zu samples in %.1f s under policy %s: %zu changes, %s\n", done->samples,
               (double)done->span_usec / (double)BALLAST_SEC_USEC, replaying->policy->name,
               done->sets, done->breaches > 0 ? "laws were broken" : "no law broken");
    }
}

static int run_replay(struct replaying *replaying, const struct recording *recording)
{
    struct ballast_error err;
    struct simulate_replay done;
    replaying->begin_usec = recording->samples[0].now_usec;
    if (replaying->json) {
        replaying->sets = cli_json_array();
        replaying->broken = cli_json_array();
    }
    const struct simulate_replay_ear ear = {replaying, print_replay_set, print_breach};
    int rc = simulate_replay(recording->samples, recording->count, replaying->policy, NULL, &ear,
                             &done, &err);
    if (rc == -ENOMEM)
        xcheck(NULL);
    sum_up_replay(replaying, &done);
    if (rc < 0) {
        cli_error("%s: sample %zu: %s", replaying->path, done.samples, err.text);
        return CLI_BAD;
    }
    return done.breaches > 0 ? CLI_NO : CLI_DONE;
}

static int replay_main(struct cli_args *args)
{
    struct replaying replaying = {0};
    struct recording recording;
    struct ballast_error err;
    int rc = parse_replay(&replaying, args);
    if (rc)
        return rc;
    if (recording_read(replaying.path, &recording, &err) < 0) {
        cli_error("%s", err.text);
        return CLI_BAD;
    }
    rc = run_replay(&replaying, &recording);
    recording_release(&recording);
    return rc;
}

const struct cli_command cmd_replay = {
    .name = "replay",
    .summary = "run the balancer over a recording of a host",
    .operands = "RECORDING",
    .text = "Runs the loop that balances a real host over a recording, sample by sample, and\n"
            "prints what it would have changed and why, and which laws it would have broken.\n"
            "Guests do what they did when they were recorded. - is standard input.\n"
            "Exit status 0: no law broken; 1: at least one.",
    .options = replay_options,
    .run = replay_main,
};
