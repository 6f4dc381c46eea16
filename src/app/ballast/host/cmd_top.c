/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast top */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/client/daemon.h"
#include "app/ballast/host/top_access.h"
#include "app/top/top.h"
#include "core/base/text.h"
#include "core/base/units.h"

/* 256 guests take some hundredths of a second to ask for. */
#define SHORTEST_USEC UINT64_C(100000)

enum { OPTION_RUN_DIR, OPTION_HOST, OPTION_INTERVAL, OPTION_SORT, OPTION_FILTER, OPTION_COLOR };

static const char *top_column_name(size_t i)
{
    return i < TOP_SORTS ? top_sort_name((enum top_sort)i) : NULL;
}

static const struct cli_option top_options[] = {
    [OPTION_RUN_DIR] = {"run-dir", "DIR", CLI_RUN_DIR_HELP},
    [OPTION_HOST] = {"host", "WHAT", CLI_HOST_HELP},
    [OPTION_INTERVAL] = {"interval", "T", "sample every T (default 1s)"},
    [OPTION_SORT] = {"sort", "KEY", "sort by a column, or by gap; -KEY: in reverse",
                     .value = top_column_name},
    [OPTION_FILTER] = {"filter", "TEXT", "show only domains with TEXT in their names"},
    [OPTION_COLOR] = {"color", "WHEN", "auto (the default), always or never",
                      .value = cli_colour_name},
    {NULL, NULL, NULL},
};

struct options {
    const struct cli_args *args;
    const char *run_dir;
    const char *host;
    struct top_options top;
};

static int wrong_sort(const struct cli_args *args)
{
    char text[CLI_MESSAGE];
    struct ballast_text list = ballast_text_over(text, sizeof(text));
    for (int i = 0; i < TOP_SORTS; i++)
        ballast_text_add(&list, "%s%s", i > 0 ? ", " : "", top_sort_name((enum top_sort)i));
    return cli_args_wrong(args, "--sort: there is no column '%s'; there are %s",
                          args->value + (*args->value == '-'), text);
}

static int set_sort(struct options *options, const char *word)
{
    int found = top_sort_find(word + (*word == '-'));
    if (found < 0)
        return wrong_sort(options->args);
    options->top.sort = (enum top_sort)found;
    options->top.reversed = *word == '-';
    return CLI_DONE;
}

static int set_interval(struct options *options, const char *word)
{
    if (cli_args_time(options->args, &options->top.interval_usec))
        return CLI_BAD;
    if (options->top.interval_usec < SHORTEST_USEC)
        return cli_args_wrong(options->args, "--interval %s: use 100ms or more", word);
    return CLI_DONE;
}

static int set_top_option(struct options *options, int option, const char *value)
{
    switch (option) {
    case OPTION_RUN_DIR:
        options->run_dir = value;
        return CLI_DONE;
    case OPTION_HOST:
        options->host = value;
        return CLI_DONE;
    case OPTION_INTERVAL:
        return set_interval(options, value);
    case OPTION_SORT:
        return set_sort(options, value);
    case OPTION_FILTER:
        if (strlen(value) >= TOP_INPUT)
            return cli_args_wrong(options->args, "--filter: use at most %d bytes", TOP_INPUT - 1);
        options->top.filter = value;
        return CLI_DONE;
    case OPTION_COLOR:
        return cli_args_colour(options->args, &options->top.colour);
    default:
        return CLI_BAD;
    }
}

static int parse_top(struct options *options, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        int rc = set_top_option(options, option, args->value);
        if (rc)
            return rc;
    }
    int rc = cli_args_no_operands(args, "use --filter TEXT to show some domains only");
    if (rc)
        return rc;
    if (options->run_dir && options->host)
        return cli_args_wrong(args, "--run-dir and --host exclude each other: use one");
    return CLI_DONE;
}

static int show_top(const struct options *options, const struct top_source *source)
{
    struct ballast_error err;
    (void)setlocale(LC_CTYPE, "");
    int rc = top_run(&options->top, source, &err);
    if (rc > 0)
        return 128 + rc;
    if (rc == -ENOTTY) {
        cli_error("top: %s: use 'ballast list --watch', which needs no terminal", err.text);
        return CLI_BAD;
    }
    if (rc < 0)
        cli_error("top: %s: try 'ballast list --watch'", err.text);
    return rc < 0 ? CLI_UNREACHABLE : CLI_DONE;
}

static int show_daemon(const struct options *options)
{
    struct top_feed *feed = xcheck(top_feed_new(cli_run_dir(options->run_dir)));
    struct top_source source = top_feed_source(feed);
    int rc = show_top(options, &source);
    top_feed_free(feed);
    return rc;
}

/* Where no daemon runs and none was named, the running Xen itself, if there is one. */
static int show_default(const struct options *options)
{
    struct cli_daemon daemon;
    bool named = options->run_dir || cli_run_dir_is_named();
    int rc = named ? cli_daemon_open(&daemon, "top", options->run_dir, CLI_DAEMON_READS)
                   : cli_daemon_try(&daemon, "top", NULL, CLI_DAEMON_READS);
    bool runs = !rc && daemon.client;
    if (rc)
        return rc;
    cli_daemon_close(&daemon);
    if (runs)
        return show_daemon(options);
    struct top_access access;
    rc = top_access_open(&access, NULL, options->top.interval_usec);
    if (!rc)
        rc = show_top(options, &access.source);
    top_access_close(&access);
    return rc;
}

static int top_main(struct cli_args *args)
{
    struct options options = {.args = args, .top = {.interval_usec = BALLAST_SEC_USEC}};
    struct top_access access;
    (void)cli_colour("auto", &options.top.colour);
    int rc = parse_top(&options, args);
    if (rc)
        return rc;
    if (!options.host)
        return show_default(&options);
    rc = top_access_open(&access, options.host, options.top.interval_usec);
    if (!rc)
        rc = show_top(&options, &access.source);
    top_access_close(&access);
    return rc;
}

const struct cli_command cmd_top = {
    .name = "top",
    .summary = "show the host and its domains on a live screen",
    .operands = "",
    .text = "Shows where the host's memory is, a line per guest with its memory as a bar,\n"
            "its target and the reason for it, and events as they come.\n"
            "Keys set targets and ranges and pause balancing, after a question; ? lists them.\n"
            "It needs a terminal; 'ballast list --watch' does not, and suits screen readers.",
    .options = top_options,
    .run = top_main,
};
