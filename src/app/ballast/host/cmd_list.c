/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast list */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/ballast/access/floor.h"
#include "app/ballast/access/own_profile.h"
#include "app/ballast/access/view.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/explain/segment_bar.h"
#include "app/ballast/host/list_columns.h"
#include "core/base/units.h"

enum { OPTION_HOST, OPTION_JSON, OPTION_SORT, OPTION_COLUMNS, OPTION_WATCH, OPTION_COLOR };

static const char *list_column_name(size_t i)
{
    return cli_list_columns[i].word;
}

static const struct cli_option list_options[] = {
    [OPTION_HOST] = {"host", "WHAT", CLI_HOST_HELP},
    [OPTION_JSON] = {"json", NULL, "an object per line, sizes in KiB"},
    [OPTION_SORT] = {"sort", "KEY", CLI_SORT_HELP, .value = list_column_name},
    [OPTION_COLUMNS] = {"columns", "LIST", CLI_COLUMNS_HELP, .value = list_column_name},
    [OPTION_WATCH] = {"watch", "[T]", CLI_WATCH_HELP, 'w'},
    [OPTION_COLOR] = {"color", "WHEN", "of the bar: auto (the default), always or never",
                      .value = cli_colour_name},
    {NULL, NULL, NULL},
};

/* Into a pipe all that is known; on a terminal of 80 columns a bar instead of the last four. */
static const unsigned char piped[] = {CLI_LIST_ID,    CLI_LIST_NAME,    CLI_LIST_TYPE,
                                      CLI_LIST_STATE, CLI_LIST_CURRENT, CLI_LIST_TARGET,
                                      CLI_LIST_RANGE, CLI_LIST_STATIC,  CLI_LIST_MAX,
                                      CLI_LIST_POOL,  CLI_LIST_BALLOON};
static const unsigned char on_terminal[] = {CLI_LIST_ID,    CLI_LIST_NAME,    CLI_LIST_TYPE,
                                            CLI_LIST_STATE, CLI_LIST_CURRENT, CLI_LIST_TARGET,
                                            CLI_LIST_RANGE, CLI_LIST_BAR};

struct list {
    const char *host;
    bool json;
    bool colour;
    char *const *names; /* of the domains to list; none: all */
    size_t count;
    bool has_looked;
    struct cli_choice choice;
    struct cli_view view;
};

static int set_list_option(struct list *list, const struct cli_args *args, int option)
{
    switch (option) {
    case OPTION_HOST:
        list->host = args->value;
        return CLI_DONE;
    case OPTION_JSON:
        list->json = list->view.whole = true;
        return CLI_DONE;
    case OPTION_SORT:
        return cli_choice_sort(&list->choice, args);
    case OPTION_COLUMNS:
        return cli_choice_columns(&list->choice, args);
    case OPTION_WATCH:
        return cli_view_watch(args, &list->view);
    case OPTION_COLOR:
        return cli_args_colour(args, &list->colour);
    default:
        return CLI_BAD;
    }
}

static int parse_list(struct list *list, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        int rc = set_list_option(list, args, option);
        if (rc)
            return rc;
    }
    list->names = cli_args_operands(args, &list->count);
    if (list->json && list->choice.count > 0)
        return cli_args_wrong(args, "--columns: --json prints every key: leave it out");
    if (isatty(STDOUT_FILENO) && !list->json)
        cli_choice_default(&list->choice, on_terminal, sizeof(on_terminal));
    else
        cli_choice_default(&list->choice, piped, sizeof(piped));
    return CLI_DONE;
}

static void add_list_json_report(struct json_object *object, const struct host_access *access,
                                 const struct hv_domain *is)
{
    const struct ballast_host *host = access->host;
    const struct ballast_domain *shown =
        ballast_domain_find(host->domains, host->domain_count, is->id);
    struct json_object *pressure = is->pressure.known != 0 ? cli_json_object() : NULL;
    for (int i = 0; i < BALLAST_PRESSURES && pressure; i++) {
        enum ballast_pressure_kind kind = (enum ballast_pressure_kind)i;
        cli_json_kib(pressure, ballast_pressure_name(kind),
                     ballast_pressure_value(&is->pressure, kind));
    }
    if (pressure)
        cli_json_kib(pressure, "age_usec", shown ? shown->pressure.age_usec : BALLAST_NONE);
    cli_json_string(object, "report_source", ballast_report_source_name(is->report_source));
    cli_json_kib(object, "used_kib", is->used_kib);
    cli_json_kib(object, "reported_free_kib", is->reported_free_kib);
    cli_json_kib(object, "reported_swap_kib", is->reported_swap_kib);
    cli_json_kib(object, "report_age_usec", shown ? shown->report_age_usec : BALLAST_NONE);
    cli_json_add(object, "pressure", pressure);
    cli_json_string(object, "malformed_node", is->malformed);
}

static void print_list_json(const struct host_access *access, const struct cli_domain *domain,
                            const struct cli_list_known *known)
{
    char why[CLI_FLOOR_WHY];
    uint64_t floor_kib = cli_floor_of(access, domain, why);
    const struct hv_domain *is = &domain->is;
    struct json_object *object = cli_json_object();
    cli_json_kib(object, "domid", is->id);
    cli_json_string(object, "name", is->name);
    cli_json_string(object, "type", domain->is.knows_type ? cli_domain_type_name(domain) : NULL);
    cli_json_string(object, "state", cli_domain_state_name(domain));
    cli_json_kib(object, "current_kib", is->tot_kib);
    cli_json_kib(object, "target_kib", is->target_kib);
    cli_json_kib(object, "videoram_kib", is->videoram_kib);
    cli_json_kib(object, "dynamic_min_kib", is->dynamic_min_kib);
    cli_json_kib(object, "dynamic_max_kib", is->dynamic_max_kib);
    cli_json_kib(object, "static_max_kib", is->static_max_kib);
    cli_json_kib(object, "xen_maximum_kib", is->max_kib);
    cli_json_bool(object, "hotplugs", is->hotplugs);
    cli_json_kib(object, "pool_kib", is->pool_kib);
    cli_json_bool(object, "balloon", is->has_balloon);
    add_list_json_report(object, access, is);
    cli_json_kib(object, "need_kib", known->need_kib);
    cli_json_kib(object, "floor_kib", floor_kib > 0 ? floor_kib : BALLAST_NONE);
    cli_json_string(object, "floor_why", *why ? why : NULL);
    cli_json_kib(object, "pinned_kib", known->pinned_kib);
    cli_json_string(object, "pinned_by", *known->pinned_by ? known->pinned_by : NULL);
    cli_json_print(object);
}

static void print_all_json(const struct host_access *access, const struct cli_sheet *sheet)
{
    struct cli_list_known *known = cli_list_known(access);
    for (size_t i = 0; i < sheet->count; i++)
        print_list_json(access, &access->domains[sheet->rows[i].at], &known[sheet->rows[i].at]);
    free(known);
}

static int fill_list(void *context, const struct host_access *access, struct cli_sheet *out)
{
    struct list *list = context;
    const struct cli_domain *found;
    int rc = CLI_DONE;
    /* One that ends later is not listed any more, which is no error. */
    for (size_t i = 0; !rc && !list->has_looked && i < list->count; i++)
        rc = host_access_find(access, "list", list->names[i], &found);
    list->has_looked = true;
    if (!rc)
        cli_list_fill(access, &list->choice, list->colour, list->names, list->count, out);
    return rc;
}

static int show_list(void *context, const struct host_access *access, const struct cli_sheet *sheet)
{
    const struct list *list = context;
    if (list->json) {
        print_all_json(access, sheet);
        return CLI_DONE;
    }
    cli_sheet_print(sheet, &list->choice, true);
    printf("free %" PRIu64 " of %" PRIu64 " MiB; sizes in MiB\n",
           access->host->free_kib / BALLAST_MIB_KIB, access->host->total_kib / BALLAST_MIB_KIB);
    if (list->choice.shown[list->choice.count - 1] == CLI_LIST_BAR)
        cli_segment_bar_legend();
    char *unknown = cli_xen_unknown(access);
    if (unknown)
        printf("note: %s\n", unknown);
    free(unknown);
    return CLI_DONE;
}

static int list_main(struct cli_args *args)
{
    struct list list = {.choice = {.columns = cli_list_columns},
                        .view = {.fill = fill_list, .show = show_list}};
    struct host_access access;
    list.view.choice = &list.choice;
    (void)cli_colour("auto", &list.colour);
    int rc = parse_list(&list, args);
    if (!rc)
        rc = host_access_open(&access, list.host, false);
    if (rc)
        return rc;
    rc = cli_view_run(&list.view, &access, &list);
    host_access_close(&access);
    return rc;
}

const struct cli_command cmd_list = {
    .name = "list",
    .summary = "list the domains of the running host and their memory",
    .operands = "[DOMAIN...]",
    .text = "Prints a line per domain, of all or of those named: its current size, target\n"
            "and range, its maxima, its paging pool, and whether it has a balloon driver;\n"
            "then the sums. A terminal gets fewer columns, and a bar of what the memory\n"
            "consists of. --watch also suits screen readers: then it prints plain lines that\n"
            "say what changed.",
    .options = list_options,
    .run = list_main,
};
