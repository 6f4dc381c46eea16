/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/history/past_draw.h"

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
#include "app/ballast/history/past_parts.h"
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

uint64_t cli_past_columns(void)
{
    struct winsize window = {.ws_col = 80};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_col == 0)
        window.ws_col = 80;
    uint64_t columns = window.ws_col < DRAW_PLOT_LEFT + COLUMNS_LEAST
                           ? COLUMNS_LEAST
                           : (uint64_t)window.ws_col - DRAW_PLOT_LEFT - 1;
    return ballast_min_u64(columns, COLUMNS_MOST);
}

void cli_past_print_event(const struct json_object *event, int64_t offset_usec, bool name)
{
    char when[CLI_PAST_TIME];
    char *message = cli_field_shown(event, "message");
    char *who = cli_field_shown(event, "name");
    cli_past_time(cli_field_sum(event, "time_usec"), offset_usec, when);
    printf("%s %s%s%s\n", when, name && *cli_field_string(event, "name") ? who : "",
           name && *cli_field_string(event, "name") ? ": " : "", message);
    free(message);
    free(who);
}

static size_t event_count(const struct cli_past *past)
{
    return json_object_is_type(past->events, json_type_array)
               ? json_object_array_length(past->events)
               : 0;
}

static void print_events(const struct cli_past *past)
{
    size_t count = event_count(past);
    for (size_t i = 0; i < count; i++)
        cli_past_print_event(json_object_array_get_idx(past->events, i), past->offset_usec,
                             past->is_host);
}

/* The step in which something happened; past->steps: in none. */
static size_t step_of(const struct cli_past *past, uint64_t usec)
{
    if (usec < past->from_usec)
        return past->steps;
    return (size_t)ballast_min_u64((usec - past->from_usec) / past->step_usec, past->steps);
}

static char *marks_of(const struct cli_past *past)
{
    char *marks = cli_must(calloc(1, past->steps + 1));
    memset(marks, ' ', past->steps);
    for (size_t i = 0; i < event_count(past); i++) {
        const struct json_object *event = json_object_array_get_idx(past->events, i);
        size_t at = step_of(past, cli_field_sum(event, "time_usec"));
        if (at < past->steps)
            marks[at] = '^';
    }
    return marks;
}

static void print_span(const struct cli_past *past)
{
    char from[CLI_PAST_TIME];
    char until[CLI_PAST_TIME];
    cli_past_time(past->from_usec, past->offset_usec, from);
    cli_past_time(past->from_usec + past->steps * past->step_usec, past->offset_usec, until);
    int room = (int)past->steps - (int)strlen(from);
    printf("%*s%s%*s\n", DRAW_PLOT_LEFT, "", from, room > 0 ? room : 0, until);
}

void cli_past_plot(const struct cli_past *past, bool colour)
{
    char *marks = marks_of(past);
    struct draw_plot plot = {.columns = past->steps,
                             .rows = ROWS,
                             .actual_kib = past->actual_kib,
                             .peak_kib = past->peak_kib,
                             .target_kib = past->target_kib,
                             .need_kib = past->is_host ? NULL : past->need_kib,
                             .marks = marks,
                             .colour = colour};
    printf("%s%s: %s\n", past->name, past->gone ? " (gone)" : "",
           past->has_parts ? "its parts, with what they are now, ^ events"
           : past->is_host ? "# free, - promised, ^ events"
                           : "# held, ' its peak, - target, . need, ^ events");
    if (past->known == 0) {
        puts("nothing is known of that time");
    } else if (past->has_parts) {
        cli_past_parts_plot(past, marks, STACK_ROWS, colour);
        print_span(past);
    } else {
        size_t length = draw_plot(&plot, NULL, 0);
        char *text = cli_must(malloc(length + 1));
        draw_plot(&plot, text, length + 1);
        fputs(text, stdout);
        print_span(past);
        free(text);
    }
    print_events(past);
    free(marks);
}

static void add_when(struct cli_table *table, const struct cli_past *past, uint64_t usec)
{
    char when[CLI_PAST_TIME];
    cli_past_time(usec, past->offset_usec, when);
    cli_table_add(table, "%s", when);
}

void cli_past_table(const struct cli_past *past)
{
    static const char *const heads[2][6] = {
        {"from", "held", "least", "most", "target", "need"},
        {"from", "free", "least", "most", "promised", "deficit"}};
    struct cli_table table;
    cli_table_init(&table, 6, 1);
    for (size_t i = 0; i < 6; i++)
        cli_table_add(&table, "%s", heads[past->is_host][i]);
    for (size_t i = 0; i < past->steps; i++) {
        const uint64_t values[] = {past->actual_kib[i], past->least_kib[i], past->peak_kib[i],
                                   past->target_kib[i], past->need_kib[i]};
        if (past->peak_kib[i] == 0 && past->target_kib[i] == 0)
            continue;
        add_when(&table, past, past->usec[i]);
        for (size_t value = 0; value < 5; value++)
            cli_table_add(&table, "%" PRIu64, (values[value] + 512) / BALLAST_MIB_KIB);
    }
    printf("%s%s, in MiB, each line for %" PRIu64 " s\n", past->name, past->gone ? " (gone)" : "",
           past->step_usec / BALLAST_SEC_USEC);
    cli_table_print(&table);
    cli_table_release(&table);
    if (past->has_parts)
        cli_past_parts_table(past);
    print_events(past);
}

struct picture {
    struct chart_tick ticks[TICKS];
    char words[TICKS][TICK_WORDS];
    struct chart_mark *marks;
    char (*whens)[CLI_PAST_TIME];
    char **texts;
};

/* Days of a week, hours of a day: what the stretch is long for. */
static void fill_ticks(const struct cli_past *past, struct picture *picture)
{
    uint64_t span_usec = past->steps * past->step_usec;
    bool days = span_usec > 2 * 86400 * BALLAST_SEC_USEC;
    bool minutes = span_usec > 600 * BALLAST_SEC_USEC;
    for (size_t i = 0; i < TICKS; i++) {
        struct tm parts;
        uint64_t usec = past->from_usec + span_usec * i / (TICKS - 1);
        time_t when = (time_t)(((int64_t)usec + past->offset_usec) / (int64_t)BALLAST_SEC_USEC);
        if (localtime_r(&when, &parts))
            (void)strftime(picture->words[i], TICK_WORDS,
                           days      ? "%m-%d %H:%M"
                           : minutes ? "%H:%M"
                                     : "%H:%M:%S",
                           &parts);
        picture->ticks[i] = (struct chart_tick){usec, picture->words[i]};
    }
}

static void fill_marks(const struct cli_past *past, struct picture *picture)
{
    size_t count = event_count(past);
    picture->marks = cli_must(calloc(count + 1, sizeof(*picture->marks)));
    picture->whens = cli_must(calloc(count + 1, sizeof(*picture->whens)));
    picture->texts = cli_must(calloc(count + 1, sizeof(*picture->texts)));
    for (size_t i = 0; i < count; i++) {
        const struct json_object *event = json_object_array_get_idx(past->events, i);
        uint64_t usec = cli_field_sum(event, "time_usec");
        picture->texts[i] = cli_field_shown(event, "message");
        cli_past_time(usec, past->offset_usec, picture->whens[i]);
        picture->marks[i] = (struct chart_mark){usec, picture->whens[i], picture->texts[i]};
    }
}

static void write_svg(const struct chart *chart)
{
    size_t length = ballast_chart_svg(chart, NULL, 0);
    char *text = cli_must(malloc(length + 1));
    ballast_chart_svg(chart, text, length + 1);
    (void)fwrite(text, 1, length, stdout);
    free(text);
}

void cli_past_svg(const struct cli_past *past)
{
    struct picture picture = {0};
    char from[CLI_PAST_TIME];
    char subtitle[160];
    struct chart_layer layers[BALLAST_PARTS];
    struct chart_strip strip = {.name = past->name,
                                .actual_kib = past->actual_kib,
                                .target_kib = past->target_kib,
                                .need_kib = past->need_kib,
                                .peak_kib = past->peak_kib};
    fill_ticks(past, &picture);
    fill_marks(past, &picture);
    cli_past_time(past->from_usec, past->offset_usec, from);
    (void)snprintf(subtitle, sizeof(subtitle), "%s since %s%s",
                   past->has_parts ? "What the memory of the host was made of,"
                   : past->is_host ? "Free memory of the host,"
                                   : "What it held, with its peaks, its target and its need",
                   from, past->gone ? "; it is gone" : "");
    struct chart chart = {.title = past->name,
                          .subtitle = subtitle,
                          .usec = past->usec,
                          .free_kib = past->is_host && !past->has_parts ? past->actual_kib : NULL,
                          .layers = layers,
                          .layer_count = past->has_parts ? cli_past_parts_layers(past, layers) : 0,
                          .samples = past->steps,
                          .strips = &strip,
                          .strip_count = past->is_host ? 0 : 1,
                          .marks = picture.marks,
                          .mark_count = event_count(past),
                          .ticks = picture.ticks,
                          .tick_count = TICKS};
    write_svg(&chart);
    for (size_t i = 0; i < chart.mark_count; i++)
        free(picture.texts[i]);
    free(picture.texts);
    free(picture.whens);
    free(picture.marks);
}
