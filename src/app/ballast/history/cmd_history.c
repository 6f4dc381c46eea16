/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast history */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/size.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/history/past.h"
#include "app/ballast/history/past_draw.h"
#include "core/base/units.h"

enum { OPTION_SINCE = CLI_REQUEST_OPTIONS, OPTION_POINTS, OPTION_SVG, OPTION_TABLE, OPTION_COLOR };

/* A stretch a column on a terminal, a row in a table, a pixel in a picture. */
enum { TABLE_POINTS = 24, SVG_POINTS = 640, JSON_POINTS = 240, POINTS_MOST = 1000 };
/* The last so many are drawn; 'ballast why' tells the others. */
enum { EVENTS = 24, JSON_EVENTS = 256 };

static const struct cli_option history_options[] = {
    CLI_REQUEST_ROWS("one object: all series and events"),
    [OPTION_SINCE] = {"since", "T", "the last so many m, h, d or w (default: 1d)"},
    [OPTION_POINTS] = {"points", "N", "so many stretches of time, at most 1000"},
    [OPTION_SVG] = {"svg", NULL, "a picture for documents and browsers"},
    [OPTION_TABLE] = {"table", NULL, "figures, which is also what a pipe gets"},
    [OPTION_COLOR] = {"color", "WHEN", "auto (the default), always or never"},
    {NULL, NULL, NULL},
};

struct history {
    struct cli_daemon_request request;
    struct cli_past_wanted wanted;
    bool svg;
    bool table;
    bool colour;
};

static int set_option(struct history *history, struct cli_args *args, int option)
{
    struct ballast_error err;
    char *end;
    switch (option) {
    case OPTION_SINCE:
        if (cli_age_parse(args->value, &history->wanted.since_usec, &err) < 0)
            return cli_args_wrong(args, "--since: %s", err.text);
        return CLI_DONE;
    case OPTION_POINTS:
        history->wanted.points = strtoull(args->value, &end, 10);
        if (*args->value < '0' || *args->value > '9' || *end || history->wanted.points < 2 ||
            history->wanted.points > POINTS_MOST)
            return cli_args_wrong(args, "--points: a number from 2 to %d would be right",
                                  POINTS_MOST);
        return CLI_DONE;
    case OPTION_SVG:
        history->svg = true;
        return CLI_DONE;
    case OPTION_TABLE:
        history->table = true;
        return CLI_DONE;
    case OPTION_COLOR:
        return cli_args_colour(args, &history->colour);
    default:
        cli_daemon_request_option(&history->request, option);
        return CLI_DONE;
    }
}

static void print_json(struct cli_past *past)
{
    cli_json_add(past->answer, "events", json_object_get(past->events));
    cli_json_add(past->answer, "more_events", cli_must(json_object_new_boolean(past->more_events)));
    cli_json_print(json_object_get(past->answer));
}

static void tell(struct history *history, struct cli_past *past)
{
    if (history->request.json)
        print_json(past);
    else if (history->svg)
        cli_past_svg(past);
    else if (history->table)
        cli_past_table(past);
    else
        cli_past_plot(past, history->colour);
}

static int run(struct history *history)
{
    struct cli_past past = {0};
    int rc = cli_daemon_request_open(&history->request, CLI_DAEMON_READS);
    if (!rc)
        rc = cli_past_ask(&history->request.daemon, &history->wanted, &past);
    if (!rc)
        tell(history, &past);
    cli_daemon_close(&history->request.daemon);
    cli_past_release(&past);
    return rc;
}

static int history_main(struct cli_args *args)
{
    struct history history = {.request = {.args = args},
                              .wanted = {.since_usec = 86400 * BALLAST_SEC_USEC, .events = EVENTS}};
    size_t count;
    int option;
    (void)cli_colour("auto", &history.colour);
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD || set_option(&history, args, option))
            return CLI_BAD;
    }
    char **operands = cli_args_operands(args, &count);
    if (count > 1)
        return cli_args_wrong(args, "it takes one DOMAIN, or none for the host");
    if (history.request.json + history.svg + history.table > 1)
        return cli_args_wrong(args, "--json, --svg and --table exclude each other");
    history.wanted.domain = count > 0 ? operands[0] : NULL;
    history.table |= !history.request.json && !history.svg && !isatty(STDOUT_FILENO);
    if (history.request.json)
        history.wanted.events = JSON_EVENTS;
    if (history.wanted.points == 0)
        history.wanted.points = history.request.json ? JSON_POINTS
                                : history.svg        ? SVG_POINTS
                                : history.table      ? TABLE_POINTS
                                                     : cli_past_columns();
    return run(&history);
}

const struct cli_command cmd_history = {
    .name = "history",
    .summary = "what a guest held and needed, over time",
    .operands = "[DOMAIN]",
    .text = "Draws what a guest held, was told to hold and needed, and what happened; also of\n"
            "one that is gone, by its name or uuid. Without DOMAIN: what was free on the\n"
            "host, and promised. What is piped is a table.",
    .options = history_options,
    .run = history_main,
};
