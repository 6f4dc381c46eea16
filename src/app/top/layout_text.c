/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One guest in full, and the help: lines of text of which a window is shown. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/draw.h>

#include "app/top/layout.h"
#include "core/base/units.h"
#include "core/draw/palette.h"
#include "core/model/breakdown.h"

enum { DIAGRAM = 16384, LINE = 512, KEY = 20 };

struct window {
    struct top_cells *cells;
    unsigned row;
    unsigned rows;
    size_t skip; /* lines before the first one that is shown */
    size_t at;   /* the next line */
};

static bool is_seen(const struct window *window)
{
    return window->at >= window->skip && window->at - window->skip < window->rows;
}

__attribute__((format(printf, 3, 4))) static void
add_text_line(struct window *window, enum top_style style, const char *format, ...)
{
    char text[LINE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (is_seen(window)) {
        unsigned row = window->row + (unsigned)(window->at - window->skip);
        top_fill(window->cells, row, 0, window->cells->columns, TOP_PLAIN, ' ');
        (void)top_put(window->cells, row, 1, window->cells->columns - 1, style, text);
    }
    window->at++;
}

/* A line of core/draw with its escape sequences, which say where another ink begins. */
static void add_drawn(struct window *window, char *line)
{
    bool seen = is_seen(window);
    unsigned row = window->row + (unsigned)(window->at - window->skip);
    unsigned column = 1;
    enum top_style style = TOP_PLAIN;
    add_text_line(window, TOP_PLAIN, "%s", "");
    while (seen && *line) {
        char *escape = strstr(line, "\033[");
        if (escape)
            *escape = '\0';
        column += top_put(window->cells, row, column, window->cells->columns, style, line);
        if (!escape)
            break;
        style = top_style_of_ink((unsigned)strtoul(escape + 2, &line, 10));
        line += *line == 'm';
    }
}

static void add_diagram(struct window *window, const struct top_guest *guest)
{
    static const struct ballast_draw_style style = {.colour = true};
    struct ballast_breakdown breakdown;
    char text[DIAGRAM];
    char *rest = text;
    char *line;
    if (top_guest_breakdown(guest, &breakdown) < 0) {
        add_text_line(window, TOP_WARNING, "its figures are inconsistent: no diagram");
        return;
    }
    if (ballast_draw_diagram(&breakdown, &style, text, sizeof(text)) >= sizeof(text))
        return;
    while ((line = strsep(&rest, "\n")) && (rest || *line))
        add_drawn(window, line);
    if (!guest->is_divided)
        add_text_line(
            window, TOP_PLAIN,
            "its segments are unknown: shown are overhead as extra external, the rest as guest");
}

static void add_text_line_size(struct window *window, const char *word, uint64_t kib)
{
    char size[TOP_SIZE];
    top_size(kib, size);
    add_text_line(window, TOP_PLAIN, "%-18s %14s", word, size);
}

static void add_text_line_figures(struct window *window, const struct top_guest *guest)
{
    char least[TOP_SIZE];
    char most[TOP_SIZE];
    top_size(guest->dynamic_min_kib, least);
    top_size(guest->dynamic_max_kib, most);
    add_text_line_size(window, "current", guest->current_kib);
    add_text_line_size(window, "target", guest->target_kib);
    add_text_line(window, TOP_PLAIN, "%-18s %14s to %s", "range", least, most);
    add_text_line_size(window, "static maximum", guest->static_max_kib);
    add_text_line_size(window, "xen maximum", guest->xen_maximum_kib);
    add_text_line_size(window, "overhead", guest->overhead_kib);
    add_text_line_size(window, "need", guest->need_kib);
    add_text_line_size(window, "reported use", guest->used_kib);
    if (guest->shares != BALLAST_NONE)
        add_text_line(window, TOP_PLAIN, "%-18s %14" PRIu64, "shares", guest->shares);
}

size_t top_draw_guest(const struct top_state *state, struct top_cells *cells, unsigned row,
                      unsigned rows)
{
    struct window window = {.cells = cells, .row = row, .rows = rows, .skip = state->scrolled};
    const struct top_guest *guest = top_selected(state);
    if (!guest) {
        add_text_line(&window, TOP_WARNING, "it no longer runs");
        return window.at;
    }
    add_text_line(&window, TOP_HEAD, "%s: domain %" PRIu32 ", %s, %s%s%s%s%s", guest->name,
                  guest->id, top_guest_type(guest), guest->state,
                  *guest->balloon_status ? ", " : "", guest->balloon_status,
                  guest->opted_out ? ", opted out of balancing" : "",
                  guest->paused ? ", balancing paused" : "");
    if (guest->pinned_kib != BALLAST_NONE && guest->pinned_kib > 0)
        add_text_line(&window, TOP_WARNING,
                      "pinned at %" PRIu64 " MiB by %s; 'ballast set-target %s auto' undoes that",
                      guest->pinned_kib / BALLAST_MIB_KIB, guest->pinned_by, guest->name);
    add_text_line(&window, TOP_PLAIN, "why: %s",
                  *guest->why ? guest->why : "no decision about it so far");
    add_text_line(&window, TOP_PLAIN, "%s", "");
    add_diagram(&window, guest);
    add_text_line(&window, TOP_PLAIN, "%s", "");
    add_text_line_figures(&window, guest);
    if (!guest->has_balloon)
        add_text_line(&window, TOP_PLAIN, "it shows no balloon driver");
    return window.at;
}

static const struct {
    const char *key;
    const char *does;
} help[] = {
    {"Up Down k j", "select the guest above or below; also PgUp PgDn Home End"},
    {"Enter", "show the guest: its breakdown as a diagram, and its figures"},
    {"Esc", "go back; in the list: remove the filter"},
    {"s  S", "sort by the next column; reverse the order"},
    {"/", "show only names that contain a text"},
    {"t", "pin a target: SIZE, +SIZE or -SIZE"},
    {"r", "set the dynamic range: MIN MAX"},
    {"p  P", "pause or resume balancing of the guest, or of all"},
    {"Ctrl-L", "redraw the screen"},
    {"q", "quit"},
};

static void add_glyph(struct window *window, char glyph, const char *word, enum top_style style)
{
    bool seen = is_seen(window);
    unsigned row = window->row + (unsigned)(window->at - window->skip);
    char spaced[KEY + 1];
    (void)snprintf(spaced, sizeof(spaced), "%s", word);
    for (char *c = spaced; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    add_text_line(window, TOP_PLAIN, "%c  %s", glyph, spaced);
    if (seen)
        top_restyle(window->cells, row, 1, 1, style);
}

size_t top_draw_help(const struct top_state *state, struct top_cells *cells, unsigned row,
                     unsigned rows)
{
    struct window window = {.cells = cells, .row = row, .rows = rows, .skip = state->scrolled};
    for (size_t i = 0; i < sizeof(help) / sizeof(help[0]); i++)
        add_text_line(&window, TOP_PLAIN, "%-12s %s", help[i].key, help[i].does);
    add_text_line(&window, TOP_PLAIN, "%s", "");
    add_text_line(&window, TOP_HEAD,
                  "between current and target: ^ it grows, v it shrinks, = it has arrived");
    add_text_line(&window, TOP_HEAD, "in a guest's bar; | marks its target:");
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        add_glyph(&window, draw_segment_look((enum ballast_segment)i)->glyph,
                  ballast_segment_name((enum ballast_segment)i), (enum top_style)(TOP_SEGMENT + i));
    add_text_line(&window, TOP_HEAD, "in the host's bar:");
    for (int i = 0; i < BALLAST_PARTS; i++)
        add_glyph(&window, draw_part_look((enum ballast_host_part)i)->glyph,
                  ballast_host_part_name((enum ballast_host_part)i),
                  (enum top_style)(TOP_PART + i));
    add_text_line(&window, TOP_PLAIN, "%s", "");
    add_text_line(&window, TOP_PLAIN,
                  "sizes are in MiB, rounded down; 'ballast list --watch' suits screen readers");
    return window.at;
}
