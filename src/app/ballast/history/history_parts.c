/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/history/history_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/draw/plot.h"

/* How a part looks: colours as on the page of ballast-web (web/src/style.css). */
static const struct look {
    char fill;
    unsigned char ink;
    bool hatched;
    const char *light;
    const char *dark;
} looks[BALLAST_PARTS] = {
    [BALLAST_PART_XEN] = {'x', 35, false, "#46566b", "#93a4b9"},
    [BALLAST_PART_DOM0] = {'0', 33, false, "#6d4fb0", "#a68df2"},
    [BALLAST_PART_DOMAINS] = {'#', 36, false, "#2474b5", "#4f9fdc"},
    [BALLAST_PART_OVERHEAD] = {'o', 35, false, "#b8520a", "#e88a45"},
    [BALLAST_PART_UNEXPLAINED] = {'?', 31, false, "#a3195b", "#ef6fa9"},
    [BALLAST_PART_CLAIMED] = {'c', 34, true, "#00756a", "#2fb3a4"},
    [BALLAST_PART_RESERVED] = {'r', 34, true, "#8a6a00", "#d0a72c"},
    [BALLAST_PART_SLACK] = {'s', 34, true, "#66758a", "#92a0b2"},
    [BALLAST_PART_SCRUB] = {'~', 32, true, "#7d8a9b", "#7d8c9e"},
    [BALLAST_PART_FREE] = {'.', 32, true, "#f2f5f8", "#1b232c"},
};

static bool parts_was_there(const struct cli_history *history, enum ballast_host_part part)
{
    for (size_t i = 0; i < history->steps; i++) {
        if (history->part_kib[part][i] > 0)
            return true;
    }
    return false;
}

/* The last step of which the parts are known. */
static size_t last_known(const struct cli_history *history)
{
    size_t last = history->steps - 1;
    while (last > 0 && history->total_kib[last] == 0)
        last--;
    return last;
}

static void print_legend(const struct cli_history *history)
{
    size_t last = last_known(history);
    const char *between = "";
    for (int i = BALLAST_PARTS; i-- > 0;) {
        enum ballast_host_part part = (enum ballast_host_part)i;
        char size[32];
        struct ballast_text text = ballast_text_over(size, sizeof(size));
        if (!parts_was_there(history, part))
            continue;
        ballast_text_add_size(&text, history->part_kib[part][last]);
        printf("%s%c %s %s", between, looks[part].fill, ballast_host_part_name(part), size);
        between = ", ";
    }
    puts("");
}

void cli_history_parts_plot(const struct cli_history *history, const char *marks, size_t rows,
                            bool colour)
{
    struct draw_plot_layer layers[BALLAST_PARTS];
    for (size_t i = 0; i < BALLAST_PARTS; i++)
        layers[i] = (struct draw_plot_layer){history->part_kib[i], looks[i].fill, looks[i].ink};
    struct draw_plot_stack stack = {.columns = history->steps,
                                    .rows = rows,
                                    .layers = layers,
                                    .layer_count = BALLAST_PARTS,
                                    .marks = marks,
                                    .colour = colour};
    size_t length = draw_plot_stack(&stack, NULL, 0);
    char *text = xcheck(malloc(length + 1));
    draw_plot_stack(&stack, text, length + 1);
    print_legend(history);
    fputs(text, stdout);
    free(text);
}

static uint64_t format_part_mib(uint64_t kib)
{
    return kib / BALLAST_MIB_KIB + (kib % BALLAST_MIB_KIB >= BALLAST_MIB_KIB / 2);
}

/* What is rounded is where each part ends, so that the line sums. */
static void add_parts_line(struct cli_table *table, const struct cli_history *history, size_t step,
                           const bool shown[BALLAST_PARTS])
{
    char when[CLI_HISTORY_TIME];
    uint64_t end_kib = 0;
    uint64_t before_mib = 0;
    cli_history_time(history->usec[step], history->offset_usec, when);
    cli_table_add(table, "%s", when);
    for (size_t i = 0; i < BALLAST_PARTS; i++) {
        end_kib = ballast_add_ceil(end_kib, history->part_kib[i][step]);
        if (shown[i])
            cli_table_add(table, "%" PRIu64, format_part_mib(end_kib) - before_mib);
        before_mib = format_part_mib(end_kib);
    }
    cli_table_add(table, "%" PRIu64, format_part_mib(history->total_kib[step]));
}

void cli_history_parts_table(const struct cli_history *history)
{
    bool shown[BALLAST_PARTS];
    size_t columns = 2;
    struct cli_table table;
    for (int i = 0; i < BALLAST_PARTS; i++) {
        shown[i] = parts_was_there(history, (enum ballast_host_part)i);
        columns += shown[i];
    }
    cli_table_init(&table, columns, 1);
    cli_table_add(&table, "from");
    for (int i = 0; i < BALLAST_PARTS; i++) {
        if (shown[i])
            cli_table_add(&table, "%s", ballast_host_part_name((enum ballast_host_part)i));
    }
    cli_table_add(&table, "total");
    for (size_t i = 0; i < history->steps; i++) {
        if (history->total_kib[i] > 0)
            add_parts_line(&table, history, i, shown);
    }
    puts("\nits parts, in MiB");
    cli_table_print(&table);
    cli_table_release(&table);
}

size_t cli_history_parts_layers(const struct cli_history *history,
                                struct chart_layer out[BALLAST_PARTS])
{
    for (int i = 0; i < BALLAST_PARTS; i++)
        out[i] = (struct chart_layer){.name = ballast_host_part_name((enum ballast_host_part)i),
                                      .light = looks[i].light,
                                      .dark = looks[i].dark,
                                      .hatched = looks[i].hatched,
                                      .kib = history->part_kib[i]};
    return BALLAST_PARTS;
}
