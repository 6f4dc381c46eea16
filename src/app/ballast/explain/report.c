/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/explain/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/draw.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/explain/legend.h"
#include "core/base/units.h"
#include "core/model/certainty.h"
#include "edge/guestcfg/guestcfg.h"

enum { WORDS = 32, COLUMNS = 80 };

static void print_report_title(const struct cli_figures *figures)
{
    printf("%s: %s guest", figures->shown, ballast_guest_type_name(figures->breakdown.type));
    if (*figures->profile_name)
        printf(", profile %s", figures->profile_name);
    fputs("\n\n", stdout);
}

/* A piece of a line that goes on in the next one, set in, where it would be too long. */
__attribute__((format(printf, 2, 3))) static void print_piece(int *column, const char *format, ...)
{
    char text[CLI_MESSAGE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (*column > 0 && *column + length > COLUMNS)
        *column = printf("\n   ") - 1;
    *column += length;
    fputs(text, stdout);
}

/* "need 4216832 KiB = footprint 4217856 - extra internal 1024" */
static void print_need(const struct ballast_breakdown *breakdown)
{
    int column = 0;
    print_piece(&column, "need %" PRIu64 " KiB", ballast_breakdown_need_kib(breakdown));
    print_piece(&column, " = footprint %" PRIu64,
                ballast_breakdown_span_kib(breakdown, BALLAST_FOOTPRINT));
    for (int i = 0; i < BALLAST_NEED_TERMS; i++) {
        enum ballast_need_term term = (enum ballast_need_term)i;
        char words[WORDS];
        bool minus;
        uint64_t kib = ballast_breakdown_need_term_kib(breakdown, term, &minus);
        cli_spaced(ballast_need_term_name(term), words, sizeof(words));
        if (kib > 0)
            print_piece(&column, " %c %s %" PRIu64, minus ? '-' : '+', words, kib);
    }
    putchar('\n');
}

/* "cost 4216832 KiB once the heap has settled, at most 4216880 before, ..." */
static void print_cost(const struct ballast_breakdown *breakdown)
{
    struct ballast_cost_kib cost;
    int column = 0;
    if (!ballast_breakdown_cost(breakdown, &cost))
        return;
    print_piece(&column, "cost %" PRIu64 " KiB on a settled heap,", cost.settled_kib);
    print_piece(&column, " at most %" PRIu64 " on a fresh one,", cost.fresh_max_kib);
    print_piece(&column, " at most %" PRIu64 " later", cost.later_max_kib);
    putchar('\n');
}

/* Of an exact profile; that the others are estimates is what they are. */
static void print_certainty(const struct ballast_breakdown *breakdown)
{
    char text[CLI_MESSAGE];
    (void)ballast_certainty_text(breakdown, text, sizeof(text));
    if (ballast_breakdown_cost(breakdown, NULL))
        printf("certainty: %s\n", text);
}

static void print_report_notes(const struct cli_figures *figures)
{
    const struct ballast_breakdown *breakdown = &figures->breakdown;
    char text[CLI_MESSAGE];
    for (int i = 0; i < BALLAST_NOTES; i++) {
        if (i == BALLAST_NOTE_NOT_MEASURED) /* that is the certainty */
            continue;
        if (ballast_breakdown_note_text(breakdown, (enum ballast_note)i, text, sizeof(text)) > 0)
            printf("note: %s\n", text);
    }
    for (int i = 0; i < GUESTCFG_REMARKS; i++) {
        if (guestcfg_remark_text(figures->remarks, (enum guestcfg_remark)i, text, sizeof(text)) > 0)
            printf("note: %s\n", text);
    }
}

void cli_report_draw(const struct ballast_breakdown *breakdown, bool colour)
{
    const struct ballast_draw_style style = {.colour = colour};
    size_t size = ballast_draw_diagram(breakdown, &style, NULL, 0) + 1;
    char *text = xcheck(malloc(size));
    (void)ballast_draw_diagram(breakdown, &style, text, size);
    puts(text);
    free(text);
}

void cli_report_diagram(const struct cli_figures *figures, bool colour)
{
    print_report_title(figures);
    cli_report_draw(&figures->breakdown, colour);
    print_need(&figures->breakdown);
    print_cost(&figures->breakdown);
    print_certainty(&figures->breakdown);
    print_report_notes(figures);
}

void cli_report_svg(const struct ballast_breakdown *breakdown, const char *name)
{
    size_t size = ballast_draw_svg(breakdown, name, NULL, 0) + 1;
    char *text = xcheck(malloc(size));
    (void)ballast_draw_svg(breakdown, name, text, size);
    fputs(text, stdout);
    free(text);
}

static void add_report_size(struct cli_table *table, const char *words, uint64_t kib,
                            const char *set_by)
{
    char spaced[WORDS];
    char mib[CLI_SIZE];
    cli_spaced(words, spaced, sizeof(spaced));
    cli_mib(kib, mib);
    cli_table_add(table, "%s", spaced);
    cli_table_add_kib(table, kib);
    cli_table_add(table, "%" PRIu64, ballast_div_up(kib, BALLAST_PAGE_KIB));
    cli_table_add(table, "%s", mib);
    if (*set_by)
        cli_table_add(table, "%s", set_by);
    else
        cli_table_end_row(table);
}

static void add_report_head(struct cli_table *table, const char *what)
{
    static const char *const heads[] = {"KiB", "pages", "MiB", "set through"};
    cli_table_add(table, "%s", what);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        cli_table_add(table, "%s", heads[i]);
}

static void add_report_segments(struct cli_table *table, const struct cli_figures *figures)
{
    const struct ballast_breakdown *breakdown = &figures->breakdown;
    add_report_head(table, "segment");
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        enum ballast_segment segment = (enum ballast_segment)i;
        uint64_t kib = ballast_breakdown_segment_kib(breakdown, segment);
        bool shown = ballast_segment_applies(segment, breakdown->type) &&
                     (segment != BALLAST_IOMMU || kib > 0);
        if (shown)
            add_report_size(table, ballast_segment_name(segment), kib,
                            cli_legend_segment(figures->profile_name, breakdown->type, segment));
    }
    cli_table_end_row(table);
}

static void add_report_spans(struct cli_table *table, const struct cli_figures *figures)
{
    add_report_head(table, "span");
    for (int i = 0; i < BALLAST_SPANS; i++) {
        enum ballast_span span = (enum ballast_span)i;
        add_report_size(table, ballast_span_name(span),
                        ballast_breakdown_span_kib(&figures->breakdown, span),
                        cli_legend_span(figures->profile_name, span));
    }
    cli_table_end_row(table);
}

static void add_xenstore(struct cli_table *table, const struct ballast_breakdown *breakdown)
{
    struct ballast_xenstore_kib xenstore = ballast_breakdown_xenstore(breakdown);
    add_report_head(table, "xenstore node");
    add_report_size(table, "memory/static-max", xenstore.static_max_kib, "");
    add_report_size(table, "memory/target", xenstore.target_kib, "");
    add_report_size(table, "memory/videoram", xenstore.videoram_kib, "");
    cli_table_end_row(table);
}

static void add_report_cost(struct cli_table *table, const struct ballast_breakdown *breakdown)
{
    struct ballast_cost_kib cost;
    if (!ballast_breakdown_cost(breakdown, &cost))
        return;
    add_report_head(table, "cost");
    add_report_size(table, "settled", cost.settled_kib, "");
    add_report_size(table, "fresh_max", cost.fresh_max_kib, "");
    add_report_size(table, "later_max", cost.later_max_kib, "");
    cli_table_end_row(table);
}

static void add_cost_terms(struct cli_table *table, const struct ballast_breakdown *breakdown,
                           enum ballast_cost_sum sum)
{
    static const char *const heads[BALLAST_COST_SUMS] = {"settled", "fresh", "later"};
    for (int i = 0; i < BALLAST_COST_TERMS; i++) {
        enum ballast_cost_term term = (enum ballast_cost_term)i;
        const struct ballast_cost_about *about = ballast_cost_about(term);
        int64_t pages = ballast_breakdown_cost_pages(breakdown, term);
        char words[WORDS];
        if (pages == 0 || about->sum != sum)
            continue;
        cli_spaced(about->word, words, sizeof(words));
        cli_table_add(table, "%s", words);
        cli_table_add(table, "%" PRId64, pages);
        cli_table_add(table, "%s", heads[sum]);
        cli_table_add(table, "%s", ballast_sureness_name(about->sure));
        cli_table_add(table, "%s", about->what);
    }
}

static void print_sources(const struct ballast_breakdown *breakdown)
{
    for (int i = 0; i < BALLAST_COST_TERMS; i++) {
        const struct ballast_cost_about *about = ballast_cost_about((enum ballast_cost_term)i);
        char words[WORDS];
        if (ballast_breakdown_cost_pages(breakdown, (enum ballast_cost_term)i) == 0)
            continue;
        cli_spaced(about->word, words, sizeof(words));
        printf("%s: %s\n    shown by: %s\n", words, about->source, about->shown);
    }
    putchar('\n');
}

/* Each term in pages, what it is, and below them where each comes from. */
static void print_cost_terms(const struct ballast_breakdown *breakdown)
{
    struct cli_table table;
    if (!ballast_breakdown_cost(breakdown, NULL) ||
        ballast_breakdown_cost_pages(breakdown, BALLAST_COST_DOMAIN) == 0)
        return;
    cli_table_init(&table, 5, 1 | 1 << 2 | 1 << 3 | 1 << 4);
    cli_table_add(&table, "term of the cost");
    cli_table_add(&table, "pages");
    cli_table_add(&table, "in");
    cli_table_add(&table, "known");
    cli_table_add(&table, "what");
    for (int sum = 0; sum < BALLAST_COST_SUMS; sum++)
        add_cost_terms(&table, breakdown, (enum ballast_cost_sum)sum);
    cli_table_print(&table);
    cli_table_release(&table);
    putchar('\n');
    print_sources(breakdown);
}

void cli_report_table(const struct cli_figures *figures)
{
    struct cli_table table;
    cli_table_init(&table, 5, 1 | 1 << 4);
    add_report_segments(&table, figures);
    add_report_spans(&table, figures);
    add_xenstore(&table, &figures->breakdown);
    add_report_cost(&table, &figures->breakdown);
    print_report_title(figures);
    cli_table_print(&table);
    cli_table_release(&table);
    const char *footnote = cli_legend_footnote(figures->profile_name);
    if (footnote)
        printf("%s\n\n", footnote);
    print_cost_terms(&figures->breakdown);
    print_need(&figures->breakdown);
    print_cost(&figures->breakdown);
    print_certainty(&figures->breakdown);
    print_report_notes(figures);
}
