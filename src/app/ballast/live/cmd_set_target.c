/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast set-target */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/interrupt.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/progress.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/live/change.h"
#include "core/base/quantity.h"
#include "core/base/units.h"
#include "core/model/follow.h"

/* How often a moving balloon is looked at: the tick's pace. */
#define LOOK_USEC UINT64_C(100000)
/*
 * Without progress for so long it has stopped. Measured guests took up to 3.2 s for their whole
 * way; Linux's driver may pause for 32 s after a failure, but by then it has failed.
 */
#define PATIENCE_USEC (UINT64_C(10) * BALLAST_SEC_USEC)
/* The default of --timeout: 6 GiB at 100 MiB/s, a slow balloon. */
#define TIMEOUT_USEC (UINT64_C(60) * BALLAST_SEC_USEC)

enum {
    OPTION_NO_ENFORCE = CLI_CHANGE_OPTIONS,
    OPTION_WAIT,
    OPTION_TIMEOUT,
    OPTION_BACKEND,
    OPTION_FORCE,
};

static const struct cli_option set_target_options[] = {
    CLI_CHANGE_ROWS,
    [OPTION_NO_ENFORCE] = {"no-enforce", NULL, "leave Xen's maximum as it is"},
    [OPTION_WAIT] = {"wait", NULL, "follow the balloon until it has arrived or stopped"},
    [OPTION_TIMEOUT] = {"timeout", "T", "wait no longer than that (default 60s)"},
    [OPTION_BACKEND] = {"backend", "NAME", "xen (the default), or libxl: by its own call"},
    [OPTION_FORCE] = {"force", NULL, "even below the guest's floor, where it may crash"},
    {NULL, NULL, NULL},
};

struct set_target {
    struct cli_change change;
    const char *domain;
    const char *lower; /* the operand that begins with '-' and a digit */
    bool gives_back;   /* "auto" */
    char sign;         /* '+', '-': SIZE is relative */
    const char *size;  /* as it was given, without the sign */
    uint64_t kib;
    bool enforce;
    bool waits;
    uint64_t timeout_usec;
    uint64_t goal_kib; /* what it is to hold in the end, video included */
    enum ballast_follow_state state;
    enum ballast_stop reason;
    char why[CLI_MESSAGE];
    uint64_t waited_usec;
};

/*
 * getopt would take -64M for options, so it is hidden from it: an operand of the same place stands
 * in for it.
 */
static void hide_lower(struct set_target *set, struct cli_args *args)
{
    static char stands_in[] = "-";
    for (int i = 1; i < args->argc && strcmp(args->argv[i], "--") != 0; i++) {
        const char *word = args->argv[i];
        if (word[0] != '-' || word[1] < '0' || word[1] > '9' || set->lower)
            continue;
        set->lower = word;
        args->argv[i] = stands_in;
    }
}

static int set_set_target_option(struct set_target *set, struct cli_args *args, int option)
{
    set->enforce &= option != OPTION_NO_ENFORCE;
    set->waits |= option == OPTION_WAIT;
    set->change.force |= option == OPTION_FORCE;
    cli_change_option(&set->change, args, option);
    if (option == OPTION_BACKEND)
        return cli_change_backend(&set->change, args->value);
    if (option == OPTION_TIMEOUT)
        return cli_args_time(args, &set->timeout_usec);
    return CLI_DONE;
}

static int read_set_target_size(struct set_target *set, const char *word)
{
    set->gives_back = strcmp(word, "auto") == 0;
    if (set->gives_back && set->waits)
        return cli_args_wrong(set->change.args, "--wait and auto: there is nothing to wait for");
    if (set->gives_back)
        return CLI_DONE;
    if (strcmp(word, "-") == 0 && set->lower)
        word = set->lower;
    set->sign = *word == '+' || *word == '-' ? *word : '\0';
    set->size = word + (set->sign != '\0');
    return cli_change_check_size(set->change.args, set->size);
}

static int parse_set_target(struct set_target *set, struct cli_args *args)
{
    int option;
    hide_lower(set, args);
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD || set_set_target_option(set, args, option) != CLI_DONE)
            return CLI_BAD;
    }
    size_t count;
    char **operands = cli_args_operands(args, &count);
    if (count != 2)
        return cli_args_wrong(args, "it takes a DOMAIN and a SIZE, or auto");
    if (set->waits && set->change.dry)
        return cli_args_wrong(args, "--wait and --dry-run: there is nothing to wait for");
    set->domain = operands[0];
    return read_set_target_size(set, operands[1]);
}

/*
 * p2m_pod_set_mem_target(): the cache follows a target up at once, as far as there is anything
 * promised that it does not cover yet, and never down.
 */
static void warn_of_ratchet(const struct set_target *set)
{
    const struct cli_domain *domain = &set->change.domain;
    if (domain->is.pod_entries_kib == BALLAST_NONE || domain->is.pod_cache_kib == BALLAST_NONE)
        return;
    uint64_t taken_kib =
        ballast_min_u64(ballast_sub_floor(set->goal_kib, domain->whole_target_kib),
                        ballast_sub_floor(domain->is.pod_entries_kib, domain->is.pod_cache_kib));
    if (taken_kib > 0)
        cli_error("set-target: domain %" PRIu32 " (%s) is populated on demand and its balloon "
                  "has not run: Xen takes up to %" PRIu64 " KiB for it at once, and a lower "
                  "target frees nothing before the balloon runs",
                  domain->is.id, domain->shown, taken_kib);
}

/* The size that it is to have: at least a page, since no domain has less. */
static uint64_t goal_of(const struct set_target *set)
{
    uint64_t target_kib = set->change.domain.whole_target_kib;
    if (target_kib == BALLAST_NONE)
        target_kib = set->change.domain.is.tot_kib;
    uint64_t kib = set->sign == '+'   ? ballast_add_ceil(target_kib, set->kib)
                   : set->sign == '-' ? ballast_sub_floor(target_kib, set->kib)
                                      : set->kib;
    return ballast_max_u64(ballast_min_u64(kib, CLI_NO_LIMIT_KIB), BALLAST_PAGE_KIB);
}

/* What the daemon has no way to do must not be left out in silence. */
static int check_daemon_can(const struct set_target *set)
{
    if (!set->change.beside_daemon || set->enforce)
        return CLI_DONE;
    cli_error(
        "set-target: --no-enforce does not work beside ballastd, which keeps Xen's maximum at "
        "the target: leave it out");
    return CLI_BAD;
}

static int apply_set_target(struct set_target *set)
{
    struct json_object *params = cli_params();
    set->goal_kib = goal_of(set);
    cli_params_u64(params, "target_kib", set->goal_kib);
    if (set->change.force)
        cli_params_bool(params, "force", true);
    if (!set->enforce)
        cli_params_bool(params, "enforce", false);
    warn_of_ratchet(set);
    return cli_change_call(&set->change, "set-target", params);
}

static void find_reason(struct set_target *set, const struct cli_domain *now)
{
    struct hv *hv = set->change.access.hv;
    struct ballast_stop_facts facts = {
        .dying = now->is.dying,
        .paused = now->is.paused || now->state == BALLAST_DOMAIN_PAUSED,
        .has_balloon = now->is.has_balloon,
        .tot_kib = now->is.tot_kib,
        .goal_kib = set->goal_kib,
        .target_kib = now->whole_target_kib == BALLAST_NONE ? 0 : now->whole_target_kib,
        .maximum_kib = cli_domain_maximum_kib(now),
        .free_kib = set->change.access.host->free_kib,
        .pod_cache_kib = now->is.pod_cache_kib,
        .pod_entries_kib = now->is.pod_entries_kib,
        .used_kib = now->is.used_kib,
        .video_kib = now->video_kib,
    };
    set->reason = ballast_stop_reason(&facts);
    size_t length = ballast_stop_text(set->reason, &facts, set->why, sizeof(set->why));
    /* The balancer has moved it elsewhere, and its event says why. */
    char decided[CLI_MESSAGE / 2] = "";
    if (set->reason == BALLAST_STOP_TARGET)
        host_access_daemon_why(hv, now->is.id, decided, sizeof(decided));
    if (*decided && length < sizeof(set->why))
        (void)snprintf(set->why + length, sizeof(set->why) - length, ": %s", decided);
}

static int sample_target(struct set_target *set, struct ballast_follow *follow,
                         struct cli_progress *progress)
{
    char text[CLI_MESSAGE];
    struct cli_change *change = &set->change;
    int rc = host_access_wait(&change->access, LOOK_USEC);
    if (!rc)
        rc = cli_change_look(change);
    if (rc)
        return rc;
    uint64_t now_usec = change->access.host->now_usec;
    set->state = ballast_follow_sample(follow, now_usec, change->after.current_kib);
    (void)snprintf(text, sizeof(text), "%s holds %" PRIu64 " of %" PRIu64 " KiB", change->shown,
                   change->after.current_kib, set->goal_kib);
    cli_progress_show(progress, now_usec, ballast_follow_permyriad(follow), text);
    return CLI_DONE;
}

static int follow_it(struct set_target *set)
{
    struct cli_change *change = &set->change;
    struct cli_progress progress;
    uint64_t began_usec = change->access.host->now_usec;
    struct ballast_follow follow = {
        .goal_kib = set->goal_kib,
        .tolerance_kib = change->domain.is.extra_internal_kib,
        .short_kib = change->domain.is.type == BALLAST_HVM ? BALLAST_HVM_SHORT_KIB : 0,
        .patience_usec = PATIENCE_USEC,
        .until_usec = ballast_add_ceil(began_usec, set->timeout_usec),
    };
    ballast_follow_begin(&follow, began_usec, change->before.current_kib);
    cli_progress_begin(&progress, began_usec, change->json);
    cli_interrupt_catch();
    set->state = BALLAST_FOLLOW_MOVING;
    int rc = CLI_DONE;
    while (rc == CLI_DONE && set->state == BALLAST_FOLLOW_MOVING && !cli_interrupted())
        rc = sample_target(set, &follow, &progress);
    cli_progress_end(&progress);
    if (rc)
        return rc;
    set->waited_usec = change->access.host->now_usec - began_usec;
    if (set->state != BALLAST_FOLLOW_REACHED)
        find_reason(set, host_access_by_id(&change->access, change->domain.is.id));
    return CLI_DONE;
}

static const char *follow_state_name(enum ballast_follow_state state)
{
    switch (state) {
    case BALLAST_FOLLOW_REACHED:
        return "reached";
    case BALLAST_FOLLOW_STOPPED:
        return "stopped";
    case BALLAST_FOLLOW_LATE:
        return "late";
    case BALLAST_FOLLOW_MOVING:
        break;
    }
    return "interrupted";
}

static void print_target_wait(const struct set_target *set)
{
    char time[CLI_SIZE];
    (void)snprintf(time, sizeof(time), "%" PRIu64 ".%" PRIu64 " s",
                   set->waited_usec / BALLAST_SEC_USEC,
                   set->waited_usec % BALLAST_SEC_USEC / (BALLAST_SEC_USEC / 10));
    uint64_t current_kib = set->change.after.current_kib;
    if (set->state == BALLAST_FOLLOW_REACHED)
        printf("reached after %s\n", time);
    else if (set->state == BALLAST_FOLLOW_STOPPED)
        printf("stopped at %" PRIu64 " KiB, %s\n", current_kib, set->why);
    else if (set->state == BALLAST_FOLLOW_LATE)
        printf("not there after %s: it holds %" PRIu64 " KiB, %s\n", time, current_kib, set->why);
    else
        printf("interrupted: it holds %" PRIu64 " KiB and goes on to its target\n", current_kib);
}

static void print_set_target(const struct set_target *set, bool waited)
{
    if (!set->change.json) {
        cli_change_print(&set->change);
        if (!set->change.is_kept && !set->change.dry)
            puts("    not pinned: without a daemon nothing keeps this target");
        else if (!set->change.beside_daemon && !set->change.dry)
            puts("    kept once ballastd runs");
        if (waited)
            print_target_wait(set);
        return;
    }
    struct json_object *object = cli_change_json(&set->change);
    if (waited) {
        struct json_object *wait = cli_json_object();
        bool reached = set->state == BALLAST_FOLLOW_REACHED;
        cli_json_string(wait, "state", follow_state_name(set->state));
        cli_json_kib(wait, "ms", set->waited_usec / 1000);
        cli_json_string(wait, "reason", reached ? NULL : ballast_stop_name(set->reason));
        cli_json_string(wait, "why", reached ? NULL : set->why);
        cli_json_add(object, "wait", wait);
    }
    cli_json_print(object);
}

static int give_target_back(struct set_target *set)
{
    struct cli_change *change = &set->change;
    struct json_object *params;
    if (!change->is_kept) {
        cli_error("set-target: domain %" PRIu32 " (%s): its target is not pinned: without a daemon "
                  "nothing keeps it",
                  change->domain.is.id, change->shown);
        return CLI_NO;
    }
    params = cli_params();
    cli_params_bool(params, "auto", true);
    int rc = cli_change_call(change, "set-target", params);
    if (!rc)
        print_set_target(set, false);
    return rc;
}

static int run_set_target(struct set_target *set)
{
    if (set->gives_back)
        return give_target_back(set);
    int rc = apply_set_target(set);
    if (!rc && set->waits)
        rc = follow_it(set);
    if (rc)
        return rc;
    print_set_target(set, set->waits);
    return !set->waits || set->state == BALLAST_FOLLOW_REACHED ? CLI_DONE : CLI_NO;
}

static int set_target_main(struct cli_args *args)
{
    struct set_target set = {
        .change = {.args = args}, .enforce = true, .timeout_usec = TIMEOUT_USEC};
    int rc = parse_set_target(&set, args);
    if (!rc)
        rc = cli_change_begin(&set.change, set.domain);
    if (rc)
        return rc;
    rc = check_daemon_can(&set);
    if (!rc && set.size)
        rc = cli_change_size(&set.change, set.size, &set.kib);
    if (!rc)
        rc = run_set_target(&set);
    cli_change_end(&set.change);
    return rc;
}

const struct cli_command cmd_set_target = {
    .name = "set-target",
    .summary = "give a running domain another size",
    .operands = "DOMAIN SIZE|+SIZE|-SIZE|auto",
    .text = "Sets the target of a domain's balloon, video memory included, and Xen's maximum\n"
            "with it, as 'xl mem-set' does. SIZE: 512M, 1.5G, 50%.\n"
            "A daemon that runs keeps that target until 'auto' returns it to the balancer.\n"
            "Exit status 1: refused, or with --wait: not reached.",
    .options = set_target_options,
    .run = set_target_main,
};
