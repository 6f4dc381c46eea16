/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/starts/command_start.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/child.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/cli/signals.h"
#include "app/ballast/cli/time.h"
#include "app/ballast/starts/domain_watch.h"
#include "app/ballast/starts/refusal.h"
#include "core/base/units.h"
#include "core/model/host.h"

/* Between looks for the new domain: a build of 1 GiB takes five times as long or more. */
#define LOOK_USEC UINT64_C(50000)
/* A domain that is not there so long after its command has ended will not come. */
#define LATE_USEC (UINT64_C(3) * BALLAST_SEC_USEC)

/* Standard output is the command's. */
__attribute__((format(printf, 2, 3))) static void
print_start_note(const struct cli_command_start *start, const char *format, ...)
{
    va_list arguments;
    if (start->quiet)
        return;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", start->need.shown);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static int print_start_refusal(struct cli_command_start *start)
{
    if (cli_signal()) {
        cli_error("%s: %s is not started; the domains keep the memory that they were to free",
                  start->daemon.command, start->need.shown);
        return 128 + cli_signal();
    }
    cli_refusal_print(&start->reserving, &start->need);
    return CLI_NO;
}

static void print_granted(const struct cli_command_start *start)
{
    const struct cli_reserving *reserving = &start->reserving;
    for (size_t i = 0; i < reserving->source_count; i++) {
        const struct cli_source *source = &reserving->sources[i];
        print_start_note(start, "domain %" PRIu64 " %s freed %" PRIu64 " KiB", source->domid,
                         source->shown, source->reclaimed_kib);
    }
    print_start_note(start, "%" PRIu64 " KiB are reserved (%" PRIu64 "); running %s",
                     json_field_sum(reserving->reservation, "granted_kib"), reserving->id,
                     start->argv[0]);
}

/* How long, where that has an end. */
static void print_start_wait(const struct cli_command_start *start)
{
    char limit[CLI_MESSAGE] = "";
    uint64_t wait_usec = start->want.deadline_usec;
    if (cli_reserving_is_granted(&start->reserving))
        return;
    if (wait_usec != BALLAST_NONE)
        (void)snprintf(limit, sizeof(limit), ", for at most %" PRIu64 " s",
                       ballast_div_up(wait_usec, BALLAST_SEC_USEC));
    print_start_note(start, "waiting for other domains to free memory%s", limit);
}

static int reserve_start(struct cli_command_start *start)
{
    print_start_note(start, "needs %" PRIu64 " KiB (profile %s: %s: %s)", start->need.kib,
                     start->need.profile_name, start->need.why, start->need.certainty.text);
    int rc = cli_reserving_ask(&start->reserving);
    if (!rc)
        print_start_wait(start);
    if (!rc)
        rc = cli_reserving_wait(&start->reserving);
    if (rc == CLI_NO || (rc && cli_signal()))
        return print_start_refusal(start);
    if (!rc && cli_signal()) {
        cli_reserving_release(&start->reserving);
        return print_start_refusal(start);
    }
    if (!rc)
        print_granted(start);
    return rc;
}

/* What a script behind -- may want to know. */
static void set_start_environment(const struct cli_command_start *start)
{
    char id[CLI_SIZE];
    (void)snprintf(id, sizeof(id), "%" PRIu64, start->reserving.id);
    (void)setenv("BALLAST_RESERVATION", id, 1);
    (void)setenv(CLI_RUN_DIR_ENV, start->daemon.run_dir, 1);
}

static void report_watch(const struct cli_command_start *start,
                         const struct cli_domain_watch *watch)
{
    if (watch->state == CLI_WATCH_BOUND)
        print_start_note(start, "it is domain %" PRIu64 ", and its reservation is bound",
                         watch->domid);
    if (watch->state == CLI_WATCH_REFUSED)
        cli_error("%s: %s is domain %" PRIu64 ", but reservation %" PRIu64
                  " could not be bound to it: %s",
                  start->daemon.command, start->need.shown, watch->domid, start->reserving.id,
                  watch->why);
    if (watch->state == CLI_WATCH_LOST)
        cli_error("%s: %s; %s continues without its reservation (%" PRIu64 ")",
                  start->daemon.command, watch->why, start->need.shown, start->reserving.id);
}

static void attend_start(struct cli_command_start *start, struct cli_domain_watch *watch,
                         struct cli_child *child)
{
    while (!child->ended && watch->state == CLI_WATCH_NONE) {
        cli_domain_watch_poll(watch);
        cli_child_wait(child, LOOK_USEC);
    }
    report_watch(start, watch);
    cli_child_wait(child, BALLAST_NONE);
    if (watch->state != CLI_WATCH_NONE)
        return;
    /* One that failed may have left a domain for a moment; an unbound reservation is released. */
    for (uint64_t waited_usec = 0; child->status == 0 && waited_usec <= LATE_USEC;
         waited_usec += LOOK_USEC) {
        cli_domain_watch_poll(watch);
        if (watch->state != CLI_WATCH_NONE)
            break;
        cli_sleep(LOOK_USEC);
    }
    report_watch(start, watch);
}

static int start_reserved(struct cli_command_start *start, struct cli_domain_watch *watch)
{
    struct cli_child child;
    set_start_environment(start);
    int rc = cli_child_start(&child, start->daemon.command, start->argv);
    if (rc) {
        cli_reserving_release(&start->reserving);
        return rc;
    }
    attend_start(start, watch, &child);
    cli_child_end(&child);
    if (watch->state == CLI_WATCH_NONE || watch->state == CLI_WATCH_REFUSED) {
        if (child.status == 0 && watch->state == CLI_WATCH_NONE)
            cli_error("%s: %s succeeded, but there is no new domain %s: releasing its "
                      "reservation",
                      start->daemon.command, start->argv[0], start->need.shown);
        cli_reserving_release(&start->reserving);
    }
    return child.status;
}

/* These create no second domain of a name; others may. */
static bool refuses_a_second(const struct cli_command_start *start)
{
    static const char *const names[] = {"xl", "virsh", "ballast"};
    const char *slash = strrchr(start->argv[0], '/');
    const char *name = slash ? slash + 1 : start->argv[0];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

/* No memory is reclaimed for a command that could only fail. */
static int check_absence(const struct cli_command_start *start,
                         const struct cli_domain_watch *watch)
{
    if (watch->before_count == 0)
        return CLI_DONE;
    bool has_namesake = watch->namesake != BALLAST_NONE;
    uint64_t domid = has_namesake ? watch->namesake : watch->before[0];
    if (has_namesake && refuses_a_second(start)) {
        cli_error("%s: %s runs already, as domain %" PRIu64
                  ", and %s creates no second domain of that name: shut that one down first, or "
                  "rename the guest",
                  start->daemon.command, start->need.shown, domid, start->argv[0]);
        return CLI_NO;
    }
    print_start_note(start,
                     "runs already, as domain %" PRIu64
                     "; the next domain that %s creates gets the reservation",
                     domid, start->argv[0]);
    return CLI_DONE;
}

static bool leaves_start_undecided(int rc)
{
    return rc == CLI_BAD || rc == CLI_UNREACHABLE;
}

int cli_command_start(struct cli_command_start *start)
{
    struct cli_domain_watch watch;
    start->reserving = (struct cli_reserving){
        .daemon = &start->daemon, .want = start->want, .quiet = start->quiet};
    int rc = cli_child_find(start->daemon.command, start->argv[0]);
    if (rc)
        return rc;
    rc = cli_domain_watch_begin(&watch, &start->daemon, start->need.name, start->want.uuid);
    start->undecided = leaves_start_undecided(rc);
    if (rc)
        return rc;
    if ((rc = check_absence(start, &watch))) {
        cli_domain_watch_end(&watch);
        return rc;
    }
    cli_signals_catch();
    rc = reserve_start(start);
    start->undecided = leaves_start_undecided(rc);
    if (!rc) {
        watch.reservation = start->reserving.id;
        watch.owner = start->want.owner;
        rc = start_reserved(start, &watch);
    }
    cli_domain_watch_end(&watch);
    cli_reserving_end(&start->reserving);
    return rc;
}
