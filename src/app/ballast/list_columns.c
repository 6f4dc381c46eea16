/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/list_columns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/running.h"
#include "app/ballast/values.h"
#include "app/top/bar.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/draw/palette.h"
#include "core/model/breakdown.h"

enum { BAR = 20 };

static const struct {
    const char *word;
    const char *head;
    bool is_left;
} columns[CLI_LIST_COLUMNS] = {
    [CLI_LIST_ID] = {"id", "id", false},
    [CLI_LIST_NAME] = {"name", "name", true},
    [CLI_LIST_TYPE] = {"type", "type", true},
    [CLI_LIST_STATE] = {"state", "state", true},
    [CLI_LIST_ACTUAL] = {"actual", "actual", false},
    [CLI_LIST_TARGET] = {"target", "target", false},
    [CLI_LIST_RANGE] = {"range", "range", false},
    [CLI_LIST_STATIC] = {"static", "static", false},
    [CLI_LIST_MAX] = {"max", "xen max", false},
    [CLI_LIST_POOL] = {"pool", "pool", false},
    [CLI_LIST_BALLOON] = {"balloon", "balloon", false},
    [CLI_LIST_USED] = {"used", "used", false},
    [CLI_LIST_OVERHEAD] = {"overhead", "overhead", false},
    [CLI_LIST_BAR] = {"bar", "memory", true},
};

const char *cli_list_word(enum cli_list_column column)
{
    return columns[column].word;
}

const char *cli_list_head(enum cli_list_column column)
{
    return columns[column].head;
}

bool cli_list_is_left(enum cli_list_column column)
{
    return columns[column].is_left;
}

int cli_list_find(const char *word, size_t length)
{
    for (int i = 0; i < CLI_LIST_COLUMNS; i++) {
        if (strlen(columns[i].word) == length && strncmp(columns[i].word, word, length) == 0)
            return i;
    }
    return -ENOENT;
}

static void size_cell(uint64_t kib, char out[CLI_LIST_CELL])
{
    if (kib == BALLAST_NONE)
        (void)snprintf(out, CLI_LIST_CELL, "-");
    else if (kib >= CLI_NO_LIMIT_KIB)
        (void)snprintf(out, CLI_LIST_CELL, "none");
    else
        (void)snprintf(out, CLI_LIST_CELL, "%" PRIu64, kib / BALLAST_MIB_KIB);
}

static void bar_cell(const struct cli_door *door, const struct cli_domain *domain,
                     const struct ballast_profile *profile, bool colour, char out[CLI_LIST_CELL])
{
    struct ballast_breakdown breakdown;
    struct ballast_text text = ballast_text_over(out, CLI_LIST_CELL);
    unsigned end[BALLAST_SEGMENTS];
    unsigned at = 0;
    if (cli_running_now(door, domain, profile, &breakdown, NULL) < 0)
        return;
    top_bar_divide(breakdown.segment_kib, BALLAST_SEGMENTS, BAR, end);
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        const struct draw_look *look = draw_segment_look((enum ballast_segment)i);
        if (colour && end[i] > at)
            ballast_text_add(&text, "\033[%um", look->ink);
        for (; at < end[i]; at++)
            ballast_text_add(&text, "%c", look->glyph);
    }
    ballast_text_add(&text, "%s", colour ? "\033[0m" : "");
}

static uint64_t size_of(const struct cli_domain *domain, enum cli_list_column column)
{
    switch (column) {
    case CLI_LIST_ACTUAL:
        return domain->is.tot_kib;
    case CLI_LIST_TARGET:
        return domain->whole_target_kib;
    case CLI_LIST_RANGE:
        return domain->is.dynamic_min_kib == BALLAST_NONE ? BALLAST_NONE
                                                          : domain->is.dynamic_max_kib;
    case CLI_LIST_STATIC:
        return domain->is.static_max_kib;
    case CLI_LIST_MAX:
        return domain->is.max_kib;
    case CLI_LIST_POOL:
        return domain->is.pool_kib;
    case CLI_LIST_USED:
        return domain->is.used_kib;
    case CLI_LIST_OVERHEAD:
        return domain->overhead_kib;
    case CLI_LIST_BAR: /* sorted as what is drawn is long */
        return domain->is.tot_kib;
    default:
        return BALLAST_NONE;
    }
}

static const char *word_of(const struct cli_domain *domain, enum cli_list_column column)
{
    switch (column) {
    case CLI_LIST_NAME:
        return domain->shown;
    case CLI_LIST_TYPE:
        return cli_domain_type_word(domain);
    case CLI_LIST_STATE:
        return cli_domain_state_word(domain);
    case CLI_LIST_BALLOON:
        return domain->is.has_balloon ? "yes" : "-";
    default:
        return NULL;
    }
}

void cli_list_cell(const struct cli_door *door, const struct cli_domain *domain,
                   const struct ballast_profile *profile, enum cli_list_column column, bool colour,
                   char out[CLI_LIST_CELL])
{
    const char *word = word_of(domain, column);
    uint64_t kib = size_of(domain, column);
    if (word)
        (void)snprintf(out, CLI_LIST_CELL, "%s", word);
    else if (column == CLI_LIST_ID)
        (void)snprintf(out, CLI_LIST_CELL, "%" PRIu32, domain->is.id);
    else if (column == CLI_LIST_BAR)
        bar_cell(door, domain, profile, colour, out);
    else if (column == CLI_LIST_RANGE && kib != BALLAST_NONE)
        (void)snprintf(out, CLI_LIST_CELL, "%" PRIu64 "-%" PRIu64,
                       domain->is.dynamic_min_kib / BALLAST_MIB_KIB, kib / BALLAST_MIB_KIB);
    else
        size_cell(kib, out);
}

struct order {
    enum cli_list_column column;
    bool reversed;
};

static int compare(const void *a, const void *b, void *context)
{
    const struct order *order = context;
    const struct cli_domain *x = a;
    const struct cli_domain *y = b;
    const char *word = word_of(x, order->column);
    uint64_t x_kib = size_of(x, order->column) + 1; /* not known, all ones: 0 */
    uint64_t y_kib = size_of(y, order->column) + 1;
    int by = word ? strcmp(word, word_of(y, order->column)) : (x_kib < y_kib) - (x_kib > y_kib);
    if (by == 0)
        by = (x->is.id > y->is.id) - (x->is.id < y->is.id);
    return order->reversed ? -by : by;
}

void cli_list_sort(struct cli_door *door, enum cli_list_column column, bool reversed)
{
    struct order order = {.column = column, .reversed = reversed};
    qsort_r(door->domains, door->count, sizeof(*door->domains), compare, &order);
}
