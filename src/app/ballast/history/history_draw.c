/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/history/history_draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/history/history_parts.h"
#include "core/base/units.h"
#include "core/draw/chart.h"
#include "core/draw/plot.h"

enum {
    ROWS = 12,
    STACK_ROWS = 16,
    COLUMNS_LEAST = 20,
    COLUMNS_MOST = 200,
    TICKS = 7,
    TICK_WORDS = 16
};

uint64_t cli_history_draw_columns(void)
{
    struct winsize window = {.ws_col = 80};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_col == 0)
        window.ws_col = 80;
    uint64_t columns = window.ws_col < DRAW_PLOT_LEFT + COLUMNS_LEAST
                           ? COLUMNS_LEAST
                           : (uint64_t)window.ws_col - DRAW_PLOT_LEFT - 1;
    return ballast_min_u64(columns, COLUMNS_MOST);
}

void cli_history_print_event(const struct json_object *event, int64_t offset_usec, bool name)
{
    char when[CLI_HISTORY_TIME];
    char *message = cli_field_shown(event, "message");
    char *who = cli_field_shown(event, "name");
    cli_history_time(json_field_sum(event, "time_usec"), offset_usec, when);
    printf("%s %s%s%s\n", when, name && *json_field_string(event, "name") ? who : "",
           name && *json_field_string(event, "name") ? ": " : "", message);
    free(message);
    free(who);
}

static size_t event_count(const struct cli_history *history)
{
    return json_object_is_type(history->events, json_type_array)
               ? json_object_array_length(history->events)
               : 0;
}

static void print_events(const struct cli_history *history)
{
    size_t count = event_count(history);
    for (size_t i = 0; i < count; i++)
        cli_history_print_event(json_object_array_get_idx(history->events, i), history->offset_usec,
                                history->is_host);
}

/* The step in which something happened; history->steps: in none. */
static size_t step_of(const struct cli_history *history, uint64_t usec)
{
    if (usec < history->from_usec)
        return history->steps;
    return (size_t)ballast_min_u64((usec - history->from_usec) / history->step_usec,
                                   history->steps);
}

static char *marks_of(const struct cli_history *history)
{
    char *marks = xcheck(calloc(1, history->steps + 1));
    memset(marks, ' ', history->steps);
    for (size_t i = 0; i < event_count(history); i++) {
        const struct json_object *event = json_object_array_get_idx(history->events, i);
        size_t at = step_of(history, json_field_sum(event, "time_usec"));
        if (at < history->steps)
            marks[at] = '^';
    }
    return marks;
}

static void print_span(const struct cli_history *history)
{
    char from[CLI_HISTORY_TIME];
    char until[CLI_HISTORY_TIME];
    cli_history_time(history->from_usec, history->offset_usec, from);
    cli_history_time(history->from_usec + history->steps * history->step_usec, history->offset_usec,
                     until);
    int room = (int)history->steps - (int)strlen(from);
    printf("%*s%s%*s\n", DRAW_PLOT_LEFT, "", from, room > 0 ? room : 0, until);
}

void cli_history_draw_plot(const struct cli_history *history, bool colour)
{
    char *marks = marks_of(history);
    struct draw_plot plot = {.columns = history->steps,
                             .rows = ROWS,
                             .current_kib = history->current_kib,
                             .peak_kib = history->peak_kib,
                             .target_kib = history->target_kib,
                             .need_kib = history->is_host ? NULL : history->need_kib,
                             .marks = marks,
                             .colour = colour};
    printf("%s%s: %s\n", history->name, history->gone ? " (gone)" : "",
           history->has_parts ? "its parts, with their size now, ^ events"
           : history->is_host ? "# free, - reserved, ^ events"
                              : "# current, ' its peak, - target, . need, ^ events");
    if (history->known == 0) {
        puts("no samples of that time");
    } else if (history->has_parts) {
        cli_history_parts_plot(history, marks, STACK_ROWS, colour);
        print_span(history);
    } else {
        size_t length = draw_plot(&plot, NULL, 0);
        char *text = xcheck(malloc(length + 1));
        draw_plot(&plot, text, length + 1);
        fputs(text, stdout);
        print_span(history);
        free(text);
    }
    print_events(history);
    free(marks);
}

static void add_when(struct cli_table *table, const struct cli_history *history, uint64_t usec)
{
    char when[CLI_HISTORY_TIME];
    cli_history_time(usec, history->offset_usec, when);
    cli_table_add(table, "%s", when);
}

void cli_history_draw_table(const struct cli_history *history)
{
    static const char *const heads[2][6] = {
        {"from", "current", "minimum", "maximum", "target", "need"},
        {"from", "free", "minimum", "maximum", "reserved", "deficit"}};
    struct cli_table table;
    cli_table_init(&table, 6, 1);
    for (size_t i = 0; i < 6; i++)
        cli_table_add(&table, "%s", heads[history->is_host][i]);
    for (size_t i = 0; i < history->steps; i++) {
        const uint64_t values[] = {history->current_kib[i], history->least_kib[i],
                                   history->peak_kib[i], history->target_kib[i],
                                   history->need_kib[i]};
        if (history->peak_kib[i] == 0 && history->target_kib[i] == 0)
            continue;
        add_when(&table, history, history->usec[i]);
        for (size_t value = 0; value < 5; value++)
            cli_table_add(&table, "%" PRIu64, (values[value] + 512) / BALLAST_MIB_KIB);
    }
    printf("%s%s, in MiB, a line per %" PRIu64 " s\n", history->name,
           history->gone ? " (gone)" : "", history->step_usec / BALLAST_SEC_USEC);
    cli_table_print(&table);
    cli_table_release(&table);
    if (history->has_parts)
        cli_history_parts_table(history);
    print_events(history);
}

struct picture {
    struct chart_tick ticks[TICKS];
    char words[TICKS][TICK_WORDS];
    struct chart_mark *marks;
    char (*whens)[CLI_HISTORY_TIME];
    char **texts;
};

/* Days, hours or seconds, as the time shown is long. */
static void fill_ticks(const struct cli_history *history, struct picture *picture)
{
    uint64_t span_usec = history->steps * history->step_usec;
    bool days = span_usec > 2 * 86400 * BALLAST_SEC_USEC;
    bool minutes = span_usec > 600 * BALLAST_SEC_USEC;
    for (size_t i = 0; i < TICKS; i++) {
        struct tm parts;
        uint64_t usec = history->from_usec + span_usec * i / (TICKS - 1);
        time_t when = (time_t)(((int64_t)usec + history->offset_usec) / (int64_t)BALLAST_SEC_USEC);
        if (localtime_r(&when, &parts))
            (void)strftime(picture->words[i], TICK_WORDS,
                           days      ? "%m-%d %H:%M"
                           : minutes ? "%H:%M"
                                     : "%H:%M:%S",
                           &parts);
        picture->ticks[i] = (struct chart_tick){usec, picture->words[i]};
    }
}

static void fill_marks(const struct cli_history *history, struct picture *picture)
{
    size_t count = event_count(history);
    picture->marks = xcheck(calloc(count + 1, sizeof(*picture->marks)));
    picture->whens = xcheck(calloc(count + 1, sizeof(*picture->whens)));
    picture->texts = xcheck(calloc(count + 1, sizeof(*picture->texts)));
    for (size_t i = 0; i < count; i++) {
        const struct json_object *event = json_object_array_get_idx(history->events, i);
        uint64_t usec = json_field_sum(event, "time_usec");
        picture->texts[i] = cli_field_shown(event, "message");
        cli_history_time(usec, history->offset_usec, picture->whens[i]);
        picture->marks[i] = (struct chart_mark){usec, picture->whens[i], picture->texts[i]};
    }
}

static void write_svg(const struct chart *chart)
{
    size_t length = ballast_chart_svg(chart, NULL, 0);
    char *text = xcheck(malloc(length + 1));
    ballast_chart_svg(chart, text, length + 1);
    (void)fwrite(text, 1, length, stdout);
    free(text);
}

void cli_history_draw_svg(const struct cli_history *history)
{
    struct picture picture = {0};
    char from[CLI_HISTORY_TIME];
    char subtitle[160];
    struct chart_layer layers[BALLAST_PARTS];
    struct chart_strip strip = {.name = history->name,
                                .current_kib = history->current_kib,
                                .target_kib = history->target_kib,
                                .need_kib = history->need_kib,
                                .peak_kib = history->peak_kib};
    fill_ticks(history, &picture);
    fill_marks(history, &picture);
    cli_history_time(history->from_usec, history->offset_usec, from);
    (void)snprintf(subtitle, sizeof(subtitle), "%s since %s%s",
                   history->has_parts ? "What the memory of the host consisted of,"
                   : history->is_host ? "Free memory of the host,"
                                      : "Its current size with peaks, its target and its need",
                   from, history->gone ? "; it no longer runs" : "");
    struct chart chart = {
        .title = history->name,
        .subtitle = subtitle,
        .usec = history->usec,
        .free_kib = history->is_host && !history->has_parts ? history->current_kib : NULL,
        .layers = layers,
        .layer_count = history->has_parts ? cli_history_parts_layers(history, layers) : 0,
        .samples = history->steps,
        .strips = &strip,
        .strip_count = history->is_host ? 0 : 1,
        .marks = picture.marks,
        .mark_count = event_count(history),
        .ticks = picture.ticks,
        .tick_count = TICKS};
    write_svg(&chart);
    for (size_t i = 0; i < chart.mark_count; i++)
        free(picture.texts[i]);
    free(picture.texts);
    free(picture.whens);
    free(picture.marks);
}
