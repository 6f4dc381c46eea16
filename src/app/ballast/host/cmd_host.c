/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast host */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/access/own_profile.h"
#include "app/ballast/access/profile_option.h"
#include "app/ballast/access/view.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/explain/guests.h"
#include "app/ballast/explain/running.h"
#include "app/ballast/host/host_columns.h"
#include "core/base/units.h"
#include "core/model/breakdown.h"

enum {
    OPTION_HOST,
    OPTION_BARS,
    OPTION_TABLE,
    OPTION_JSON,
    OPTION_SORT,
    OPTION_COLUMNS,
    OPTION_WATCH,
    OPTION_PROFILE,
    OPTION_XL_CONF,
    OPTION_COLOR
};

static const char *host_column_name(size_t i)
{
    return cli_host_columns[i].word;
}

static const struct cli_option host_options[] = {
    [OPTION_HOST] = {"host", "WHAT", CLI_HOST_HELP},
    [OPTION_BARS] = {"bars", NULL, "a bar per part (the default on a terminal)"},
    [OPTION_TABLE] = {"table", NULL, "figures, a line per part and per domain (else the default)"},
    [OPTION_JSON] = {"json", NULL, "one object on one line"},
    [OPTION_SORT] = {"sort", "KEY", "sort domains by this column, largest first; -KEY: smallest",
                     .value = host_column_name},
    [OPTION_COLUMNS] = {"columns", "LIST", "only these columns of domains, separated by commas",
                        .value = host_column_name},
    [OPTION_WATCH] = {"watch", "[T]", CLI_WATCH_HELP, 'w'},
    [OPTION_PROFILE] = {"profile", "NAME", "compute the segments of domains by these rules",
                        .value = cli_profile_name},
    [OPTION_XL_CONF] = {"xl-conf", "FILE", "instead of /etc/xen/xl.conf"},
    [OPTION_COLOR] = {"color", "WHEN", "of bars: auto (the default), always or never",
                      .value = cli_colour_name},
    {NULL, NULL, NULL},
};

enum form { FORM_DEFAULT, FORM_BARS, FORM_TABLE, FORM_JSON };

struct options {
    const struct cli_args *args;
    const char *host; /* as --host has it; NULL: the running one */
    const struct ballast_profile *profile;
    struct cli_sources sources;
    struct ballast_host on; /* of the first sample, without domains: guests are computed for it */
    enum form form;
    bool colour;
    struct cli_choice choice;
    struct cli_view view;
    bool has_guests;
    struct cli_guests guests;
    struct cli_host shown; /* as it is now */
};

static int set_host_form(struct options *options, enum form form)
{
    if (options->form != FORM_DEFAULT && options->form != form)
        return cli_args_wrong(options->args, "only one of --bars, --table and --json");
    options->form = form;
    return CLI_DONE;
}

/* How it is shown; the rest is set_source()'s. */
static int set_host_option(struct options *options, const struct cli_args *args, int option)
{
    switch (option) {
    case OPTION_BARS:
        return set_host_form(options, FORM_BARS);
    case OPTION_TABLE:
        return set_host_form(options, FORM_TABLE);
    case OPTION_JSON:
        options->view.whole = true;
        return set_host_form(options, FORM_JSON);
    case OPTION_SORT:
        return cli_choice_sort(&options->choice, args);
    case OPTION_COLUMNS:
        return cli_choice_columns(&options->choice, args);
    case OPTION_WATCH:
        return cli_view_watch(args, &options->view);
    case OPTION_COLOR:
        return cli_args_colour(args, &options->colour);
    default:
        return CLI_BAD;
    }
}

static int set_source(struct options *options, const struct cli_args *args, int option)
{
    switch (option) {
    case OPTION_HOST:
        options->host = args->value;
        return CLI_DONE;
    case OPTION_PROFILE:
        return cli_profile_option(args, args->value, &options->profile);
    case OPTION_XL_CONF:
        options->sources.xl_conf_path = args->value;
        return CLI_DONE;
    default:
        return set_host_option(options, args, option);
    }
}

static int host_check_host(const struct options *options)
{
    const struct cli_args *args = options->args;
    if (options->choice.count > 0 && options->form == FORM_JSON)
        return cli_args_wrong(args, "--columns: --json prints every key: leave it out");
    if (options->choice.count > 0 && options->form == FORM_BARS)
        return cli_args_wrong(args, "--columns: bars have no columns: use --table");
    return CLI_DONE;
}

static int parse_host(struct options *options, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        int rc = set_source(options, args, option);
        if (rc)
            return rc;
    }
    options->sources.paths = cli_args_operands(args, &options->sources.path_count);
    options->sources.profile = options->profile;
    options->sources.keep_going = true;
    int rc = host_check_host(options);
    if (options->form == FORM_DEFAULT)
        options->form =
            isatty(STDOUT_FILENO) && options->choice.count == 0 ? FORM_BARS : FORM_TABLE;
    return rc;
}

/* The configuration of each domain that a guest has the name of. */
static int find_configurations(const struct options *options, const struct cli_guests *guests,
                               struct cli_host *host)
{
    for (size_t i = 0; i < guests->count; i++) {
        const struct cli_guest *guest = &guests->guests[i];
        int rc = cli_guest_evaluate(guests, guest, options->profile, &host->evaluated[i], NULL);
        if (rc)
            return rc;
        for (size_t j = 0; j < host->host->domain_count; j++) {
            char *shown = cli_shown(host->host->domains[j].name);
            if (strcmp(shown, guest->shown) == 0)
                host->configurations[j] = &host->evaluated[i];
            free(shown);
        }
    }
    return CLI_DONE;
}

/*
 * What the toolstack keeps of each domain without a GUEST file. A missing one is not a fault: dom0
 * has none.
 */
static void ask_configurations(const struct options *options, const struct host_access *access,
                               struct ballast_breakdown *evaluated, struct cli_host *host)
{
    const struct ballast_profile *profile = options->profile;
    if (!profile)
        profile = cli_running_profile(access);
    for (size_t i = 0; i < host->host->domain_count; i++) {
        struct ballast_guest config;
        const struct ballast_domain *domain = &host->host->domains[i];
        if (host_access_config(access, domain->id, &config, NULL) == 0 &&
            ballast_breakdown_evaluate(&evaluated[i], profile, &config, &host->host->caps, NULL) ==
                0)
            host->configurations[i] = &evaluated[i];
    }
}

static int divide_host(const struct options *options, const struct cli_guests *guests,
                       const struct host_access *access, struct cli_host *host)
{
    struct ballast_error err;
    ask_configurations(options, access, host->evaluated + guests->count, host);
    int rc = find_configurations(options, guests, host);
    if (rc)
        return rc;
    uint64_t reserved_kib = host_access_daemon_reserved_kib(access->hv);
    if (access) {
        host->headroom_kib =
            host_access_daemon_headroom_kib(access->hv, &host->headroom_missing_kib);
        host->state = host_access_daemon_state(access->hv, &host->unneeded_kib);
    }
    if (ballast_host_divide(host->host, reserved_kib, host->configurations, &host->breakdown,
                            host->parts, &err) < 0) {
        cli_error("%s: %s", host_access_is_file(options->host) ? options->host : "host", err.text);
        return CLI_BAD;
    }
    return CLI_DONE;
}

static void forget_host(struct cli_host *host)
{
    free(host->configurations);
    free(host->parts);
    free(host->evaluated);
    *host = (struct cli_host){0};
}

static int read_guests(struct options *options, const struct ballast_host *host)
{
    if (options->has_guests)
        return CLI_DONE;
    options->on = *host;
    options->on.domains = NULL;
    options->on.domain_count = 0;
    options->sources.on = &options->on;
    int rc = cli_guests_read(&options->guests, &options->sources);
    options->has_guests = rc == CLI_DONE;
    return rc;
}

static int fill_host(void *context, const struct host_access *access, struct cli_sheet *out)
{
    struct options *options = context;
    size_t count = access->host->domain_count;
    struct cli_host *host = &options->shown;
    int rc = read_guests(options, access->host);
    if (rc)
        return rc;
    forget_host(host);
    host->host = access->host;
    host->configurations = xcheck(calloc(count + 1, sizeof(struct ballast_breakdown *)));
    host->parts = xcheck(calloc(count + 1, sizeof(*host->parts)));
    host->evaluated = xcheck(calloc(options->guests.count + count + 1, sizeof(*host->evaluated)));
    rc = divide_host(options, &options->guests, access, host);
    if (rc)
        return rc;
    cli_host_choose(host, &options->choice);
    cli_host_fill(host, out);
    return CLI_DONE;
}

static int show_host(void *context, const struct host_access *access, const struct cli_sheet *sheet)
{
    const struct options *options = context;
    char *unknown = cli_xen_unknown(access);
    if (options->form == FORM_JSON)
        cli_host_json(&options->shown, sheet, unknown);
    else if (options->form == FORM_TABLE)
        cli_host_table(&options->shown, sheet, &options->choice);
    else
        cli_host_bars(&options->shown, sheet, options->colour);
    if (unknown && options->form != FORM_JSON)
        printf("note: %s\n", unknown);
    free(unknown);
    return CLI_DONE;
}

static int run_host(struct options *options)
{
    struct host_access access;
    int rc = host_access_open_unchecked(&access, options->host);
    if (!rc)
        rc = cli_view_run(&options->view, &access, options);
    host_access_close(&access);
    return rc;
}

static int host_main(struct cli_args *args)
{
    struct options options = {.args = args,
                              .choice = {.columns = cli_host_columns},
                              .view = {.fill = fill_host, .show = show_host}};
    options.view.choice = &options.choice;
    (void)cli_colour("auto", &options.colour);
    int rc = parse_host(&options, args);
    if (!rc)
        rc = run_host(&options);
    forget_host(&options.shown);
    if (options.has_guests)
        rc = cli_guests_status(&options.guests, "host", rc);
    if (options.has_guests)
        cli_guests_release(&options.guests);
    return rc;
}

const struct cli_command cmd_host = {
    .name = "host",
    .summary = "show what a host's memory consists of",
    .operands = "[GUEST...]",
    .text = "Shows where every page of a host is, in parts that sum to all of it: Xen, the\n"
            "domains, their overhead, what is reserved, what is available, and what is\n"
            "unexplained; as bars on a terminal, else as a table. The host is the running\n"
            "one, or --host FILE. A domain with a GUEST file is divided into its segments;\n"
            "so is a running one whose configuration the toolstack has kept. --watch also\n"
            "suits screen readers.",
    .options = host_options,
    .run = host_main,
};
