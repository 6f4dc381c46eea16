/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast list */
#include <inttypes.h>
#include <stdio.h>

#include <json-c/json.h>

#include "app/ballast/args.h"
#include "app/ballast/door.h"
#include "app/ballast/floor.h"
#include "app/ballast/output.h"
#include "app/ballast/table.h"
#include "app/ballast/values.h"
#include "core/base/units.h"

enum { OPTION_HOST, OPTION_JSON };

const struct cli_option cli_list_options[] = {
    [OPTION_HOST] = {"host", "HOST", CLI_HOST_HELP},
    [OPTION_JSON] = {"json", NULL, "an object a line, sizes in KiB"},
    {NULL, NULL, NULL},
};

struct list {
    const char *host;
    bool json;
};

static int parse(struct list *list, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        list->json |= option == OPTION_JSON;
        if (option == OPTION_HOST)
            list->host = args->value;
    }
    size_t count;
    (void)cli_args_operands(args, &count);
    return count > 0 ? cli_args_wrong(args, "it takes no operands") : CLI_DONE;
}

static void print_json(const struct cli_door *door, const struct cli_domain *domain)
{
    char why[CLI_FLOOR_WHY];
    uint64_t floor_kib = cli_floor_of(door, domain, why);
    const struct xen_domain *is = &domain->is;
    struct json_object *object = cli_must(json_object_new_object());
    cli_json_kib(object, "id", is->id);
    cli_json_string(object, "name", is->name);
    cli_json_string(object, "type", domain->knows_type ? cli_domain_type_word(domain) : NULL);
    cli_json_string(object, "state", cli_domain_state_word(domain));
    cli_json_kib(object, "actual", is->tot_kib);
    cli_json_kib(object, "target", is->target_kib);
    cli_json_kib(object, "videoram", is->videoram_kib);
    cli_json_kib(object, "dynamic_min", is->dynamic_min_kib);
    cli_json_kib(object, "dynamic_max", is->dynamic_max_kib);
    cli_json_kib(object, "static_max", is->static_max_kib);
    cli_json_kib(object, "xen_maximum", is->max_kib);
    cli_json_kib(object, "pool", is->pool_kib);
    cli_json_bool(object, "balloon", is->has_balloon);
    cli_json_kib(object, "floor", floor_kib > 0 ? floor_kib : BALLAST_NONE);
    cli_json_string(object, "floor_why", *why ? why : NULL);
    cli_json_print(object);
}

static void add_range(struct cli_table *table, const struct xen_domain *is)
{
    if (is->dynamic_min_kib == BALLAST_NONE || is->dynamic_max_kib == BALLAST_NONE)
        cli_table_add(table, "-");
    else
        cli_table_add(table, "%" PRIu64 "-%" PRIu64, is->dynamic_min_kib / BALLAST_MIB_KIB,
                      is->dynamic_max_kib / BALLAST_MIB_KIB);
}

static void add_line(struct cli_table *table, const struct cli_domain *domain)
{
    cli_table_add(table, "%" PRIu32, domain->is.id);
    cli_table_add(table, "%s", domain->shown);
    cli_table_add(table, "%s", cli_domain_type_word(domain));
    cli_table_add(table, "%s", cli_domain_state_word(domain));
    cli_table_add_mib(table, domain->is.tot_kib);
    cli_table_add_mib(table, domain->whole_target_kib);
    add_range(table, &domain->is);
    cli_table_add_mib(table, domain->is.static_max_kib);
    cli_table_add_mib(table, domain->is.max_kib);
    cli_table_add_mib(table, domain->is.pool_kib);
    cli_table_add(table, "%s", domain->is.has_balloon ? "yes" : "-");
}

/* Sums are of what is known. */
static void add_sums(struct cli_table *table, const struct cli_door *door)
{
    uint64_t tot_kib = 0;
    uint64_t target_kib = 0;
    uint64_t pool_kib = 0;
    for (size_t i = 0; i < door->count; i++) {
        const struct cli_domain *domain = &door->domains[i];
        tot_kib = ballast_add_ceil(tot_kib, domain->is.tot_kib);
        if (domain->whole_target_kib != BALLAST_NONE)
            target_kib = ballast_add_ceil(target_kib, domain->whole_target_kib);
        if (domain->is.pool_kib != BALLAST_NONE)
            pool_kib = ballast_add_ceil(pool_kib, domain->is.pool_kib);
    }
    cli_table_add(table, " ");
    cli_table_add(table, "sum");
    cli_table_add(table, " ");
    cli_table_add(table, " ");
    cli_table_add_mib(table, tot_kib);
    cli_table_add_mib(table, target_kib);
    for (int i = 0; i < 3; i++)
        cli_table_add(table, " ");
    cli_table_add_mib(table, pool_kib);
    cli_table_end_row(table);
}

static void print_table(const struct cli_door *door)
{
    static const char *const heads[] = {"id",    "name",   "type",    "state", "actual", "target",
                                        "range", "static", "xen max", "pool",  "balloon"};
    enum { COLUMNS = sizeof(heads) / sizeof(heads[0]) };
    struct cli_table table;
    cli_table_init(&table, COLUMNS, 1 << 1 | 1 << 2 | 1 << 3);
    for (size_t i = 0; i < COLUMNS; i++)
        cli_table_add(&table, "%s", heads[i]);
    for (size_t i = 0; i < door->count; i++)
        add_line(&table, &door->domains[i]);
    add_sums(&table, door);
    cli_table_print(&table);
    cli_table_release(&table);
    printf("free %" PRIu64 " of %" PRIu64 " MiB; sizes in MiB\n",
           door->host->free_kib / BALLAST_MIB_KIB, door->host->total_kib / BALLAST_MIB_KIB);
}

int cli_list(struct cli_args *args)
{
    struct list list = {0};
    struct cli_door door;
    int rc = parse(&list, args);
    if (!rc)
        rc = cli_door_open(&door, list.host, false);
    if (rc)
        return rc;
    rc = cli_door_look(&door);
    if (!rc && list.json) {
        for (size_t i = 0; i < door.count; i++)
            print_json(&door, &door.domains[i]);
    } else if (!rc) {
        print_table(&door);
    }
    cli_door_close(&door);
    return rc;
}
