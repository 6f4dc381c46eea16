/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One guest under several profiles: a line of figures, and where they differ a line of by how much.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/explain/report.h"

enum { WORDS = 32 };

static void add_difference(struct cli_table *table, uint64_t first_kib, uint64_t kib)
{
    if (kib == first_kib)
        cli_table_add(table, "=");
    else if (kib > first_kib)
        cli_table_add(table, "+%" PRIu64, kib - first_kib);
    else
        cli_table_add(table, "-%" PRIu64, first_kib - kib);
}

static void add_compare_line(struct cli_table *table, const char *words, const uint64_t *kib,
                             size_t count)
{
    char spaced[WORDS];
    bool differ = false;
    cli_spaced(words, spaced, sizeof(spaced));
    cli_table_add(table, "%s", spaced);
    for (size_t i = 0; i < count; i++) {
        cli_table_add_kib(table, kib[i]);
        differ |= kib[i] != kib[0];
    }
    if (!differ)
        return;
    cli_table_add(table, "%s", "");
    cli_table_add(table, "%s", "");
    for (size_t i = 1; i < count; i++)
        add_difference(table, kib[0], kib[i]);
}

static void add_compare_segments(struct cli_table *table, const struct cli_figures *figures,
                                 size_t count, uint64_t *kib)
{
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        enum ballast_segment segment = (enum ballast_segment)i;
        bool any = segment != BALLAST_IOMMU;
        for (size_t j = 0; j < count; j++) {
            kib[j] = ballast_breakdown_segment_kib(&figures[j].breakdown, segment);
            any |= kib[j] > 0;
        }
        if (any && ballast_segment_applies(segment, figures[0].breakdown.type))
            add_compare_line(table, ballast_segment_name(segment), kib, count);
    }
    cli_table_end_row(table);
}

static void add_compare_spans(struct cli_table *table, const struct cli_figures *figures,
                              size_t count, uint64_t *kib)
{
    for (int i = 0; i < BALLAST_SPANS; i++) {
        enum ballast_span span = (enum ballast_span)i;
        for (size_t j = 0; j < count; j++)
            kib[j] = ballast_breakdown_span_kib(&figures[j].breakdown, span);
        add_compare_line(table, ballast_span_name(span), kib, count);
    }
    cli_table_end_row(table);
}

static void add_costs(struct cli_table *table, const struct cli_figures *figures, size_t count,
                      uint64_t *kib)
{
    if (!ballast_breakdown_cost(&figures->breakdown, NULL))
        return;
    for (size_t i = 0; i < count; i++)
        kib[i] = figures[i].breakdown.cost.settled_kib;
    add_compare_line(table, "cost_settled", kib, count);
    for (size_t i = 0; i < count; i++)
        kib[i] = figures[i].breakdown.cost.fresh_max_kib;
    add_compare_line(table, "cost_fresh_max", kib, count);
    for (size_t i = 0; i < count; i++)
        kib[i] = figures[i].breakdown.cost.later_max_kib;
    add_compare_line(table, "cost_later_max", kib, count);
}

/* Figures of the first `count`, which follow rules of one kind. */
static void print_group(const struct cli_figures *figures, size_t count)
{
    uint64_t *kib = xcheck(calloc(count, sizeof(*kib)));
    struct cli_table table;
    cli_table_init(&table, 1 + count, 1);
    cli_table_add(&table, "%s", "");
    for (size_t i = 0; i < count; i++)
        cli_table_add(&table, "%s", figures[i].profile_name);
    add_compare_segments(&table, figures, count, kib);
    add_compare_spans(&table, figures, count, kib);
    for (size_t i = 0; i < count; i++)
        kib[i] = ballast_breakdown_need_kib(&figures[i].breakdown);
    add_compare_line(&table, "need", kib, count);
    add_costs(&table, figures, count, kib);
    cli_table_print(&table);
    cli_table_release(&table);
    free(kib);
}

static void add_comparison(struct cli_table *table, const struct cli_figures *asks,
                           const struct cli_figures *exact, size_t exact_count, bool fresh)
{
    cli_table_add(table, "%s", fresh ? "" : asks->profile_name);
    cli_table_add(table, "%s", fresh ? "fresh" : "settled");
    for (size_t i = 0; i < exact_count; i++) {
        bool lacks;
        uint64_t kib =
            ballast_cost_beside(&asks->breakdown, &exact[i].breakdown,
                                fresh ? BALLAST_COST_FRESH_MAX : BALLAST_COST_SETTLED, &lacks);
        cli_table_add(table, "%c%" PRIu64, lacks ? '-' : '+', kib);
    }
}

/* What each of the first `count` asks for beyond what it costs by the exact ones behind them. */
static void print_comparison(const struct cli_figures *figures, size_t count, size_t exact_count)
{
    const struct cli_figures *exact = figures + count;
    struct cli_table table;
    cli_table_init(&table, 2 + exact_count, 1 | 1 << 1);
    cli_table_add(&table, "need of");
    cli_table_add(&table, "heap");
    for (size_t i = 0; i < exact_count; i++)
        cli_table_add(&table, "%s", exact[i].profile_name);
    for (size_t i = 0; i < count; i++) {
        add_comparison(&table, &figures[i], exact, exact_count, false);
        add_comparison(&table, &figures[i], exact, exact_count, true);
    }
    puts("\nWhat each need wastes (+) or lacks (-) beside the exact cost with that toolstack's "
         "paging pool,\non a settled heap and at worst on a fresh one:\n");
    cli_table_print(&table);
    cli_table_release(&table);
}

void cli_report_compare(const struct cli_figures *figures, size_t count)
{
    size_t toolstacks = 0;
    while (toolstacks < count && !ballast_breakdown_cost(&figures[toolstacks].breakdown, NULL))
        toolstacks++;
    printf("%s: %s guest, sizes in KiB; below a line: the difference to %s\n\n", figures->shown,
           ballast_guest_type_name(figures->breakdown.type), figures->profile_name);
    print_group(figures, toolstacks);
    if (toolstacks == count)
        return;
    printf("\nThe exact cost; below a line: the difference to %s\n\n",
           figures[toolstacks].profile_name);
    print_group(figures + toolstacks, count - toolstacks);
    print_comparison(figures, toolstacks, count - toolstacks);
}
