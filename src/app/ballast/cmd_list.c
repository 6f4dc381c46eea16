/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast list */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/args.h"
#include "app/ballast/door.h"
#include "app/ballast/floor.h"
#include "app/ballast/interrupt.h"
#include "app/ballast/list_columns.h"
#include "app/ballast/list_watch.h"
#include "app/ballast/output.h"
#include "app/ballast/running.h"
#include "app/ballast/size.h"
#include "app/ballast/table.h"
#include "app/ballast/values.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "edge/hv/scenario.h"

/* As `ballast record`: a look costs a real host a hundredth of that. */
#define SHORTEST_USEC UINT64_C(10000)

enum {
    OPTION_HOST,
    OPTION_JSON,
    OPTION_SORT,
    OPTION_COLUMNS,
    OPTION_WATCH,
    OPTION_INTERVAL,
    OPTION_COLOR
};

const struct cli_option cli_list_options[] = {
    [OPTION_HOST] = {"host", "HOST", CLI_HOST_HELP},
    [OPTION_JSON] = {"json", NULL, "an object a line, sizes in KiB"},
    [OPTION_SORT] = {"sort", "KEY", "by that column, the largest first; -KEY: the other way"},
    [OPTION_COLUMNS] = {"columns", "LIST", "only these, in this order, with commas between"},
    [OPTION_WATCH] = {"watch", NULL, "go on, and tell what changes, line by line"},
    [OPTION_INTERVAL] = {"interval", "T", "between two looks of --watch (default 1s)"},
    [OPTION_COLOR] = {"color", "WHEN", "of the bar: auto (the default), always or never"},
    {NULL, NULL, NULL},
};

/* Into a pipe all that is known; on a terminal of 80 columns a bar instead of the last four. */
static const enum cli_list_column piped[] = {CLI_LIST_ID,    CLI_LIST_NAME,   CLI_LIST_TYPE,
                                             CLI_LIST_STATE, CLI_LIST_ACTUAL, CLI_LIST_TARGET,
                                             CLI_LIST_RANGE, CLI_LIST_STATIC, CLI_LIST_MAX,
                                             CLI_LIST_POOL,  CLI_LIST_BALLOON};
static const enum cli_list_column on_terminal[] = {CLI_LIST_ID,    CLI_LIST_NAME,   CLI_LIST_TYPE,
                                                   CLI_LIST_STATE, CLI_LIST_ACTUAL, CLI_LIST_TARGET,
                                                   CLI_LIST_RANGE, CLI_LIST_BAR};

struct list {
    const char *host;
    bool json;
    bool watch;
    bool colour;
    uint64_t interval_usec;
    enum cli_list_column sort;
    bool reversed;
    enum cli_list_column columns[CLI_LIST_COLUMNS];
    size_t count; /* 0: as it is usual */
};

static int no_column(const struct cli_args *args, const char *option, const char *word,
                     size_t length)
{
    char text[CLI_MESSAGE];
    struct ballast_text list = ballast_text_over(text, sizeof(text));
    for (int i = 0; i < CLI_LIST_COLUMNS; i++)
        ballast_text_add(&list, "%s%s", i > 0 ? ", " : "", cli_list_word((enum cli_list_column)i));
    return cli_args_wrong(args, "--%s: there is no column '%.*s'; there are %s", option,
                          (int)length, word, text);
}

static int set_sort(struct list *list, const struct cli_args *args)
{
    const char *word = args->value + (*args->value == '-');
    int found = cli_list_find(word, strlen(word));
    if (found < 0)
        return no_column(args, "sort", word, strlen(word));
    list->sort = (enum cli_list_column)found;
    list->reversed = *args->value == '-';
    return CLI_DONE;
}

static int set_columns(struct list *list, const struct cli_args *args)
{
    const char *word = args->value;
    unsigned seen = 0;
    list->count = 0;
    for (;;) {
        size_t length = strcspn(word, ",");
        int found = cli_list_find(word, length);
        if (found < 0)
            return no_column(args, "columns", word, length);
        if (seen >> found & 1)
            return cli_args_wrong(args, "--columns: '%.*s' is there twice", (int)length, word);
        seen |= 1U << found;
        list->columns[list->count++] = (enum cli_list_column)found;
        if (word[length] == '\0')
            break;
        word += length + 1;
    }
    if (seen >> CLI_LIST_BAR & 1 && list->columns[list->count - 1] != CLI_LIST_BAR)
        return cli_args_wrong(args, "--columns: the bar can only be the last one");
    return CLI_DONE;
}

static int set_interval(struct list *list, const struct cli_args *args)
{
    struct ballast_error err;
    if (cli_time_parse(args->value, &list->interval_usec, &err) < 0)
        return cli_args_wrong(args, "--interval: %s", err.text);
    if (list->interval_usec < SHORTEST_USEC)
        return cli_args_wrong(args, "--interval %s: 10ms or more would be right", args->value);
    return CLI_DONE;
}

static int set_option(struct list *list, const struct cli_args *args, int option)
{
    switch (option) {
    case OPTION_HOST:
        list->host = args->value;
        return CLI_DONE;
    case OPTION_JSON:
        list->json = true;
        return CLI_DONE;
    case OPTION_SORT:
        return set_sort(list, args);
    case OPTION_COLUMNS:
        return set_columns(list, args);
    case OPTION_WATCH:
        list->watch = true;
        return CLI_DONE;
    case OPTION_INTERVAL:
        return set_interval(list, args);
    case OPTION_COLOR:
        if (cli_colour(args->value, &list->colour) < 0)
            return cli_args_wrong(args, "--color is auto, always or never, not '%s'", args->value);
        return CLI_DONE;
    default:
        return CLI_BAD;
    }
}

static int parse(struct list *list, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        int rc = set_option(list, args, option);
        if (rc)
            return rc;
    }
    size_t count;
    (void)cli_args_operands(args, &count);
    if (count > 0)
        return cli_args_wrong(args, "it takes no operands");
    if (list->json && list->count > 0)
        return cli_args_wrong(args, "--columns is for the table; --json has all there is");
    if (list->count > 0)
        return CLI_DONE;
    bool plain = !isatty(STDOUT_FILENO);
    list->count =
        plain ? sizeof(piped) / sizeof(piped[0]) : sizeof(on_terminal) / sizeof(on_terminal[0]);
    memcpy(list->columns, plain ? piped : on_terminal, list->count * sizeof(list->columns[0]));
    return CLI_DONE;
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

/* Sums are of what is known; only what is held, asked for and spent can be summed. */
static void add_sum(struct cli_table *table, const struct cli_door *door,
                    enum cli_list_column column)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < door->count; i++) {
        const struct cli_domain *domain = &door->domains[i];
        uint64_t kib = column == CLI_LIST_ACTUAL   ? domain->is.tot_kib
                       : column == CLI_LIST_TARGET ? domain->whole_target_kib
                                                   : domain->is.pool_kib;
        if (kib != BALLAST_NONE)
            sum_kib = ballast_add_ceil(sum_kib, kib);
    }
    cli_table_add_mib(table, sum_kib);
}

static bool has_sum(enum cli_list_column column)
{
    return column == CLI_LIST_ACTUAL || column == CLI_LIST_TARGET || column == CLI_LIST_POOL;
}

static void add_sums(struct cli_table *table, const struct list *list, const struct cli_door *door)
{
    bool any = false;
    for (size_t i = 0; i < list->count; i++)
        any |= has_sum(list->columns[i]);
    /* Cells up to the last one that says something, so that no line ends in blanks. */
    size_t last = any ? list->count : 0;
    while (last > 0 && !has_sum(list->columns[last - 1]) &&
           list->columns[last - 1] != CLI_LIST_NAME)
        last--;
    for (size_t i = 0; i < last; i++) {
        if (has_sum(list->columns[i]))
            add_sum(table, door, list->columns[i]);
        else
            cli_table_add(table, "%s", list->columns[i] == CLI_LIST_NAME ? "sum" : " ");
    }
    if (last > 0 && last < list->count)
        cli_table_end_row(table);
}

static void print_table(const struct list *list, const struct cli_door *door)
{
    unsigned left = 0;
    struct cli_table table;
    const struct ballast_profile *profile = NULL;
    for (size_t i = 0; i < list->count; i++)
        left |= (unsigned)cli_list_is_left(list->columns[i]) << i;
    if (list->columns[list->count - 1] == CLI_LIST_BAR)
        profile = cli_running_profile(door);
    cli_table_init(&table, list->count, left);
    for (size_t i = 0; i < list->count; i++)
        cli_table_add(&table, "%s", cli_list_head(list->columns[i]));
    for (size_t i = 0; i < door->count * list->count; i++) {
        char text[CLI_LIST_CELL] = "";
        cli_list_cell(door, &door->domains[i / list->count], profile,
                      list->columns[i % list->count], list->colour, text);
        cli_table_add(&table, "%s", text);
    }
    add_sums(&table, list, door);
    cli_table_print(&table);
    cli_table_release(&table);
    printf("free %" PRIu64 " of %" PRIu64 " MiB; sizes in MiB\n",
           door->host->free_kib / BALLAST_MIB_KIB, door->host->total_kib / BALLAST_MIB_KIB);
    if (profile)
        puts("memory: s shadow, i iommu, x extra external, n extra internal, v video, # guest, "
             ". balloon");
}

static int look(const struct list *list, struct cli_door *door)
{
    int rc = cli_door_look(door);
    if (rc)
        return rc;
    if (list->sort != CLI_LIST_ID || list->reversed)
        cli_list_sort(door, list->sort, list->reversed);
    return CLI_DONE;
}

static void print_all(const struct list *list, const struct cli_door *door)
{
    for (size_t i = 0; list->json && i < door->count; i++)
        print_json(door, &door->domains[i]);
    if (!list->json)
        print_table(list, door);
}

/*
 * Blocks of plain lines, each behind an empty one, so that it can be read aloud as it comes: first
 * the table, then what has changed. With --json each look in full.
 */
static int watch(const struct list *list, struct cli_door *door)
{
    struct cli_list_seen *before = cli_list_see(door, list->columns, list->count);
    uint64_t waited_usec = 0;
    int rc = CLI_DONE;
    cli_interrupt_catch();
    while (rc == CLI_DONE && fflush(stdout) == 0 && !cli_interrupted()) {
        /* A simulated host does not wait for anybody, and its scenario has an end. */
        if (door->scenario && waited_usec >= door->scenario->duration_usec)
            break;
        rc = cli_door_wait(door, list->interval_usec);
        waited_usec = ballast_add_ceil(waited_usec, list->interval_usec);
        if (rc || cli_interrupted() || (rc = look(list, door)))
            break;
        struct cli_list_seen *now = cli_list_see(door, list->columns, list->count);
        putchar('\n');
        if (list->json)
            print_all(list, door);
        else if (cli_list_tell(before, now) == 0)
            puts("nothing has changed");
        cli_list_forget(before);
        before = now;
    }
    cli_list_forget(before);
    return rc;
}

int cli_list(struct cli_args *args)
{
    struct list list = {.interval_usec = BALLAST_SEC_USEC};
    struct cli_door door;
    (void)cli_colour("auto", &list.colour);
    int rc = parse(&list, args);
    if (!rc)
        rc = cli_door_open(&door, list.host, false);
    if (rc)
        return rc;
    rc = look(&list, &door);
    if (!rc)
        print_all(&list, &door);
    if (!rc && list.watch)
        rc = watch(&list, &door);
    cli_door_close(&door);
    return rc;
}
