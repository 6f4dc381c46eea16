/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast explain: guests in files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/explain/explain.h"
#include "app/ballast/explain/overview.h"
#include "app/ballast/explain/report.h"

static int pick_only(const struct cli_explain *explain, struct cli_guests *guests)
{
    size_t found = 0;
    while (found < guests->count && strcmp(cli_guest_name(&guests->guests[found]), explain->only))
        found++;
    if (found == guests->count) {
        cli_error("explain: --only %s: none of the %zu guests read has that name", explain->only,
                  guests->count);
        return CLI_BAD;
    }
    struct cli_guest picked = guests->guests[found];
    guests->guests[found] = guests->guests[0];
    guests->guests[0] = picked;
    return CLI_DONE;
}

static int evaluate_files(const struct cli_guests *guests, const struct cli_guest *guest,
                          const struct ballast_profile *profile, struct cli_figures *out)
{
    out->name = cli_guest_name(guest);
    out->shown = guest->shown;
    out->remarks = guest->stubdomain ? NULL : &guest->source->remarks;
    return cli_guest_evaluate(guests, guest, profile, &out->breakdown, &out->profile_name);
}

static int print_files_json(const struct cli_guest *guest, const struct cli_figures *figures,
                            const struct guestcfg_beside *beside)
{
    int rc = guestcfg_write_json_beside(stdout, figures->name, cli_guest_config(guest),
                                        &figures->breakdown, figures->profile_name,
                                        figures->remarks, beside);
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
    struct guestcfg_exact *exact = xcheck(calloc(count, sizeof(*exact)));
    struct guestcfg_beside beside = {.exact = exact};
    int rc = CLI_DONE;
    for (size_t i = 0; i < count; i++) {
        if (ballast_breakdown_cost(&figures[i].breakdown, NULL))
            exact[beside.count++] =
                (struct guestcfg_exact){figures[i].profile_name, &figures[i].breakdown};
    }
    for (size_t i = 0; i < count && rc == CLI_DONE; i++) {
        bool is_exact = ballast_breakdown_cost(&figures[i].breakdown, NULL);
        rc = print_files_json(guest, &figures[i], is_exact ? NULL : &beside);
    }
    free(exact);
    return rc;
}

static int compare_one(const struct cli_explain *explain, const struct cli_guests *guests,
                       const struct cli_guest *guest, struct cli_figures *figures)
{
    size_t count = profile_count();
    for (size_t i = 0; i < count; i++) {
        int rc = evaluate_files(guests, guest, ballast_profile_at(i), &figures[i]);
        if (rc)
            return rc;
    }
    if (explain->form != CLI_EXPLAIN_JSON) {
        cli_report_compare(figures, count);
        return CLI_DONE;
    }
    return compare_json(guest, figures, count);
}

static int compare_all(const struct cli_explain *explain, struct cli_guests *guests, size_t count)
{
    struct cli_figures *figures = xcheck(calloc(profile_count(), sizeof(*figures)));
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        if (shown > 0 && explain->form != CLI_EXPLAIN_JSON)
            putchar('\n');
        bool is = compare_one(explain, guests, &guests->guests[i], figures) == CLI_DONE;
        guests->lacking += !is;
        shown += is;
    }
    free(figures);
    return CLI_DONE;
}

static int refuse_svg(const struct cli_guests *guests)
{
    cli_error("explain: --svg draws one guest, and %zu were read: select one with --only "
              "('%s', '%s'%s)",
              guests->count, guests->guests[0].shown, guests->guests[1].shown,
              guests->count > 2 ? " ..." : "");
    return CLI_BAD;
}

static int print_each(const struct cli_explain *explain, const struct cli_guests *guests,
                      const struct cli_figures *figures, const struct cli_sheet *order)
{
    for (size_t row = 0; row < order->count; row++) {
        size_t i = order->rows[row].at;
        if (explain->form == CLI_EXPLAIN_JSON) {
            int rc = print_files_json(&guests->guests[i], &figures[i], NULL);
            if (rc)
                return rc;
        } else if (explain->form == CLI_EXPLAIN_SVG) {
            cli_report_svg(&figures[i].breakdown, figures[i].name);
        } else if (explain->form == CLI_EXPLAIN_TABLE) {
            cli_report_table(&figures[i]);
        } else {
            fputs(row > 0 ? "\n" : "", stdout);
            cli_report_diagram(&figures[i], explain->colour);
        }
    }
    return CLI_DONE;
}

static bool is_overview(const struct cli_explain *explain, size_t count)
{
    bool is_table = explain->form == CLI_EXPLAIN_DEFAULT || explain->form == CLI_EXPLAIN_TABLE;
    return explain->has_columns || (count > 1 && is_table);
}

static void fill_overview(struct cli_explain *explain, const struct cli_figures *figures,
                          size_t count, struct cli_sheet *out)
{
    cli_sheet_init(out, cli_overview_columns, false);
    for (size_t i = 0; i < count; i++) {
        struct cli_overview_line line = {.shown = figures[i].shown,
                                         .type = ballast_guest_type_name(figures[i].breakdown.type),
                                         .profile_name = figures[i].profile_name,
                                         .breakdown = &figures[i].breakdown};
        cli_overview_add(out, &line, explain->colour);
    }
    cli_overview_choose(out, false, &explain->choice);
    cli_sheet_sort(out, &explain->choice);
}

/* Those that have figures go to the front, in their order; how many they are. */
static size_t evaluate_all(const struct cli_explain *explain, struct cli_guests *guests,
                           size_t count, struct cli_figures *figures)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct cli_guest guest = guests->guests[i];
        if (evaluate_files(guests, &guest, explain->profile, &figures[kept])) {
            guests->lacking++;
            continue;
        }
        guests->guests[i] = guests->guests[kept];
        guests->guests[kept++] = guest;
    }
    return kept;
}

static int print_files_all(struct cli_explain *explain, struct cli_guests *guests, size_t count)
{
    struct cli_figures *figures = xcheck(calloc(count, sizeof(*figures)));
    struct cli_sheet sheet = {0};
    size_t kept = evaluate_all(explain, guests, count, figures);
    int rc = CLI_DONE;
    if (kept > 0) {
        fill_overview(explain, figures, kept, &sheet);
        sheet.lacking = explain->only ? 0 : guests->lacking;
        rc = is_overview(explain, kept + sheet.lacking)
                 ? cli_overview_print(&sheet, false, &explain->choice)
                 : print_each(explain, guests, figures, &sheet);
    }
    cli_sheet_release(&sheet);
    free(figures);
    return rc;
}

static int run_files(struct cli_explain *explain, struct cli_guests *guests)
{
    if (guests->count == 0) {
        cli_error("explain: %s: has no guest", explain->sources.paths[0]);
        return CLI_BAD;
    }
    if (explain->only) {
        int rc = pick_only(explain, guests);
        if (rc)
            return rc;
    }
    size_t count = explain->only ? 1 : guests->count;
    if (explain->form == CLI_EXPLAIN_SVG && count > 1)
        return refuse_svg(guests);
    return explain->all_profiles ? compare_all(explain, guests, count)
                                 : print_files_all(explain, guests, count);
}

int cli_explain_files(struct cli_explain *explain)
{
    struct cli_guests guests;
    int rc = cli_guests_read(&guests, &explain->sources);
    if (rc)
        return rc;
    rc = cli_guests_status(&guests, "explain", run_files(explain, &guests));
    cli_guests_release(&guests);
    return rc;
}
