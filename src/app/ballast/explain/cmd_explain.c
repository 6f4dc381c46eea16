/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast explain */
#include <string.h>
#include <unistd.h>

#include "app/ballast/access/profile_option.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/explain/explain.h"
#include "app/ballast/explain/overview.h"
#include "core/base/units.h"

enum {
    OPTION_DIAGRAM,
    OPTION_TABLE,
    OPTION_JSON,
    OPTION_SVG,
    OPTION_PROFILE,
    OPTION_ONLY,
    OPTION_DOMAIN,
    OPTION_ALL,
    OPTION_SORT,
    OPTION_COLUMNS,
    OPTION_WATCH,
    OPTION_HOST,
    OPTION_XL_CONF,
    OPTION_COLOR,
};

static const char *explain_column_name(size_t i)
{
    return cli_overview_columns[i].word;
}

static const struct cli_option explain_options[] = {
    [OPTION_DIAGRAM] = {"diagram", NULL, "each guest as a diagram (the default for one)"},
    [OPTION_TABLE] = {"table", NULL, "figures: one guest in full, several as a line each and sums"},
    [OPTION_JSON] = {"json", NULL, "an object per line, which can serve as input"},
    [OPTION_SVG] = {"svg", NULL, "one guest as an SVG picture"},
    [OPTION_PROFILE] = {"profile", "NAME",
                        "compute by these rules (see 'ballast profiles'), or all",
                        .value = cli_profile_name},
    [OPTION_ONLY] = {"only", "GUEST", "show only the guest of that name"},
    [OPTION_DOMAIN] = {"domain", "DOMAIN", "a running domain, by name or id"},
    [OPTION_ALL] = {"all", NULL, "all running domains"},
    [OPTION_SORT] = {"sort", "KEY", CLI_SORT_HELP, .value = explain_column_name},
    [OPTION_COLUMNS] = {"columns", "LIST", "a table with only these columns, separated by commas",
                        .value = explain_column_name},
    [OPTION_WATCH] = {"watch", "[T]", "domains: " CLI_WATCH_HELP, 'w'},
    [OPTION_HOST] = {"host", "WHAT", "xen, sim[:SCENARIO] or a file: compute for this host"},
    [OPTION_XL_CONF] = {"xl-conf", "FILE", "instead of /etc/xen/xl.conf"},
    [OPTION_COLOR] = {"color", "WHEN", "auto (the default), always or never",
                      .value = cli_colour_name},
    {NULL, NULL, NULL},
};

static int set_explain_form(struct cli_explain *explain, enum cli_explain_form form)
{
    if (explain->form != CLI_EXPLAIN_DEFAULT && explain->form != form)
        return cli_args_wrong(explain->args, "only one of --diagram, --table, --json and --svg");
    explain->form = form;
    return CLI_DONE;
}

static int set_explain_profile(struct cli_explain *explain, const char *name)
{
    explain->all_profiles = strcmp(name, "all") == 0;
    explain->profile = NULL;
    if (explain->all_profiles)
        return CLI_DONE;
    return cli_profile_option(explain->args, name, &explain->profile);
}

/* How it is shown; what is shown is set_explain_option()'s. */
static int set_view(struct cli_explain *explain, int option)
{
    switch (option) {
    case OPTION_DIAGRAM:
        return set_explain_form(explain, CLI_EXPLAIN_DIAGRAM);
    case OPTION_TABLE:
        return set_explain_form(explain, CLI_EXPLAIN_TABLE);
    case OPTION_JSON:
        explain->view.whole = true;
        return set_explain_form(explain, CLI_EXPLAIN_JSON);
    case OPTION_SVG:
        return set_explain_form(explain, CLI_EXPLAIN_SVG);
    case OPTION_SORT:
        return cli_choice_sort(&explain->choice, explain->args);
    case OPTION_COLUMNS:
        explain->has_columns = true;
        return cli_choice_columns(&explain->choice, explain->args);
    case OPTION_WATCH:
        return cli_view_watch(explain->args, &explain->view);
    case OPTION_COLOR:
        return cli_args_colour(explain->args, &explain->colour);
    default:
        return CLI_BAD;
    }
}

static int set_explain_option(struct cli_explain *explain, int option, const char *value)
{
    switch (option) {
    case OPTION_PROFILE:
        return set_explain_profile(explain, value);
    case OPTION_ONLY:
        explain->only = value;
        return CLI_DONE;
    case OPTION_DOMAIN:
        explain->domain = value;
        return CLI_DONE;
    case OPTION_ALL:
        explain->all = true;
        return CLI_DONE;
    case OPTION_HOST:
        explain->host = value;
        return CLI_DONE;
    case OPTION_XL_CONF:
        explain->sources.xl_conf_path = value;
        return CLI_DONE;
    default:
        return set_view(explain, option);
    }
}

/* Operands are domains of the host that --host names, not files computed for it. */
static bool asks_host(const struct cli_explain *explain)
{
    return explain->host && !host_access_is_file(explain->host);
}

/* What is shown of how many. */
static int check_view(const struct cli_explain *explain)
{
    const struct cli_args *args = explain->args;
    enum cli_explain_form form = explain->form;
    bool is_picture = form == CLI_EXPLAIN_DIAGRAM || form == CLI_EXPLAIN_SVG;
    if (explain->all_profiles && is_picture)
        return cli_args_wrong(args,
                              "--profile all: a picture shows one profile: use --table or --json");
    if (explain->all_profiles && (explain->has_columns || explain->choice.is_sorted))
        return cli_args_wrong(args, "--profile all: its table has a column per profile: leave out "
                                    "--sort and --columns");
    if (explain->has_columns && is_picture)
        return cli_args_wrong(args, "--columns: a picture has no columns: use --table");
    if (explain->has_columns && form == CLI_EXPLAIN_JSON)
        return cli_args_wrong(args, "--columns: --json prints every key: leave it out");
    return CLI_DONE;
}

static bool is_file_operand(const char *path)
{
    return strcmp(path, "-") == 0 || access(path, F_OK) == 0;
}

/* Whether what is asked for can be domains that run, where only those will do. */
static int check_running(const struct cli_explain *explain)
{
    const struct cli_args *args = explain->args;
    const char *option = explain->all ? "--all" : "--watch";
    if (!explain->all && !explain->view.watch)
        return CLI_DONE;
    if (explain->only)
        return cli_args_wrong(args,
                              "%s shows running domains, and --only selects from files: give "
                              "the name as DOMAIN",
                              option);
    for (size_t i = 0; !asks_host(explain) && i < explain->sources.path_count; i++) {
        const char *path = explain->sources.paths[i];
        if (is_file_operand(path))
            return cli_args_wrong(args,
                                  "--watch shows running domains, and %s is a file: use "
                                  "--domain %s for a domain of that name",
                                  path, path);
    }
    return CLI_DONE;
}

static int check_explain(const struct cli_explain *explain)
{
    const struct cli_args *args = explain->args;
    bool has_operands = explain->sources.path_count > 0;
    if (explain->domain && has_operands)
        return cli_args_wrong(args, "--domain and FILE exclude each other: use one");
    if (explain->all && (explain->domain || has_operands))
        return cli_args_wrong(args, "--all shows all domains: leave out FILE and DOMAIN");
    if (!explain->all && !explain->domain && !has_operands)
        return cli_args_wrong(args, "FILE or DOMAIN is missing");
    int rc = check_view(explain);
    return rc ? rc : check_running(explain);
}

static int parse_explain(struct cli_explain *explain, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        int rc = set_explain_option(explain, option, args->value);
        if (rc)
            return rc;
    }
    explain->sources.profile = explain->profile;
    explain->sources.keep_going = true;
    explain->sources.paths = cli_args_operands(args, &explain->sources.path_count);
    return check_explain(explain);
}

/* Operands of which none is a file may be domains, where there is a Xen to ask. */
static bool names_domains(const struct cli_explain *explain, struct host_access *access)
{
    const struct cli_sources *sources = &explain->sources;
    const struct cli_domain *found;
    for (size_t i = 0; i < sources->path_count; i++) {
        if (is_file_operand(sources->paths[i]))
            return false;
    }
    if (host_access_try(access) != CLI_DONE)
        return false;
    int rc = host_access_refresh(access);
    for (size_t i = 0; i < sources->path_count && !rc; i++)
        rc = host_access_find(access, NULL, sources->paths[i], &found);
    if (rc)
        host_access_close(access);
    return rc == CLI_DONE;
}

/* Computed for the host of a file where there is one. */
static int explain_files_for_host(struct cli_explain *explain)
{
    struct host_access access = {.lock = -1};
    int rc = explain->host ? host_access_sample(&access, explain->host) : CLI_DONE;
    explain->sources.on = access.host;
    if (!rc)
        rc = cli_explain_files(explain);
    host_access_close(&access);
    return rc;
}

static int explain_main(struct cli_args *args)
{
    struct cli_explain explain = {.args = args, .choice = {.columns = cli_overview_columns}};
    struct host_access access;
    explain.view.choice = &explain.choice;
    (void)cli_colour("auto", &explain.colour);
    int rc = parse_explain(&explain, args);
    if (rc)
        return rc;
    if (explain.domain || explain.all || explain.view.watch || asks_host(&explain))
        rc = host_access_open(&access, explain.host, false);
    else if (!names_domains(&explain, &access))
        return explain_files_for_host(&explain);
    if (!rc)
        rc = cli_explain_running(&explain, &access);
    host_access_close(&access);
    return rc;
}

const struct cli_command cmd_explain = {
    .name = "explain",
    .summary = "show what a guest's memory consists of",
    .operands = "FILE... | DOMAIN... | --all",
    .text = "Reads guests from xl.cfg, libvirt domain XML or JSON files (- is standard input)\n"
            "and shows the memory breakdown of each: one guest as a diagram, several as a\n"
            "table. A guest whose device model runs in a stubdomain counts as two guests.\n"
            "An argument that names no file is a running domain: shown are its memory now,\n"
            "as configured, and as Xen counts it. --watch also suits screen readers.",
    .options = explain_options,
    .run = explain_main,
};
