/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast history */
#include <stdio.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/history/history.h"
#include "app/ballast/history/history_draw.h"
#include "core/base/units.h"

enum { OPTION_SINCE = CLI_REQUEST_OPTIONS, OPTION_POINTS, OPTION_SVG, OPTION_TABLE, OPTION_COLOR };

/* A period per column of a terminal, row of a table or pixel of a picture. */
enum { TABLE_POINTS = 24, SVG_POINTS = 640, JSON_POINTS = 240, POINTS_MOST = 1000 };
/* So many of the last events; 'ballast why' prints the others. */
enum { EVENTS = 24, JSON_EVENTS = 256 };

static const struct cli_option history_options[] = {
    CLI_REQUEST_ROWS("one object: all series and events"),
    [OPTION_SINCE] = {"since", "T", "begin T ago: 90s, 2m, 12h, 7d, 4w (default 1d)"},
    [OPTION_POINTS] = {"points", "N", "divide that time into N periods, at most 1000"},
    [OPTION_SVG] = {"svg", NULL, "a picture for documents and browsers"},
    [OPTION_TABLE] = {"table", NULL, "figures (the default in a pipe)"},
    [OPTION_COLOR] = {"color", "WHEN", "auto (the default), always or never",
                      .value = cli_colour_name},
    {NULL, NULL, NULL},
};

struct history_options {
    struct cli_daemon_request request;
    struct cli_history_wanted wanted;
    bool svg;
    bool table;
    bool colour;
};

static int set_history_option(struct history_options *options, struct cli_args *args, int option)
{
    switch (option) {
    case OPTION_SINCE:
        return cli_args_span(args, &options->wanted.since_usec);
    case OPTION_POINTS:
        if (!cli_args_number(args->value, 2, POINTS_MOST, &options->wanted.points))
            return cli_args_wrong(args, "--points %s: use a number from 2 to %d", args->value,
                                  POINTS_MOST);
        return CLI_DONE;
    case OPTION_SVG:
        options->svg = true;
        return CLI_DONE;
    case OPTION_TABLE:
        options->table = true;
        return CLI_DONE;
    case OPTION_COLOR:
        return cli_args_colour(args, &options->colour);
    default:
        cli_daemon_request_option(&options->request, option);
        return CLI_DONE;
    }
}

static void print_history_json(struct cli_history *history)
{
    cli_json_add(history->answer, "events", json_object_get(history->events));
    cli_json_add(history->answer, "more_events",
                 xcheck(json_object_new_boolean(history->more_events)));
    cli_json_print(json_object_get(history->answer));
}

static void print_history(struct history_options *options, struct cli_history *history)
{
    if (options->request.json)
        print_history_json(history);
    else if (options->svg)
        cli_history_draw_svg(history);
    else if (options->table)
        cli_history_draw_table(history);
    else
        cli_history_draw_plot(history, options->colour);
}

static int run_history(struct history_options *options)
{
    struct cli_history history = {0};
    int rc = cli_daemon_request_open(&options->request, CLI_DAEMON_READS);
    if (!rc)
        rc = cli_history_ask(&options->request.daemon, &options->wanted, &history);
    if (!rc)
        print_history(options, &history);
    cli_daemon_close(&options->request.daemon);
    cli_history_release(&history);
    return rc;
}

static int history_main(struct cli_args *args)
{
    struct history_options options = {
        .request = {.args = args},
        .wanted = {.since_usec = 86400 * BALLAST_SEC_USEC, .events = EVENTS}};
    size_t count;
    int option;
    (void)cli_colour("auto", &options.colour);
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD || set_history_option(&options, args, option))
            return CLI_BAD;
    }
    char **operands = cli_args_operands(args, &count);
    if (count > 1)
        return cli_args_wrong(args, "too many arguments: name one DOMAIN, or none for the host");
    if (options.request.json + options.svg + options.table > 1)
        return cli_args_wrong(args, "--json, --svg and --table exclude each other: use one");
    options.wanted.domain = count > 0 ? operands[0] : NULL;
    options.table |= !options.request.json && !options.svg && !isatty(STDOUT_FILENO);
    if (options.request.json)
        options.wanted.events = JSON_EVENTS;
    if (options.wanted.points == 0)
        options.wanted.points = options.request.json ? JSON_POINTS
                                : options.svg        ? SVG_POINTS
                                : options.table      ? TABLE_POINTS
                                                     : cli_history_draw_columns();
    return run_history(&options);
}

const struct cli_command cmd_history = {
    .name = "history",
    .summary = "show a guest's memory and need over time",
    .operands = "[DOMAIN]",
    .text = "Draws a guest's current size, target and estimated need over time, and its\n"
            "events; also for a guest that no longer runs, by name or uuid. Without DOMAIN:\n"
            "the host's memory. In a pipe it prints a table.",
    .options = history_options,
    .run = history_main,
};
