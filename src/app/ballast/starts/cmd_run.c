/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast run */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/access/profile_option.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/admission_preview.h"
#include "app/ballast/starts/command_start.h"
#include "app/ballast/starts/reserving.h"
#include "core/model/host.h"
#include "edge/file/file.h"

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
    char *usual[4];
    const struct ballast_profile *profile;
    const char *run_dir;
    bool dry;
    bool json;
    struct cli_admission admission;
    struct cli_command_start start;
};

static int set_run_option(struct run *run, const struct cli_args *args, int option)
{
    run->dry |= option == OPTION_DRY_RUN;
    run->json |= option == OPTION_JSON;
    run->start.quiet |= option == OPTION_QUIET;
    if (option == OPTION_LEASE)
        return cli_args_span(args, &run->start.want.lease_usec);
    if (option == OPTION_DEADLINE)
        return cli_args_span(args, &run->start.want.deadline_usec);
    if (option == OPTION_OWNER)
        run->start.want.owner = args->value;
    if (option == OPTION_NAME)
        run->start.want.name = args->value;
    if (option == OPTION_UUID)
        return cli_reserving_uuid(args, &run->start.want);
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
        run->start.argv = args->argv + i + 1;
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
    if (run->start.argv && *run->start.argv)
        return CLI_DONE;
    if (run->start.argv)
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
    run->start.argv = run->usual;
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

static int dry_run(struct run *run)
{
    struct cli_admission_preview preview = {0};
    int rc = cli_admission_preview_ask(&run->start.daemon, run->start.need.label,
                                       run->start.need.kib, &preview);
    if (rc)
        return rc;
    if (run->json) {
        struct json_object *object = cli_admission_preview_json(&preview);
        cli_json_string(object, "name", run->start.need.name);
        cli_json_string(object, "profile", run->start.need.profile_name);
        cli_json_string(object, "profile_why", run->start.need.why);
        cli_certainty_json(object, &run->start.need.certainty);
        cli_json_kib(object, "need_kib", run->start.need.kib);
        cli_json_print(object);
    } else {
        printf("%s: needs %" PRIu64 " KiB (profile %s: %s: %s); ", run->start.need.shown,
               run->start.need.kib, run->start.need.profile_name, run->start.need.why,
               run->start.need.certainty.text);
        cli_admission_preview_print(&preview, stdout);
    }
    rc = cli_admission_preview_is_possible(&preview) ? CLI_DONE : CLI_NO;
    cli_admission_preview_release(&preview);
    return rc;
}

static int admit_run(struct run *run)
{
    cli_admission_ask(&run->admission, run->profile, &run->start.daemon, true);
    int rc = cli_need_admit(&run->start.need, &run->admission);
    run->start.want.min_kib = run->start.need.kib;
    run->start.want.name = run->start.need.label;
    return rc;
}

static int run_main(struct cli_args *args)
{
    struct run run = {.start.want = {.max_kib = BALLAST_NONE,
                                     .lease_usec = BALLAST_NONE,
                                     .deadline_usec = BALLAST_NONE}};
    int rc = parse_run(&run, args);
    if (!rc)
        rc = cli_need_read(&run.start.need, run.path, run.profile);
    if (rc)
        return rc;
    if (run.start.want.name)
        cli_need_rename(&run.start.need, run.start.want.name);
    run.start.want.with_connection = true;
    run.start.want.starts = true;
    rc = cli_daemon_open(&run.start.daemon, "run", run.run_dir,
                         run.dry ? CLI_DAEMON_READS : CLI_DAEMON_CHANGES);
    if (!rc)
        rc = admit_run(&run);
    if (!rc)
        rc = run.dry ? dry_run(&run) : cli_command_start(&run.start);
    cli_daemon_close(&run.start.daemon);
    cli_need_release(&run.start.need);
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
