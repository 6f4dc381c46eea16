/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ballast xl, which stands before xl as ballast-xl. xl has no hook: what starts a guest gets a
 * reservation first, everything else becomes xl.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/child.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/starts/command_start.h"
#include "app/ballast/starts/start_conf.h"
#include "app/ballast/starts/xl_receive.h"
#include "app/ballast/starts/xl_words.h"
#include "core/model/host.h"
#include "edge/file/file.h"

/* What is installed in the place of xl is a link to a file of this name. */
#define WRAPPER "ballast-xl"
/* How often we became what we took for xl: a hook of xl may call xl, but not for ever. */
#define NESTED "BALLAST_XL_NESTED"
enum { MOST_NESTED = 8 };

enum { OPTION_CONFIG, OPTION_QUIET, OPTION_RUN_DIR };

static const struct cli_option xl_options[] = {
    [OPTION_CONFIG] = {"config", "FILE", "instead of " START_CONF_PATH},
    [OPTION_QUIET] = {"quiet", NULL, "print only errors"},
    [OPTION_RUN_DIR] = {"run-dir", "DIR", CLI_RUN_DIR_HELP},
    {NULL, NULL, NULL},
};

struct xl {
    const char *config;
    const char *run_dir;
    char path[PATH_MAX]; /* of the real one */
    char **argv;         /* owned: it and its words */
    struct xl_words words;
    struct xl_receive receive; /* of XL_RECEIVE */
    char incoming[BALLAST_GUEST_NAME + sizeof("--incoming")];
    struct start_conf conf;
    struct cli_admission admission;
    struct cli_command_start start;
};

static int parse_xl(struct xl *xl, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        xl->start.quiet |= option == OPTION_QUIET;
        if (option == OPTION_CONFIG)
            xl->config = args->value;
        if (option == OPTION_RUN_DIR)
            xl->run_dir = args->value;
    }
    size_t count;
    char **operands = cli_args_operands(args, &count);
    xl->argv = xcheck(calloc(count + 2, sizeof(*xl->argv)));
    xl->argv[0] = xl->path;
    memcpy(xl->argv + 1, operands, count * sizeof(*operands));
    xl_words_read(xl->argv + 1, &xl->words);
    return CLI_DONE;
}

/* Whether that is this wrapper, installed as xl. */
static bool is_wrapper(const char *path)
{
    char *real = realpath(path, NULL);
    const char *slash = real ? strrchr(real, '/') : NULL;
    bool is = slash && strcmp(slash + 1, WRAPPER) == 0;
    free(real);
    return is;
}

static bool is_program(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISREG(found.st_mode) && access(path, X_OK) == 0;
}

/* The first xl in PATH that is another program. */
static int find_xl(struct xl *xl)
{
    const char *at = getenv("PATH");
    const char *depth = getenv(NESTED);
    char next[16];
    int nested = depth ? atoi(depth) + 1 : 1;
    if (nested > MOST_NESTED) {
        cli_error("xl: it starts itself: remove other copies of " WRAPPER " from PATH");
        return CLI_CHILD_CANNOT;
    }
    (void)snprintf(next, sizeof(next), "%d", nested);
    (void)setenv(NESTED, next, 1);
    for (at = at ? at : "/usr/sbin:/usr/bin:/sbin:/bin"; at;
         at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
        int length = (int)strcspn(at, ":");
        int size = snprintf(xl->path, sizeof(xl->path), "%.*s/xl", length, at);
        if (length > 0 && size < (int)sizeof(xl->path) && is_program(xl->path) &&
            !is_wrapper(xl->path))
            return CLI_DONE;
    }
    cli_error("xl: no such program in PATH: install it, or add its directory to PATH");
    return CLI_CHILD_MISSING;
}

/* The process becomes xl. */
static int become_xl(const struct xl *xl)
{
    (void)execv(xl->path, xl->argv);
    cli_error("xl: %s: %s", xl->path, strerror(errno));
    return CLI_CHILD_CANNOT;
}

/* xl reads an end of line, the assignments a line each, and an end of line behind the file. */
static int read_create(struct xl *xl)
{
    struct ballast_error err;
    char *text = NULL;
    size_t length = 0;
    char *whole = NULL;
    size_t size = 0;
    if (file_read(xl->words.file, FILE_REGULAR, GUESTCFG_MAX_BYTES, &text, &length, &err) < 0) {
        cli_error("xl: %s", err.text);
        return CLI_BAD;
    }
    FILE *out = xcheck(open_memstream(&whole, &size));
    (void)fwrite(text, 1, length, out);
    for (int i = 0; i < xl->words.assignment_count; i++)
        (void)fprintf(out, "%s%s\n", i == 0 ? "\n" : "", xl->words.assignments[i]);
    if (fclose(out) != 0)
        xcheck(NULL);
    int rc = cli_need_parse(&xl->start.need, xl->words.file, whole, size);
    free(whole);
    free(text);
    return rc;
}

/* xl gives it that name until it has come; one that migrates on its own host has the other still.
 */
static int read_receive(struct xl *xl)
{
    struct cli_need *need = &xl->start.need;
    int rc = cli_need_parse(need, "<migration>", xl->receive.head, xl->receive.length);
    if (rc)
        return rc;
    (void)snprintf(xl->incoming, sizeof(xl->incoming), "%s--incoming", need->name);
    cli_need_rename(need, xl->incoming);
    return CLI_DONE;
}

static int read_start(struct xl *xl)
{
    if (xl->words.kind == XL_RECEIVE)
        return read_receive(xl);
    return xl->words.kind == XL_CREATE ? read_create(xl)
                                       : cli_need_read(&xl->start.need, xl->words.file, NULL);
}

/* CLI_DONE: it can be started as `run` does. */
static int prepare_xl(struct xl *xl)
{
    struct cli_command_start *start = &xl->start;
    int rc = read_start(xl);
    if (rc || (rc = cli_daemon_open(&start->daemon, "xl", xl->run_dir, CLI_DAEMON_CHANGES)))
        return rc;
    cli_admission_ask(&xl->admission, NULL, &start->daemon, true);
    rc = cli_need_admit(&start->need, &xl->admission);
    start->argv = xl->argv;
    start->want = (struct cli_want){.min_kib = start->need.kib,
                                    .max_kib = BALLAST_NONE,
                                    .lease_usec = BALLAST_NONE,
                                    .deadline_usec = xl->conf.wait_usec,
                                    .name = start->need.label,
                                    .uuid = *start->need.uuid ? start->need.uuid : NULL,
                                    .starts = true,
                                    .with_connection = true};
    return rc;
}

static int start_by_xl(struct xl *xl)
{
    start_conf_read("xl", xl->config, "xl", &xl->conf);
    int rc = prepare_xl(xl);
    if (!rc)
        rc = cli_command_start(&xl->start);
    else
        xl->start.undecided = true;
    if (!xl->start.undecided)
        return rc;
    const char *shown = xl->start.need.shown ? xl->start.need.shown : "the guest";
    cli_error("xl: %s %s, as 'undecided' in hook.conf says", shown,
              xl->conf.refuses_undecided ? "is not started" : "starts without a reservation");
    return xl->conf.refuses_undecided ? CLI_NO : become_xl(xl);
}

/* The sender goes on with its guest where this refuses. */
static int receive_by_xl(struct xl *xl)
{
    int rc = xl_receive_begin(&xl->receive);
    if (!rc)
        rc = xl_receive_connect(&xl->receive);
    if (!rc)
        rc = start_by_xl(xl);
    xl_receive_end(&xl->receive);
    return rc;
}

static int xl_main(struct cli_args *args)
{
    struct xl xl = {.argv = NULL};
    int rc = parse_xl(&xl, args);
    if (!rc)
        rc = find_xl(&xl);
    if (!rc && (xl.words.kind == XL_CREATE || xl.words.kind == XL_RESTORE))
        rc = start_by_xl(&xl);
    else if (!rc && xl.words.kind == XL_RECEIVE)
        rc = receive_by_xl(&xl);
    else if (!rc)
        rc = become_xl(&xl);
    cli_daemon_close(&xl.start.daemon);
    cli_need_release(&xl.start.need);
    xl_words_release(&xl.words);
    free(xl.argv);
    return rc;
}

const struct cli_command cmd_xl = {
    .name = "xl",
    .summary = "run xl; reserve memory for the guest first where it starts one",
    .operands = "[--] [WORD...]",
    .text = "Runs 'xl WORD...'. For 'create', 'restore' and 'migrate-receive' it first\n"
            "reserves the guest's memory, as 'ballast run' does, and binds the reservation\n"
            "to its domain. ballast-xl is 'ballast xl --'. Exit status: xl's; 1: the memory\n"
            "cannot be reserved.",
    .options = xl_options,
    .run = xl_main,
};
