/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast explain: domains that run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/explain/explain.h"
#include "app/ballast/explain/overview.h"
#include "app/ballast/explain/report.h"
#include "app/ballast/explain/running.h"
#include "app/ballast/explain/segment_bar.h"

struct domains {
    struct cli_explain *explain;
    char *const *names; /* as they were given; none: all */
    size_t count;
    bool has_looked;
    const struct cli_domain **found; /* of the last sample, in the order of the rows */
    size_t found_count;
};

/* As one question about one domain: then there is more to tell than a line. */
static bool is_single(const struct domains *domains)
{
    return domains->count == 1 && !domains->explain->has_columns;
}

/* One that was there is missed when it is first looked for, not when it goes later. */
static int find_running_list(struct domains *domains, const struct host_access *access)
{
    size_t most = domains->count > 0 ? domains->count : access->count;
    free(domains->found);
    domains->found = xcheck(calloc(most + 1, sizeof(struct cli_domain *)));
    domains->found_count = 0;
    for (size_t i = 0; i < most; i++) {
        const struct cli_domain *domain = NULL;
        const char *command = domains->has_looked ? NULL : "explain";
        int rc = CLI_DONE;
        if (domains->count > 0)
            rc = host_access_find(access, command, domains->names[i], &domain);
        else
            domain = &access->domains[i];
        if (rc && command)
            return rc;
        if (!rc)
            domains->found[domains->found_count++] = domain;
    }
    domains->has_looked = true;
    return CLI_DONE;
}

static int fill_running_list(void *context, const struct host_access *access, struct cli_sheet *out)
{
    struct domains *domains = context;
    struct cli_explain *explain = domains->explain;
    const struct ballast_profile *profile = explain->profile;
    int rc = find_running_list(domains, access);
    if (rc)
        return rc;
    if (!profile)
        profile = cli_running_profile(access);
    cli_sheet_init(out, cli_overview_columns, false);
    for (size_t i = 0; i < domains->found_count; i++) {
        const struct cli_domain *domain = domains->found[i];
        struct ballast_breakdown breakdown;
        bool known = cli_running_now(access, domain, profile, &breakdown, NULL) == 0;
        struct cli_overview_line line = {.shown = domain->shown,
                                         .type = cli_domain_type_name(domain),
                                         .profile_name = ballast_profile_name(profile),
                                         .domain = domain,
                                         .breakdown = known ? &breakdown : NULL};
        cli_overview_add(out, &line, explain->colour);
    }
    if (is_single(domains))
        cli_overview_choose_changing(&explain->choice);
    else
        cli_overview_choose(out, true, &explain->choice);
    return CLI_DONE;
}

/* Its segments as they are now, where colours can be shown. */
static void print_bar(const struct cli_explain *explain, const struct cli_running *running)
{
    char bar[CLI_SEGMENT_BAR];
    if (!isatty(STDOUT_FILENO))
        return;
    cli_segment_bar(&running->now, explain->colour, bar);
    printf("\n%s\n", bar);
    cli_segment_bar_legend();
}

static void print_running_list(const struct cli_explain *explain, const struct cli_running *running)
{
    switch (explain->form) {
    case CLI_EXPLAIN_JSON:
        cli_running_json(running);
        break;
    case CLI_EXPLAIN_SVG:
        cli_report_svg(&running->now, running->domain.is.name);
        break;
    case CLI_EXPLAIN_DIAGRAM:
        cli_running_diagram(running, explain->colour);
        break;
    case CLI_EXPLAIN_DEFAULT:
        cli_running_table(running);
        print_bar(explain, running);
        break;
    case CLI_EXPLAIN_TABLE:
        cli_running_table(running);
        break;
    }
}

/* A domain that cannot be shown does not hide the others. */
static int show_each(const struct domains *domains, const struct host_access *access,
                     const struct cli_sheet *sheet)
{
    const struct cli_explain *explain = domains->explain;
    int rc = CLI_DONE;
    for (size_t i = 0; i < sheet->count; i++) {
        struct cli_running running;
        int failed =
            cli_running_of(access, domains->found[sheet->rows[i].at], explain->profile, &running);
        rc = rc ? rc : failed;
        if (failed)
            continue;
        fputs(i > 0 && explain->form != CLI_EXPLAIN_JSON ? "\n" : "", stdout);
        print_running_list(explain, &running);
    }
    return rc;
}

static int show_running_list(void *context, const struct host_access *access,
                             const struct cli_sheet *sheet)
{
    const struct domains *domains = context;
    const struct cli_explain *explain = domains->explain;
    bool is_table = explain->form == CLI_EXPLAIN_DEFAULT || explain->form == CLI_EXPLAIN_TABLE;
    if (is_table && !is_single(domains))
        return cli_overview_print(sheet, true, &explain->choice);
    return show_each(domains, access, sheet);
}

int cli_explain_running(struct cli_explain *explain, struct host_access *access)
{
    char *one[] = {(char *)explain->domain};
    struct domains domains = {.explain = explain};
    if (explain->all_profiles)
        return cli_args_wrong(explain->args, "--profile all applies to files only: name one "
                                             "profile, or leave it out");
    if (!explain->all) {
        domains.names = explain->domain ? one : explain->sources.paths;
        domains.count = explain->domain ? 1 : explain->sources.path_count;
    }
    if (explain->form == CLI_EXPLAIN_SVG && (domains.count != 1 || explain->view.watch))
        return cli_args_wrong(explain->args, "--svg draws one domain once: name one, and leave "
                                             "out --watch");
    explain->view.fill = fill_running_list;
    explain->view.show = show_running_list;
    int rc = cli_view_run(&explain->view, access, &domains);
    free(domains.found);
    return rc;
}
