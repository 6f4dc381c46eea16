/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From top to bottom: a title; the host as one bar and what its parts are; the guests; the reason
 * of the one that is selected; the last events; and a line for keys, questions and answers.
 */
#include "app/top/layout.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/units.h"

enum { AGE = 8, TEXT = 512, BESIDES = 5 /* title, table's head, why, events' head, bottom */ };

static unsigned event_rows(unsigned rows)
{
    unsigned most = (rows - 12) / 4;
    return most > 16 ? 16 : most;
}

static void draw_title(const struct top_state *state, struct top_cells *cells)
{
    const struct top_host *host = &state->host;
    const char *balancing = !*host->policy ? "not balanced"
                            : host->paused ? "balancing is PAUSED, by "
                                           : "balancing by ";
    char size[TOP_SIZE];
    char waits[TEXT] = "";
    top_size(host->missing_kib, size);
    if (host->open_reservations > 0)
        (void)snprintf(waits, sizeof(waits), "  %" PRIu64 " reservations open%s%s",
                       host->open_reservations, host->missing_kib ? ", missing " : "",
                       host->missing_kib ? size : "");
    top_size(host->total_kib, size);
    top_fill(cells, 0, 0, cells->columns, TOP_TITLE, ' ');
    (void)top_putf(cells, 0, 0, cells->columns, TOP_TITLE,
                   " ballast top  %s  %zu domains  %s%s%s  %s", size, host->count, balancing,
                   host->policy, waits, host->name);
}

/* "3s", "12m", "5h", "2d" */
static void age_text(uint64_t usec, char out[AGE])
{
    uint64_t seconds = usec / BALLAST_SEC_USEC;
    if (seconds < 120)
        (void)snprintf(out, AGE, "%us", (unsigned)seconds);
    else if (seconds < 7200)
        (void)snprintf(out, AGE, "%um", (unsigned)(seconds / 60));
    else if (seconds < 172800)
        (void)snprintf(out, AGE, "%uh", (unsigned)(seconds / 3600));
    else
        (void)snprintf(out, AGE, "%ud", (unsigned)(ballast_min_u64(seconds / 86400, 99999)));
}

static void draw_top_events(const struct top_host *host, struct top_cells *cells, unsigned row,
                            unsigned rows)
{
    top_fill(cells, row, 0, cells->columns, TOP_HEAD, '-');
    (void)top_put(cells, row, 2, cells->columns, TOP_HEAD,
                  host->events ? " events, newest first " : " no events so far ");
    for (unsigned i = 0; i + 1 < rows && i < host->events; i++) {
        const struct top_event *event = &host->event[i];
        char age[AGE];
        age_text(ballast_sub_floor(host->now_usec, event->time_usec), age);
        top_put_right(cells, row + 1 + i, 0, 5, TOP_PLAIN, age);
        (void)top_put(cells, row + 1 + i, 6, cells->columns - 6,
                      event->bad ? TOP_WARNING : TOP_PLAIN, event->text);
    }
}

static void draw_why(const struct top_state *state, struct top_cells *cells, unsigned row)
{
    const struct top_guest *guest = top_selected(state);
    if (*state->host.alert)
        (void)top_putf(cells, row, 0, cells->columns, TOP_WARNING, "alert: %s", state->host.alert);
    else if (guest)
        (void)top_putf(cells, row, 0, cells->columns, TOP_PLAIN, "why: %s",
                       *guest->why ? guest->why : "no decision about it so far");
}

static void draw_bottom(const struct top_state *state, struct top_cells *cells)
{
    char text[TEXT];
    unsigned row = cells->rows - 1;
    unsigned width = cells->columns;
    if (*state->message)
        (void)top_put(cells, row - (state->mode != TOP_LIST && state->mode != TOP_GUEST), 0, width,
                      state->is_bad ? TOP_WARNING : TOP_STRONG, state->message);
    switch (state->mode) {
    case TOP_FILTER:
        (void)top_putf(cells, row, 0, width, TOP_STRONG, "names that contain: %s_", state->filter);
        break;
    case TOP_ASK_TARGET:
        (void)top_putf(cells, row, 0, width, TOP_STRONG,
                       "target of %s, such as 512M, 1.5G, 50%%; +SIZE, -SIZE: %s_",
                       state->change.name, state->input);
        break;
    case TOP_ASK_RANGE:
        (void)top_putf(cells, row, 0, width, TOP_STRONG,
                       "range of %s, MIN MAX, such as 512M 2G: %s_", state->change.name,
                       state->input);
        break;
    case TOP_CONFIRM:
        (void)top_change_text(state, false, text, sizeof(text));
        top_fill(cells, row, 0, width, TOP_TITLE, ' ');
        (void)top_putf(cells, row, 0, width, TOP_TITLE, "%s? y: yes, any other key: no", text);
        break;
    case TOP_LIST:
        if (!*state->message)
            (void)top_putf(cells, row, 0, width, TOP_PLAIN,
                           "q quit  ? help  Enter all  s sort: %s%s  / filter%s%s  "
                           "t target  r range  p pause",
                           state->reversed ? "-" : "", top_sort_name(state->sort),
                           *state->filter ? ": " : "", state->filter);
        break;
    case TOP_GUEST:
    case TOP_HELP:
        if (!*state->message)
            (void)top_put(cells, row, 0, width, TOP_PLAIN, "Esc back  Up Down PgUp PgDn scroll");
        break;
    }
}

/* Old figures must not appear to be current. */
static void draw_lost(const struct top_state *state, struct top_cells *cells)
{
    if (!*state->lost)
        return;
    top_fill(cells, 0, 0, cells->columns, TOP_WARNING, ' ');
    (void)top_putf(cells, 0, 0, cells->columns, TOP_WARNING, " OLD FIGURES, retrying: %s",
                   state->lost);
}

static void draw_list(const struct top_state *state, struct top_cells *cells)
{
    unsigned rows = cells->rows;
    unsigned events = event_rows(rows) + 1;
    unsigned row = top_draw_host(&state->host, cells, 1);
    (void)top_draw_guests(state, cells, row, rows - row - events - 2);
    draw_why(state, cells, rows - events - 2);
    draw_top_events(&state->host, cells, rows - events - 1, events);
}

static void draw_page(struct top_state *state, struct top_cells *cells, bool is_guest)
{
    unsigned rows = cells->rows - 3;
    for (;;) {
        size_t lines =
            is_guest ? top_draw_guest(state, cells, 1, rows) : top_draw_help(state, cells, 1, rows);
        size_t most = lines > rows ? lines - rows : 0;
        if (state->scrolled <= most)
            break;
        state->scrolled = most;
    }
}

int top_draw(struct top_state *state, struct top_cells *cells)
{
    unsigned columns = cells->columns;
    unsigned rows = cells->rows;
    top_cells_clear(cells);
    if (columns < TOP_LEAST_COLUMNS || rows < TOP_LEAST_ROWS) {
        (void)top_put(cells, 0, 0, columns, TOP_PLAIN, "too small");
        (void)top_putf(cells, 1, 0, columns, TOP_PLAIN, "%dx%d at least", TOP_LEAST_COLUMNS,
                       TOP_LEAST_ROWS);
        return 0;
    }
    unsigned taken = top_host_rows(&state->host, columns) + event_rows(rows) + BESIDES;
    int rc = top_arrange(state, rows > taken ? rows - taken : 1);
    if (rc < 0)
        return rc;
    enum top_mode mode =
        state->mode == TOP_LIST || state->mode == TOP_GUEST || state->mode == TOP_HELP
            ? state->mode
            : state->below;
    draw_title(state, cells);
    if (mode == TOP_LIST)
        draw_list(state, cells);
    else
        draw_page(state, cells, mode == TOP_GUEST);
    draw_lost(state, cells);
    draw_bottom(state, cells);
    return 0;
}
