/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast run */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "app/ballast/access/profile_option.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/child.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/cli/signals.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/admission_preview.h"
#include "app/ballast/explain/need.h"
#include "app/ballast/starts/domain_watch.h"
#include "app/ballast/starts/reserving.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "edge/file/file.h"

/* Between looks for the new domain: a build of 1 GiB takes five times as long or more. */
#define LOOK_USEC UINT64_C(50000)
/* A domain that is not there so long after its command has ended will not come. */
#define LATE_USEC (UINT64_C(3) * BALLAST_SEC_USEC)

enum {
    OPTION_DRY_RUN,
    OPTION_LEASE,
    OPTION_DEADLINE,
    OPTION_OWNER,
    OPTION_NAME,
    OPTION_UUID,
    OPTION_PROFILE,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_RUN_DIR,
};

static const struct cli_option run_options[] = {
    [OPTION_DRY_RUN] = {"dry-run", NULL, "only print what would happen", 'n'},
    [OPTION_LEASE] = {"lease", "T", "how long the command may take to create its domain"},
    [OPTION_DEADLINE] = {"deadline", "T", "give up after T if the memory is not free"},
    [OPTION_OWNER] = {"owner", "NAME", "the owner of the reservation (default: this user)"},
    [OPTION_NAME] = {"name", "NAME", "the name of its domain (default: the guest's)"},
    [OPTION_UUID] = {"uuid", "UUID", "the uuid of its domain"},
    [OPTION_PROFILE] = {"profile", "NAME", "compute the need by these rules",
                        .value = cli_profile_name},
    [OPTION_JSON] = {"json", NULL, "with --dry-run: one object, sizes in KiB"},
    [OPTION_QUIET] = {"quiet", NULL, "print only errors"},
    [OPTION_RUN_DIR] = {"run-dir", "DIR", CLI_RUN_DIR_HELP},
    {NULL, NULL, NULL},
};

struct run {
    const char *path;
    char *const *command; /* NULL-terminated */
    char *usual[4];
    struct cli_want want;
    const struct ballast_profile *profile;
    const char *run_dir;
    bool dry;
    bool json;
    bool quiet;
    struct cli_admission admission;
    struct cli_need need;
    struct cli_daemon daemon;
    struct cli_reserving reserving;
};

static int set_run_option(struct run *run, const struct cli_args *args, int option)
{
    run->dry |= option == OPTION_DRY_RUN;
    run->json |= option == OPTION_JSON;
    run->quiet |= option == OPTION_QUIET;
    if (option == OPTION_LEASE)
        return cli_args_span(args, &run->want.lease_usec);
    if (option == OPTION_DEADLINE)
        return cli_args_span(args, &run->want.deadline_usec);
    if (option == OPTION_OWNER)
        run->want.owner = args->value;
    if (option == OPTION_NAME)
        run->want.name = args->value;
    if (option == OPTION_UUID)
        return cli_reserving_uuid(args, &run->want);
    if (option == OPTION_RUN_DIR)
        run->run_dir = args->value;
    if (option == OPTION_PROFILE)
        return cli_profile_option(args, args->value, &run->profile);
    return CLI_DONE;
}

/* What is behind "--" is the command's, options and all. */
static void take_command(struct run *run, struct cli_args *args)
{
    for (int i = 1; i < args->argc; i++) {
        if (strcmp(args->argv[i], "--") != 0)
            continue;
        run->command = args->argv + i + 1;
        args->argc = i;
    }
}

static int first_character(const char *path)
{
    char *text;
    size_t length;
    if (file_read(path, FILE_REGULAR, GUESTCFG_MAX_BYTES, &text, &length, NULL) < 0)
        return EOF;
    size_t first = strspn(text, " \t\n\r\xef\xbb\xbf");
    int character = first < length ? (unsigned char)text[first] : EOF;
    free(text);
    return character;
}

/* The command that starts such a file, by its content, as the reader of guests has it. */
static int choose_command(struct run *run, const struct cli_args *args)
{
    if (run->command && *run->command)
        return CLI_DONE;
    if (run->command)
        return cli_args_wrong(
            args, "COMMAND behind -- is missing: write the command that starts the guest");
    if (run->dry)
        return CLI_DONE;
    int first = strcmp(run->path, "-") == 0 ? '{' : first_character(run->path);
    if (first == '{' || first == '[')
        return cli_args_wrong(args,
                              "'%s': no toolstack starts JSON: write the command that starts it "
                              "behind --",
                              run->path);
    bool xml = first == '<';
    static char xl[] = "xl";
    static char virsh[] = "virsh";
    static char create[] = "create";
    run->usual[0] = xml ? virsh : xl;
    run->usual[1] = create;
    run->usual[2] = (char *)run->path;
    run->command = run->usual;
    return CLI_DONE;
}

static int parse_run(struct run *run, struct cli_args *args)
{
    int option;
    take_command(run, args);
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD || set_run_option(run, args, option) != CLI_DONE)
            return CLI_BAD;
    }
    size_t count;
    char **operands = cli_args_operands(args, &count);
    if (count != 1)
        return cli_args_wrong(args, "name one GUEST, and behind -- the command that starts it");
    if (run->json && !run->dry)
        return cli_args_wrong(args, "--json needs --dry-run: add it");
    run->path = operands[0];
    return choose_command(run, args);
}

/* Standard output is the command's. */
__attribute__((format(printf, 2, 3))) static void print_run_note(const struct run *run,
                                                                 const char *format, ...)
{
    va_list arguments;
    if (run->quiet)
        return;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", run->need.shown);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static int dry_run(struct run *run)
{
    struct cli_admission_preview preview = {0};
    int rc = cli_admission_preview_ask(&run->daemon, run->need.label, run->need.kib, &preview);
    if (rc)
        return rc;
    if (run->json) {
        struct json_object *object = cli_admission_preview_json(&preview);
        cli_json_string(object, "name", run->need.name);
        cli_json_string(object, "profile", run->need.profile_name);
        cli_json_string(object, "profile_why", run->need.why);
        cli_certainty_json(object, &run->need.certainty);
        cli_json_kib(object, "need_kib", run->need.kib);
        cli_json_print(object);
    } else {
        printf("%s: needs %" PRIu64 " KiB (profile %s: %s: %s); ", run->need.shown, run->need.kib,
               run->need.profile_name, run->need.why, run->need.certainty.text);
        cli_admission_preview_print(&preview, stdout);
    }
    rc = cli_admission_preview_is_possible(&preview) ? CLI_DONE : CLI_NO;
    cli_admission_preview_release(&preview);
    return rc;
}

static int print_run_refusal(struct run *run)
{
    char why[CLI_MESSAGE];
    struct cli_admission_preview preview = {0};
    if (cli_signal()) {
        cli_error("run: %s is not started; the domains keep the memory that they were to free",
                  run->need.shown);
        return 128 + cli_signal();
    }
    cli_reserving_why(&run->reserving, why, sizeof(why));
    cli_error("run: %s needs %" PRIu64 " KiB and is not started: %s", run->need.shown,
              run->need.kib, why);
    if (cli_admission_preview_ask(&run->daemon, run->need.label, run->need.kib, &preview) == 0) {
        fputs("now: ", stderr);
        cli_admission_preview_print(&preview, stderr);
    }
    cli_admission_preview_release(&preview);
    return CLI_NO;
}

static void tell_granted(const struct run *run)
{
    const struct cli_reserving *reserving = &run->reserving;
    for (size_t i = 0; i < reserving->source_count; i++) {
        const struct cli_source *source = &reserving->sources[i];
        print_run_note(run, "domain %" PRIu64 " %s freed %" PRIu64 " KiB", source->domid,
                       source->shown, source->reclaimed_kib);
    }
    print_run_note(run, "%" PRIu64 " KiB are reserved (%" PRIu64 "); running %s",
                   cli_field_sum(reserving->reservation, "granted_kib"), reserving->id,
                   run->command[0]);
}

static int reserve_run(struct run *run)
{
    print_run_note(run, "needs %" PRIu64 " KiB (profile %s: %s: %s)", run->need.kib,
                   run->need.profile_name, run->need.why, run->need.certainty.text);
    int rc = cli_reserving_ask(&run->reserving);
    if (!rc)
        rc = cli_reserving_wait(&run->reserving);
    if (rc == CLI_NO)
        return print_run_refusal(run);
    if (!rc && cli_signal()) {
        cli_reserving_release(&run->reserving);
        return print_run_refusal(run);
    }
    if (!rc)
        tell_granted(run);
    return rc;
}

/* What a script behind -- may want to know. */
static void set_environment(const struct run *run)
{
    char id[CLI_SIZE];
    (void)snprintf(id, sizeof(id), "%" PRIu64, run->reserving.id);
    (void)setenv("BALLAST_RESERVATION", id, 1);
    (void)setenv(CLI_RUN_DIR_ENV, run->daemon.run_dir, 1);
}

static void report_watch(const struct run *run, const struct cli_domain_watch *watch)
{
    if (watch->state == CLI_WATCH_BOUND)
        print_run_note(run, "it is domain %" PRIu64 ", and its reservation is bound", watch->domid);
    if (watch->state == CLI_WATCH_REFUSED)
        cli_error("run: %s is domain %" PRIu64 ", but reservation %" PRIu64
                  " could not be bound to it: %s",
                  run->need.shown, watch->domid, run->reserving.id, watch->why);
    if (watch->state == CLI_WATCH_LOST)
        cli_error("run: %s; %s continues without its reservation (%" PRIu64 ")", watch->why,
                  run->need.shown, run->reserving.id);
}

static void attend_run(struct run *run, struct cli_domain_watch *watch, struct cli_child *child)
{
    while (!child->ended && watch->state == CLI_WATCH_NONE) {
        cli_domain_watch_poll(watch);
        cli_child_wait(child, LOOK_USEC);
    }
    report_watch(run, watch);
    cli_child_wait(child, BALLAST_NONE);
    if (watch->state != CLI_WATCH_NONE)
        return;
    /* One that failed may have left a domain for a moment; an unbound reservation is released. */
    for (uint64_t waited_usec = 0; child->status == 0 && waited_usec <= LATE_USEC;
         waited_usec += LOOK_USEC) {
        cli_domain_watch_poll(watch);
        if (watch->state != CLI_WATCH_NONE)
            break;
        struct timespec pause = {.tv_nsec = (long)LOOK_USEC * 1000};
        (void)nanosleep(&pause, NULL);
    }
    report_watch(run, watch);
}

static int start_run(struct run *run, struct cli_domain_watch *watch)
{
    struct cli_child child;
    set_environment(run);
    int rc = cli_child_start(&child, "run", run->command);
    if (rc) {
        cli_reserving_release(&run->reserving);
        return rc;
    }
    attend_run(run, watch, &child);
    cli_child_end(&child);
    if (watch->state == CLI_WATCH_NONE || watch->state == CLI_WATCH_REFUSED) {
        if (child.status == 0 && watch->state == CLI_WATCH_NONE)
            cli_error("run: %s succeeded, but there is no new domain %s: releasing its "
                      "reservation",
                      run->command[0], run->need.shown);
        cli_reserving_release(&run->reserving);
    }
    return child.status;
}

/* These create no second domain of a name; others may. */
static bool refuses_a_second(const struct run *run)
{
    static const char *const names[] = {"xl", "virsh", "ballast"};
    const char *slash = strrchr(run->command[0], '/');
    const char *name = slash ? slash + 1 : run->command[0];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

/* No memory is reclaimed for a command that could only fail. */
static int check_absence(const struct run *run, const struct cli_domain_watch *watch)
{
    if (watch->before_count == 0)
        return CLI_DONE;
    bool has_namesake = watch->namesake != BALLAST_NONE;
    uint64_t domid = has_namesake ? watch->namesake : watch->before[0];
    if (has_namesake && refuses_a_second(run)) {
        cli_error("run: %s runs already, as domain %" PRIu64
                  ", and %s creates no second domain of that name: shut that one down first, or "
                  "rename the guest",
                  run->need.shown, domid, run->command[0]);
        return CLI_NO;
    }
    print_run_note(run,
                   "runs already, as domain %" PRIu64
                   "; the next domain that %s creates gets the reservation",
                   domid, run->command[0]);
    return CLI_DONE;
}

static int run_it(struct run *run)
{
    struct cli_domain_watch watch;
    run->reserving =
        (struct cli_reserving){.daemon = &run->daemon, .want = run->want, .quiet = run->quiet};
    int rc = cli_child_find("run", run->command[0]);
    if (rc || (rc = cli_domain_watch_begin(&watch, &run->daemon, run->need.name, run->want.uuid)))
        return rc;
    if ((rc = check_absence(run, &watch))) {
        cli_domain_watch_end(&watch);
        return rc;
    }
    cli_signals_catch();
    rc = reserve_run(run);
    if (!rc) {
        watch.reservation = run->reserving.id;
        watch.owner = run->want.owner;
        rc = start_run(run, &watch);
    }
    cli_domain_watch_end(&watch);
    cli_reserving_end(&run->reserving);
    return rc;
}

static int admit_run(struct run *run)
{
    cli_admission_ask(&run->admission, run->profile, &run->daemon, true);
    int rc = cli_need_admit(&run->need, &run->admission);
    run->want.min_kib = run->need.kib;
    run->want.name = run->need.label;
    return rc;
}

static int run_main(struct cli_args *args)
{
    struct run run = {.want = {.max_kib = BALLAST_NONE,
                               .lease_usec = BALLAST_NONE,
                               .deadline_usec = BALLAST_NONE}};
    int rc = parse_run(&run, args);
    if (!rc)
        rc = cli_need_read(&run.need, run.path, run.profile);
    if (rc)
        return rc;
    if (run.want.name)
        cli_need_rename(&run.need, run.want.name);
    run.want.with_connection = true;
    rc = cli_daemon_open(&run.daemon, "run", run.run_dir,
                         run.dry ? CLI_DAEMON_READS : CLI_DAEMON_CHANGES);
    if (!rc)
        rc = admit_run(&run);
    if (!rc)
        rc = run.dry ? dry_run(&run) : run_it(&run);
    cli_daemon_close(&run.daemon);
    cli_need_release(&run.need);
    return rc;
}

const struct cli_command cmd_run = {
    .name = "run",
    .summary = "reserve memory for a guest and start it",
    .operands = "GUEST [-- COMMAND...]",
    .text = "Predicts the guest's memory need, reserves it (reclaiming it from other domains\n"
            "if necessary), runs the COMMAND that starts the guest ('xl create GUEST', or\n"
            "'virsh create GUEST' for libvirt XML), and binds the reservation to the new\n"
            "domain. Exit status: the command's; 1: the memory cannot be reserved; 126, 127:\n"
            "the command cannot be run.",
    .options = run_options,
    .run = run_main,
};
