/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ballast hook: what a toolstack's hook calls, with the guest's configuration on standard input.
 *
 * Memory is reserved in libvirt's `start`, since only that is always followed by a `release`; and
 * by the uuid, by which the daemon knows the guest when it appears. Nothing is bound here: the
 * first call after `start` comes when the whole guest has been built.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include <json-c/json.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/client/pages.h"
#include "app/ballast/explain/need.h"
#include "app/ballast/starts/refusal.h"
#include "app/ballast/starts/reserving.h"
#include "app/ballast/starts/start_conf.h"
#include "core/model/host.h"

/* Whose the reservations are. */
#define HOOK_OWNER "libvirt"

enum { OPTION_CONFIG, OPTION_RUN_DIR };

static const struct cli_option hook_options[] = {
    [OPTION_CONFIG] = {"config", "FILE", "instead of " START_CONF_PATH},
    [OPTION_RUN_DIR] = {"run-dir", "DIR", CLI_RUN_DIR_HELP},
    {NULL, NULL, NULL},
};

struct hook {
    const char *config;
    const char *run_dir;
    const char *operation;
    struct cli_daemon daemon;
    struct cli_need need;
};

static int parse_hook(struct hook *hook, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        if (option == OPTION_CONFIG)
            hook->config = args->value;
        if (option == OPTION_RUN_DIR)
            hook->run_dir = args->value;
    }
    /* What a later libvirt adds behind them does not matter. */
    size_t count;
    char **operands = cli_args_operands(args, &count);
    if (count < 3)
        return cli_args_wrong(args, "name DRIVER, NAME and OPERATION, as libvirt does");
    if (strcmp(operands[0], "libxl") != 0)
        return cli_args_wrong(args, "unknown DRIVER '%.40s': use libxl", operands[0]);
    hook->operation = operands[2];
    return CLI_DONE;
}

/* Bound ones go with their domain, and what is kept for a reboot has another owner. */
static bool is_left_over(const struct hook *hook, const struct json_object *reservation)
{
    const char *state = json_field_string(reservation, "state");
    bool unbound = strcmp(state, "requested") == 0 || strcmp(state, "reclaiming") == 0 ||
                   strcmp(state, "granted") == 0;
    return unbound && *hook->need.uuid &&
           strcasecmp(json_field_string(reservation, "uuid"), hook->need.uuid) == 0;
}

static int release_left_over(struct hook *hook)
{
    struct json_object *all = NULL;
    struct json_object *params = cli_params();
    cli_params_string(params, "owner", HOOK_OWNER);
    json_object_object_add(params, "open", json_object_new_boolean(true));
    int rc = cli_pages(&hook->daemon, &cli_list_of_reservations, params, &all);
    for (size_t i = 0; rc == CLI_DONE && i < json_object_array_length(all); i++) {
        const struct json_object *reservation = json_object_array_get_idx(all, i);
        if (!is_left_over(hook, reservation))
            continue;
        struct cli_reserving left = {.daemon = &hook->daemon,
                                     .want = {.owner = HOOK_OWNER},
                                     .id = json_field_u64(reservation, "id")};
        cli_reserving_release(&left);
    }
    json_object_put(all);
    return rc;
}

static int reserve_hook(struct hook *hook, uint64_t wait_usec)
{
    bool has_uuid = *hook->need.uuid != '\0';
    struct cli_reserving reserving = {.daemon = &hook->daemon,
                                      .quiet = true,
                                      .want = {.min_kib = hook->need.kib,
                                               .max_kib = BALLAST_NONE,
                                               .lease_usec = BALLAST_NONE,
                                               .deadline_usec = wait_usec,
                                               .owner = HOOK_OWNER,
                                               .label = hook->need.label,
                                               .name = has_uuid ? NULL : hook->need.label,
                                               .uuid = has_uuid ? hook->need.uuid : NULL,
                                               .starts = true,
                                               .with_connection = true}};
    int rc = cli_reserving_ask(&reserving);
    if (!rc)
        rc = cli_reserving_wait(&reserving);
    if (rc == CLI_NO)
        cli_refusal_print(&reserving, &hook->need);
    if (!rc)
        rc = cli_reserving_keep(&reserving);
    cli_reserving_end(&reserving);
    return rc;
}

/* CLI_DONE: reserved. CLI_NO: refused, with a message. Others: not decided, with one. */
static int decide_start(struct hook *hook, uint64_t wait_usec)
{
    struct cli_admission admission;
    int rc = cli_need_read(&hook->need, "-", NULL);
    if (rc || (rc = cli_daemon_open(&hook->daemon, "hook", hook->run_dir, CLI_DAEMON_CHANGES)))
        return rc;
    cli_admission_ask(&admission, NULL, &hook->daemon, true);
    if ((rc = cli_need_admit(&hook->need, &admission)) || (rc = release_left_over(hook)))
        return rc;
    return reserve_hook(hook, wait_usec);
}

/* libvirt shows what a hook printed only where it failed, so the log has it too. */
static int leave_undecided(const struct hook *hook, const struct start_conf *conf)
{
    const char *shown = hook->need.shown ? hook->need.shown : "a guest";
    const char *outcome = conf->refuses_undecided ? "is refused" : "starts without a reservation";
    cli_error("hook: %s %s, as 'undecided' in hook.conf says", shown, outcome);
    openlog("ballast-hook", LOG_PID, LOG_DAEMON);
    syslog(LOG_WARNING, "%s %s: ballastd could not be asked, or its XML not be read", shown,
           outcome);
    closelog();
    return conf->refuses_undecided ? CLI_NO : CLI_DONE;
}

static int hook_start(struct hook *hook)
{
    struct start_conf conf;
    start_conf_read("hook", hook->config, "libvirt", &conf);
    int rc = decide_start(hook, conf.wait_usec);
    return rc == CLI_DONE || rc == CLI_NO ? rc : leave_undecided(hook, &conf);
}

/* What was reserved for a start that came to nothing. A daemon that is gone has its lease. */
static void hook_release(struct hook *hook)
{
    if (cli_need_read(&hook->need, "-", NULL) == CLI_DONE &&
        cli_daemon_try(&hook->daemon, "hook", hook->run_dir, CLI_DAEMON_CHANGES) == CLI_DONE &&
        hook->daemon.client)
        (void)release_left_over(hook);
}

static int hook_main(struct cli_args *args)
{
    struct hook hook = {0};
    int rc = parse_hook(&hook, args);
    if (rc)
        return rc;
    if (strcmp(hook.operation, "start") == 0)
        rc = hook_start(&hook);
    else if (strcmp(hook.operation, "release") == 0)
        hook_release(&hook);
    cli_daemon_close(&hook.daemon);
    cli_need_release(&hook.need);
    return rc;
}

const struct cli_command cmd_hook = {
    .name = "hook",
    .summary = "reserve memory for guests that libvirt starts",
    .operands = "libxl NAME OPERATION [SUBOPERATION [EXTRA]]",
    .text = "Called by libvirt's hook with the guest's XML on standard input. For 'start' it\n"
            "waits until the guest's memory is reserved; for 'release' it releases what is\n"
            "left of that; for other operations it does nothing. Exit status 1: refused.",
    .options = hook_options,
    .run = hook_main,
};
