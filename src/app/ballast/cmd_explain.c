/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast explain */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ballast/args.h"
#include "app/ballast/guests.h"
#include "app/ballast/output.h"
#include "app/ballast/profile_option.h"
#include "app/ballast/report.h"
#include "app/ballast/running.h"

enum {
    OPTION_DIAGRAM,
    OPTION_TABLE,
    OPTION_JSON,
    OPTION_SVG,
    OPTION_PROFILE,
    OPTION_ONLY,
    OPTION_DOMAIN,
    OPTION_HOST,
    OPTION_XL_CONF,
    OPTION_COLOR,
};

const struct cli_option cli_explain_options[] = {
    [OPTION_DIAGRAM] = {"diagram", NULL, "each guest as a diagram (the default for one)"},
    [OPTION_TABLE] = {"table", NULL, "figures; one guest in full, several a line each and a sum"},
    [OPTION_JSON] = {"json", NULL, "an object a line, which can be input again"},
    [OPTION_SVG] = {"svg", NULL, "one guest as an SVG picture"},
    [OPTION_PROFILE] = {"profile", "NAME", "by these rules (see 'ballast profiles'), or all"},
    [OPTION_ONLY] = {"only", "GUEST", "of all guests read only the one of that name"},
    [OPTION_DOMAIN] = {"domain", "DOMAIN", "a running domain, by name or id"},
    [OPTION_HOST] = {"host", "HOST", "judge by what this host (HOST.json) can do; or sim:SCENARIO"},
    [OPTION_XL_CONF] = {"xl-conf", "FILE", "instead of /etc/xen/xl.conf"},
    [OPTION_COLOR] = {"color", "WHEN", "auto (the default), always or never"},
    {NULL, NULL, NULL},
};

enum form { FORM_DEFAULT, FORM_DIAGRAM, FORM_TABLE, FORM_JSON, FORM_SVG };

struct explain {
    const struct cli_args *args;
    enum form form;
    const struct ballast_profile *profile; /* NULL: each guest's own */
    bool all_profiles;
    const char *only;
    const char *domain; /* NULL: what is asked for is in files, unless it is no file */
    bool colour;
    struct cli_sources sources;
};

static int set_form(struct explain *explain, enum form form)
{
    if (explain->form != FORM_DEFAULT && explain->form != form)
        return cli_args_wrong(explain->args, "only one of --diagram, --table, --json and --svg");
    explain->form = form;
    return CLI_DONE;
}

static int set_profile(struct explain *explain, const char *name)
{
    explain->all_profiles = strcmp(name, "all") == 0;
    explain->profile = NULL;
    if (explain->all_profiles)
        return CLI_DONE;
    return cli_profile_option(explain->args, name, &explain->profile);
}

static int set_option(struct explain *explain, int option, const char *value)
{
    switch (option) {
    case OPTION_DIAGRAM:
        return set_form(explain, FORM_DIAGRAM);
    case OPTION_TABLE:
        return set_form(explain, FORM_TABLE);
    case OPTION_JSON:
        return set_form(explain, FORM_JSON);
    case OPTION_SVG:
        return set_form(explain, FORM_SVG);
    case OPTION_PROFILE:
        return set_profile(explain, value);
    case OPTION_ONLY:
        explain->only = value;
        return CLI_DONE;
    case OPTION_DOMAIN:
        explain->domain = value;
        return CLI_DONE;
    case OPTION_HOST:
        explain->sources.host_path = value;
        return CLI_DONE;
    case OPTION_XL_CONF:
        explain->sources.xl_conf_path = value;
        return CLI_DONE;
    case OPTION_COLOR:
        if (cli_colour(value, &explain->colour) < 0)
            return cli_args_wrong(explain->args, "--color is auto, always or never, not '%s'",
                                  value);
        return CLI_DONE;
    default:
        return CLI_BAD;
    }
}

static int parse(struct explain *explain, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        int rc = set_option(explain, option, args->value);
        if (rc)
            return rc;
    }
    explain->sources.paths = cli_args_operands(args, &explain->sources.path_count);
    if (explain->domain && explain->sources.path_count > 0)
        return cli_args_wrong(args, "--domain and FILE are two questions; ask one");
    if (!explain->domain && explain->sources.path_count == 0)
        return cli_args_wrong(args, "no FILE is given, and no DOMAIN");
    if (explain->all_profiles && (explain->form == FORM_DIAGRAM || explain->form == FORM_SVG))
        return cli_args_wrong(args, "--profile all is a table or --json; a picture shows one");
    return CLI_DONE;
}

static int pick_only(const struct explain *explain, struct cli_guests *guests)
{
    size_t found = 0;
    while (found < guests->count && strcmp(cli_guest_name(&guests->guests[found]), explain->only))
        found++;
    if (found == guests->count) {
        cli_complain("explain: --only %s: no such guest among the %zu that were read",
                     explain->only, guests->count);
        return CLI_BAD;
    }
    struct cli_guest picked = guests->guests[found];
    guests->guests[found] = guests->guests[0];
    guests->guests[0] = picked;
    return CLI_DONE;
}

static int evaluate(const struct cli_guests *guests, const struct cli_guest *guest,
                    const struct ballast_profile *profile, struct cli_figures *out)
{
    out->name = cli_guest_name(guest);
    out->shown = guest->shown;
    return cli_guest_evaluate(guests, guest, profile, &out->breakdown, &out->profile_name);
}

static int print_json(const struct cli_guest *guest, const struct cli_figures *figures,
                      const struct guestcfg_beside *beside)
{
    int rc = guestcfg_write_json_beside(stdout, figures->name, cli_guest_config(guest),
                                        &figures->breakdown, figures->profile_name, beside);
    /* cli_finish() tells of a stream that failed. */
    return rc == -ENOMEM ? CLI_UNREACHABLE : CLI_DONE;
}

static size_t profile_count(void)
{
    size_t count = 0;
    while (ballast_profile_at(count))
        count++;
    return count;
}

/* An object a profile; those that are not exact have what they waste or lack beside those that are.
 */
static int compare_json(const struct cli_guest *guest, const struct cli_figures *figures,
                        size_t count)
{
    struct guestcfg_exact *exact = cli_must(calloc(count, sizeof(*exact)));
    struct guestcfg_beside beside = {.exact = exact};
    int rc = CLI_DONE;
    for (size_t i = 0; i < count; i++) {
        if (ballast_breakdown_cost(&figures[i].breakdown, NULL))
            exact[beside.count++] =
                (struct guestcfg_exact){figures[i].profile_name, &figures[i].breakdown};
    }
    for (size_t i = 0; i < count && rc == CLI_DONE; i++) {
        bool is_exact = ballast_breakdown_cost(&figures[i].breakdown, NULL);
        rc = print_json(guest, &figures[i], is_exact ? NULL : &beside);
    }
    free(exact);
    return rc;
}

static int compare_one(const struct explain *explain, const struct cli_guests *guests,
                       const struct cli_guest *guest, struct cli_figures *figures)
{
    size_t count = profile_count();
    for (size_t i = 0; i < count; i++) {
        int rc = evaluate(guests, guest, ballast_profile_at(i), &figures[i]);
        if (rc)
            return rc;
    }
    if (explain->form != FORM_JSON) {
        cli_report_compare(figures, count);
        return CLI_DONE;
    }
    return compare_json(guest, figures, count);
}

static int compare_all(const struct explain *explain, const struct cli_guests *guests, size_t count)
{
    struct cli_figures *figures = cli_must(calloc(profile_count(), sizeof(*figures)));
    int rc = CLI_DONE;
    for (size_t i = 0; i < count && rc == CLI_DONE; i++) {
        if (i > 0 && explain->form != FORM_JSON)
            putchar('\n');
        rc = compare_one(explain, guests, &guests->guests[i], figures);
    }
    free(figures);
    return rc;
}

static int refuse_svg(const struct cli_guests *guests)
{
    cli_complain("explain: --svg draws one guest, and %zu were read: pick one with --only "
                 "('%s', '%s'%s)",
                 guests->count, guests->guests[0].shown, guests->guests[1].shown,
                 guests->count > 2 ? " ..." : "");
    return CLI_BAD;
}

static int print_each(const struct explain *explain, const struct cli_guests *guests,
                      const struct cli_figures *figures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (explain->form == FORM_JSON) {
            int rc = print_json(&guests->guests[i], &figures[i], NULL);
            if (rc)
                return rc;
        } else if (explain->form == FORM_SVG) {
            cli_report_svg(&figures[i]);
        } else if (explain->form == FORM_TABLE) {
            cli_report_table(&figures[i]);
        } else {
            fputs(i > 0 ? "\n" : "", stdout);
            cli_report_diagram(&figures[i], explain->colour);
        }
    }
    return CLI_DONE;
}

static int print_all(const struct explain *explain, const struct cli_guests *guests, size_t count)
{
    struct cli_figures *figures = cli_must(calloc(count, sizeof(*figures)));
    int rc = CLI_DONE;
    for (size_t i = 0; i < count && rc == CLI_DONE; i++)
        rc = evaluate(guests, &guests->guests[i], explain->profile, &figures[i]);
    bool overview = count > 1 && (explain->form == FORM_DEFAULT || explain->form == FORM_TABLE);
    if (rc == CLI_DONE)
        rc = overview ? cli_report_overview(figures, count)
                      : print_each(explain, guests, figures, count);
    free(figures);
    return rc;
}

static int run(const struct explain *explain, struct cli_guests *guests)
{
    if (guests->count == 0) {
        cli_complain("explain: %s: there is no guest in it", explain->sources.paths[0]);
        return CLI_BAD;
    }
    if (explain->only) {
        int rc = pick_only(explain, guests);
        if (rc)
            return rc;
    }
    size_t count = explain->only ? 1 : guests->count;
    if (explain->form == FORM_SVG && count > 1)
        return refuse_svg(guests);
    return explain->all_profiles ? compare_all(explain, guests, count)
                                 : print_all(explain, guests, count);
}

static int print_running(const struct explain *explain, const struct cli_running *running)
{
    switch (explain->form) {
    case FORM_JSON:
        cli_running_json(running);
        break;
    case FORM_SVG:
        cli_running_svg(running);
        break;
    case FORM_DIAGRAM:
        cli_running_diagram(running, explain->colour);
        break;
    case FORM_DEFAULT:
    case FORM_TABLE:
        cli_running_table(running);
        break;
    }
    return CLI_DONE;
}

static int explain_running(const struct explain *explain, struct cli_door *door, const char *name)
{
    const struct cli_domain *domain;
    struct cli_running running;
    if (explain->all_profiles)
        return cli_args_wrong(explain->args, "--profile all is for files; a domain that runs is "
                                             "what it is");
    int rc = cli_door_find(door, "explain", name, &domain);
    if (!rc)
        rc = cli_running_of(door, domain, explain->profile, &running);
    return rc ? rc : print_running(explain, &running);
}

static bool is_simulated(const struct explain *explain)
{
    const char *host = explain->sources.host_path;
    return host && strncmp(host, "sim:", 4) == 0;
}

/* One operand that is no file may be a domain, where there is a Xen to ask. */
static bool names_domain(const struct explain *explain, struct cli_door *door)
{
    const struct cli_domain *found;
    const char *name = explain->sources.paths[0];
    if (explain->sources.path_count != 1 || access(name, F_OK) == 0 || strcmp(name, "-") == 0)
        return false;
    if (cli_door_try(door) != CLI_DONE)
        return false;
    if (cli_door_look(door) == CLI_DONE && cli_door_find(door, NULL, name, &found) == CLI_DONE)
        return true;
    cli_door_close(door);
    return false;
}

static int explain_domain(const struct explain *explain)
{
    struct cli_door door;
    int rc = cli_door_open(&door, is_simulated(explain) ? explain->sources.host_path : NULL, false);
    if (!rc)
        rc = cli_door_look(&door);
    if (!rc && explain->domain)
        rc = explain_running(explain, &door, explain->domain);
    for (size_t i = 0; i < explain->sources.path_count && !rc; i++) {
        fputs(i > 0 && explain->form != FORM_JSON ? "\n" : "", stdout);
        rc = explain_running(explain, &door, explain->sources.paths[i]);
    }
    cli_door_close(&door);
    return rc;
}

static int explain_files(const struct explain *explain)
{
    struct cli_guests guests;
    int rc = cli_guests_read(&guests, &explain->sources);
    if (rc)
        return rc;
    rc = run(explain, &guests);
    cli_guests_release(&guests);
    return rc;
}

int cli_explain(struct cli_args *args)
{
    struct explain explain = {.args = args};
    struct cli_door door;
    (void)cli_colour("auto", &explain.colour);
    int rc = parse(&explain, args);
    if (rc)
        return rc;
    if (explain.domain || is_simulated(&explain))
        return explain_domain(&explain);
    if (!names_domain(&explain, &door))
        return explain_files(&explain);
    rc = explain_running(&explain, &door, explain.sources.paths[0]);
    cli_door_close(&door);
    return rc;
}
