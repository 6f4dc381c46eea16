/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small multiples: every strip has the same width and time axis, and a scale of its own with its
 * end written beside it. A guest's current memory is an area, its target a dashed line in steps,
 * its need a dotted line: three shapes that need no colour to be distinguished. Waiting starts are
 * shaded through all strips. The host's parts are stacked in a higher strip.
 */
#include "core/draw/chart.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/units.h"

enum {
    LEFT = 132,  /* names and scales */
    PLOT = 640,  /* the time axis */
    RIGHT = 168, /* the names of the lines, at their ends */
    WIDTH = LEFT + PLOT + RIGHT,
    MARGIN = 16,
    LINE = 16,        /* from one line of text to the next */
    LANE = 22,        /* a start */
    STRIP = 66,       /* of which the plot is high */
    PITCH = 84,       /* from one strip to the next */
    STACK = 200,      /* the strip of the host's parts */
    LABEL = 13,       /* the smallest distance between two labels */
    SENTENCE = 118,   /* characters of the subtitle in a line */
    LABEL_ROOM = 210, /* what a lane's text needs beside its bar */
    MARKS = 24,       /* that have a line of text */
    MARK_TEXT = 124,  /* characters of such a line, in small letters */
    MARK_ROOM = 14    /* the smallest distance between the numbers of two */
};

static const char style[] =
    "<style>\n"
    ".ground{fill:#ffffff}\n"
    "text{fill:#1a1a1a;font:12px 'DejaVu Sans',Verdana,Arial,sans-serif}\n"
    ".title{font-size:17px;font-weight:bold}\n"
    ".name{font-weight:bold}\n"
    ".small{font-size:11px}\n"
    ".end{text-anchor:end}\n"
    ".mid{text-anchor:middle}\n"
    ".grid{stroke:#1a1a1a;stroke-opacity:.14;fill:none}\n"
    ".edge{stroke:#1a1a1a;stroke-opacity:.45;fill:none}\n"
    ".holds{fill:#0072b2;fill-opacity:.35;stroke:#0072b2;stroke-width:1.4}\n"
    ".free{fill:#009e73;fill-opacity:.35;stroke:#009e73;stroke-width:1.4}\n"
    ".target{fill:none;stroke:#d55e00;stroke-width:1.6;stroke-dasharray:6 3}\n"
    ".need{fill:none;stroke:#1a1a1a;stroke-width:1.6;stroke-dasharray:1.5 2.5}\n"
    ".peak{fill:none;stroke:#0072b2;stroke-opacity:.55;stroke-width:.8}\n"
    ".mark{stroke:#cc79a7;stroke-width:1;fill:none}\n"
    ".tmark{fill:#93487a;font-size:10px}\n"
    ".wait{fill:#e69f00;fill-opacity:.2}\n"
    ".granted{fill:#e69f00}\n"
    ".refused{fill:#cc79a7}\n"
    ".tholds{fill:#005b8e}.tfree{fill:#00704f}.ttarget{fill:#b04e00}\n"
    "@media (prefers-color-scheme:dark){\n"
    ".ground{fill:#15191d}\n"
    "text{fill:#eceff1}\n"
    ".grid,.edge,.need{stroke:#eceff1}\n"
    ".tholds{fill:#7cc4f0}.tfree{fill:#5fd6b0}.ttarget{fill:#ff9a4d}\n"
    ".holds{stroke:#56b4e9;fill:#56b4e9}.free{stroke:#2ecc9b;fill:#2ecc9b}\n"
    ".target{stroke:#ff8a33}.peak{stroke:#56b4e9}\n"
    ".tmark{fill:#e8a3c9}\n"
    "}\n"
    "</style>\n";

struct page {
    const struct chart *chart;
    struct ballast_text *text;
    uint64_t from_usec;
    uint64_t width_usec;
    unsigned lanes_y;
    unsigned strips_y; /* where plots begin: the host's parts, if there are any */
    unsigned rows_y;   /* and the strips */
    unsigned axis_y;
    unsigned height;
};

static void add_seconds(struct ballast_text *text, uint64_t usec)
{
    ballast_text_add(text, "%" PRIu64 ".%" PRIu64 " s", usec / BALLAST_SEC_USEC,
                     usec / (BALLAST_SEC_USEC / 10) % 10);
}

/* In tenths of a pixel, without floats: "123.4". */
static void add_tenths(struct ballast_text *text, uint64_t tenths)
{
    ballast_text_add(text, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
}

static uint64_t x_tenths(const struct page *page, uint64_t usec)
{
    uint64_t since = ballast_min_u64(ballast_sub_floor(usec, page->from_usec), page->width_usec);
    return LEFT * 10 + ballast_mul_div(since, PLOT * 10, page->width_usec);
}

static uint64_t y_within(unsigned top, unsigned height, uint64_t kib, uint64_t most_kib)
{
    return (uint64_t)(top + height) * 10 -
           ballast_mul_div(ballast_min_u64(kib, most_kib), (uint64_t)height * 10, most_kib);
}

static uint64_t y_tenths(unsigned top, uint64_t kib, uint64_t most_kib)
{
    return y_within(top, STRIP, kib, most_kib);
}

static void add_point(const struct page *page, const char *command, uint64_t usec, unsigned top,
                      uint64_t kib, uint64_t most_kib)
{
    ballast_text_add(page->text, "%s", command);
    add_tenths(page->text, x_tenths(page, usec));
    ballast_text_add(page->text, " ");
    add_tenths(page->text, y_tenths(top, kib, most_kib));
}

/* A sample on the line between its neighbours needs no point. */
static bool is_turn(const uint64_t *kib, size_t i, size_t samples)
{
    return i == 0 || i + 1 == samples || kib[i] != kib[i - 1] || kib[i] != kib[i + 1];
}

static void add_area(const struct page *page, const char *class, const uint64_t *kib, unsigned top,
                     uint64_t most_kib)
{
    const struct chart *chart = page->chart;
    ballast_text_add(page->text, "<path class=\"%s\" d=\"", class);
    add_point(page, "M", chart->usec[0], top, 0, most_kib);
    for (size_t i = 0; i < chart->samples; i++) {
        if (is_turn(kib, i, chart->samples))
            add_point(page, "L", chart->usec[i], top, kib[i], most_kib);
    }
    add_point(page, "L", chart->usec[chart->samples - 1], top, 0, most_kib);
    ballast_text_add(page->text, "Z\"/>\n");
}

/* A line in steps; interrupted where the value is 0. */
static void add_chart_steps(const struct page *page, const char *class, const uint64_t *kib,
                            unsigned top, uint64_t most_kib)
{
    const struct chart *chart = page->chart;
    bool drawing = false;
    ballast_text_add(page->text, "<path class=\"%s\" d=\"", class);
    for (size_t i = 0; i < chart->samples; i++) {
        if (kib[i] == 0) {
            drawing = false;
            continue;
        }
        if (drawing && !is_turn(kib, i, chart->samples))
            continue;
        if (drawing && kib[i] != kib[i - 1])
            add_point(page, "L", chart->usec[i], top, kib[i - 1], most_kib);
        add_point(page, drawing ? "L" : "M", chart->usec[i], top, kib[i], most_kib);
        drawing = true;
    }
    ballast_text_add(page->text, "\"/>\n");
}

static uint64_t chart_most_kib(const uint64_t *kib, size_t count, uint64_t most)
{
    for (size_t i = 0; kib && i < count; i++)
        most = ballast_max_u64(most, kib[i]);
    return most;
}

/* The next size that is 1, 2, 3, 4, 6 or 8 times a power of two: a round end for a scale. */
static uint64_t scale_end(uint64_t kib)
{
    uint64_t end = 1;
    while (end < kib && end < UINT64_MAX / 4)
        end *= 2;
    return end >= 4 && end / 4 * 3 >= kib ? end / 4 * 3 : end;
}

static void add_frame(const struct page *page, const char *name, unsigned top, uint64_t most_kib)
{
    struct ballast_text *text = page->text;
    ballast_text_add(text, "<text class=\"name\" x=\"%d\" y=\"%u\">", MARGIN, top + 14);
    ballast_text_add_xml(text, name);
    ballast_text_add(text, "</text>\n<text class=\"small end\" x=\"%d\" y=\"%u\">", LEFT - 6,
                     top + 4);
    /* The name stands on the same height; a long one must not run into the scale. */
    if (strlen(name) <= 8)
        ballast_text_add_size(text, most_kib);
    ballast_text_add(text, "</text>\n<text class=\"small end\" x=\"%d\" y=\"%u\">0</text>\n",
                     LEFT - 6, top + STRIP);
    ballast_text_add(text, "<path class=\"grid\" d=\"M%d %uH%dM%d %uH%d\"/>\n", LEFT, top,
                     LEFT + PLOT, LEFT, top + STRIP / 2, LEFT + PLOT);
    ballast_text_add(text, "<path class=\"edge\" d=\"M%d %uH%d\"/>\n", LEFT, top + STRIP,
                     LEFT + PLOT);
    if (strlen(name) > 8) {
        ballast_text_add(text, "<text class=\"small end\" x=\"%d\" y=\"%u\">", LEFT - 6, top + 30);
        ballast_text_add_size(text, most_kib);
        ballast_text_add(text, " high</text>\n");
    }
}

struct label {
    const char *class;
    const char *word;
    uint64_t kib;
    uint64_t y;   /* tenths */
    size_t layer; /* of one of the host's parts */
};

/* From top to bottom, without overlap, all within the strip. */
static void place_labels(struct label *labels, size_t count, unsigned top, unsigned height)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && labels[j].y < labels[j - 1].y; j--) {
            struct label swap = labels[j];
            labels[j] = labels[j - 1];
            labels[j - 1] = swap;
        }
    }
    uint64_t least = (uint64_t)top * 10 - 20;
    for (size_t i = 0; i < count; i++) {
        labels[i].y = ballast_max_u64(labels[i].y, least);
        least = labels[i].y + LABEL * 10;
    }
    uint64_t most = (uint64_t)(top + height) * 10;
    for (size_t i = count; i-- > 0;) {
        labels[i].y = ballast_min_u64(labels[i].y, most);
        most = labels[i].y - LABEL * 10;
    }
}

static void add_labels(const struct page *page, struct label *labels, size_t count, unsigned top,
                       uint64_t most_kib)
{
    for (size_t i = 0; i < count; i++)
        labels[i].y = y_tenths(top, labels[i].kib, most_kib);
    place_labels(labels, count, top, STRIP);
    for (size_t i = 0; i < count; i++) {
        ballast_text_add(page->text, "<text class=\"%s\" x=\"%d\" y=\"", labels[i].class,
                         LEFT + PLOT + 8);
        add_tenths(page->text, labels[i].y + 40);
        ballast_text_add(page->text, "\">%s ", labels[i].word);
        ballast_text_add_size(page->text, labels[i].kib);
        ballast_text_add(page->text, "</text>\n");
    }
}

static void add_free(const struct page *page)
{
    const struct chart *chart = page->chart;
    size_t last = chart->samples - 1;
    uint64_t most_kib = scale_end(chart_most_kib(chart->free_kib, chart->samples, 1));
    add_frame(page, "host", page->rows_y, most_kib);
    add_area(page, "free", chart->free_kib, page->rows_y, most_kib);
    struct label label = {.class = "tfree", .word = "free", .kib = chart->free_kib[last]};
    add_labels(page, &label, 1, page->rows_y, most_kib);
}

static void add_strip(const struct page *page, const struct chart_strip *strip, unsigned top)
{
    const struct chart *chart = page->chart;
    size_t count = chart->samples;
    size_t last = count - 1;
    uint64_t most_kib = chart_most_kib(strip->current_kib, count, 1);
    most_kib = chart_most_kib(strip->target_kib, count, most_kib);
    most_kib = chart_most_kib(strip->peak_kib, count, most_kib);
    most_kib = scale_end(chart_most_kib(strip->need_kib, count, most_kib));
    add_frame(page, strip->name, top, most_kib);
    if (strip->peak_kib)
        add_chart_steps(page, "peak", strip->peak_kib, top, most_kib);
    add_area(page, "holds", strip->current_kib, top, most_kib);
    if (strip->need_kib)
        add_chart_steps(page, "need", strip->need_kib, top, most_kib);
    add_chart_steps(page, "target", strip->target_kib, top, most_kib);
    struct label labels[3];
    size_t used = 0;
    if (strip->current_kib[last] == 0) {
        ballast_text_add(page->text, "<text x=\"%d\" y=\"%u\">is gone</text>\n", LEFT + PLOT + 8,
                         top + STRIP);
        return;
    }
    labels[used++] =
        (struct label){.class = "tholds", .word = "holds", .kib = strip->current_kib[last]};
    labels[used++] =
        (struct label){.class = "ttarget", .word = "target", .kib = strip->target_kib[last]};
    if (strip->need_kib && strip->need_kib[last] > 0)
        labels[used++] =
            (struct label){.class = "tneed", .word = "needs", .kib = strip->need_kib[last]};
    add_labels(page, labels, used, top, most_kib);
}

/* The sum of the layers below the i-th at a sample. */
static uint64_t below_kib(const struct chart *chart, size_t i, size_t sample)
{
    uint64_t sum_kib = 0;
    for (size_t layer = 0; layer < i; layer++)
        sum_kib = ballast_add_ceil(sum_kib, chart->layers[layer].kib[sample]);
    return sum_kib;
}

static bool is_known(const struct chart *chart, size_t sample)
{
    return below_kib(chart, chart->layer_count, sample) > 0;
}

/* A boundary of the stack that lies on the line between its neighbours needs no point. */
static bool is_bend(const struct chart *chart, size_t i, size_t sample, size_t first, size_t last)
{
    uint64_t kib = below_kib(chart, i, sample);
    return sample == first || sample == last || below_kib(chart, i, sample - 1) != kib ||
           below_kib(chart, i, sample + 1) != kib;
}

static void add_boundary(const struct page *page, size_t i, size_t sample, const char *command,
                         uint64_t most_kib)
{
    const struct chart *chart = page->chart;
    ballast_text_add(page->text, "%s", command);
    add_tenths(page->text, x_tenths(page, chart->usec[sample]));
    ballast_text_add(page->text, " ");
    add_tenths(page->text, y_within(page->strips_y, STACK, below_kib(chart, i, sample), most_kib));
}

/* One layer over samples that are all known: its upper boundary there, its lower one back. */
static void add_stretch(const struct page *page, size_t i, size_t first, size_t last,
                        uint64_t most_kib)
{
    for (size_t sample = first; sample <= last; sample++) {
        if (is_bend(page->chart, i + 1, sample, first, last))
            add_boundary(page, i + 1, sample, sample == first ? "M" : "L", most_kib);
    }
    for (size_t sample = last + 1; sample-- > first;) {
        if (is_bend(page->chart, i, sample, first, last))
            add_boundary(page, i, sample, "L", most_kib);
    }
    ballast_text_add(page->text, "Z");
}

static void add_layer(const struct page *page, size_t i, uint64_t most_kib)
{
    const struct chart *chart = page->chart;
    size_t first = 0;
    ballast_text_add(page->text, "<path class=\"layer l%zu\" d=\"", i);
    for (size_t sample = 0; sample <= chart->samples; sample++) {
        if (sample < chart->samples && is_known(chart, sample))
            continue;
        if (sample > first)
            add_stretch(page, i, first, sample - 1, most_kib);
        first = sample + 1;
    }
    ballast_text_add(page->text, "\"/>\n");
}

/* At the middle of each layer at the last known sample, with a box in its style. */
static void add_layer_labels(const struct page *page, uint64_t most_kib)
{
    const struct chart *chart = page->chart;
    struct label labels[CHART_LAYERS];
    size_t used = 0;
    size_t last = chart->samples - 1;
    while (last > 0 && !is_known(chart, last))
        last--;
    for (size_t i = chart->layer_count; i-- > 0;) {
        uint64_t kib = chart->layers[i].kib[last];
        uint64_t middle_kib = ballast_add_ceil(below_kib(chart, i, last), kib / 2);
        if (chart_most_kib(chart->layers[i].kib, chart->samples, 0) == 0)
            continue;
        labels[used] = (struct label){.word = chart->layers[i].name,
                                      .kib = kib,
                                      .y = y_within(page->strips_y, STACK, middle_kib, most_kib),
                                      .layer = i};
        used++;
    }
    place_labels(labels, used, page->strips_y, STACK);
    for (size_t i = 0; i < used; i++) {
        ballast_text_add(page->text, "<rect class=\"layer l%zu\" x=\"%d\" y=\"", labels[i].layer,
                         LEFT + PLOT + 8);
        add_tenths(page->text, labels[i].y - 50);
        ballast_text_add(page->text, "\" width=\"10\" height=\"10\"/>\n<text x=\"%d\" y=\"",
                         LEFT + PLOT + 23);
        add_tenths(page->text, labels[i].y + 40);
        ballast_text_add(page->text, "\">");
        ballast_text_add_xml(page->text, labels[i].word);
        ballast_text_add(page->text, " ");
        ballast_text_add_size(page->text, labels[i].kib);
        ballast_text_add(page->text, "</text>\n");
    }
}

/* Its scale ends at the host's total: the strip shows all of its memory. */
static void add_layers(const struct page *page)
{
    const struct chart *chart = page->chart;
    struct ballast_text *text = page->text;
    uint64_t most_kib = 1;
    for (size_t sample = 0; sample < chart->samples; sample++)
        most_kib = ballast_max_u64(most_kib, below_kib(chart, chart->layer_count, sample));
    ballast_text_add(text, "<text class=\"name\" x=\"%d\" y=\"%u\">host</text>\n", MARGIN,
                     page->strips_y + 14);
    ballast_text_add(text, "<text class=\"small end\" x=\"%d\" y=\"%u\">", LEFT - 6,
                     page->strips_y + 4);
    ballast_text_add_size(text, most_kib);
    ballast_text_add(text, "</text>\n<text class=\"small end\" x=\"%d\" y=\"%u\">0</text>\n",
                     LEFT - 6, page->strips_y + STACK);
    for (size_t i = 0; i < chart->layer_count; i++)
        add_layer(page, i, most_kib);
    ballast_text_add(text, "<path class=\"edge\" d=\"M%d %uH%d\"/>\n", LEFT, page->strips_y + STACK,
                     LEFT + PLOT);
    add_layer_labels(page, most_kib);
}

/* The style of each layer, on a light and a dark ground. */
static void add_layer_style(struct ballast_text *text, const struct chart *chart)
{
    if (chart->layer_count == 0)
        return;
    ballast_text_add(text, "<style>\n.layer{stroke:#ffffff;stroke-width:.6}\n"
                           ".hatch{stroke:#1a1a1a;stroke-opacity:.35;stroke-width:1}\n");
    for (size_t i = 0; i < chart->layer_count; i++)
        ballast_text_add(text, ".f%zu{fill:%s}.l%zu{fill:url(#p%zu)}\n", i, chart->layers[i].light,
                         i, i);
    ballast_text_add(text, "@media (prefers-color-scheme:dark){\n.layer{stroke:#15191d}\n"
                           ".hatch{stroke:#eceff1}\n");
    for (size_t i = 0; i < chart->layer_count; i++)
        ballast_text_add(text, ".f%zu{fill:%s}\n", i, chart->layers[i].dark);
    ballast_text_add(text, "}\n</style>\n<defs>\n");
    for (size_t i = 0; i < chart->layer_count; i++)
        ballast_text_add(
            text,
            "<pattern id=\"p%zu\" width=\"6\" height=\"6\" "
            "patternUnits=\"userSpaceOnUse\"><rect class=\"f%zu\" width=\"6\" "
            "height=\"6\"/>%s</pattern>\n",
            i, i, chart->layers[i].hatched ? "<path class=\"hatch\" d=\"M-1 7L7 -1\"/>" : "");
    ballast_text_add(text, "</defs>\n");
}

static void add_span_shade(const struct page *page, const struct chart_span *span)
{
    uint64_t from = x_tenths(page, span->from_usec);
    uint64_t until = x_tenths(page, span->until_usec);
    ballast_text_add(page->text, "<rect class=\"wait\" x=\"");
    add_tenths(page->text, from);
    ballast_text_add(page->text, "\" y=\"%u\" width=\"", page->lanes_y);
    add_tenths(page->text, ballast_max_u64(until - from, 10));
    ballast_text_add(page->text, "\" height=\"%u\"/>\n", page->axis_y - page->lanes_y);
}

static void add_span_words(const struct page *page, const struct chart_span *span)
{
    static const char *const words[] = {[CHART_GRANTED] = "granted after ",
                                        [CHART_REFUSED] = "refused after ",
                                        [CHART_WAITING] = "still waits after "};
    ballast_text_add_xml(page->text, span->name);
    ballast_text_add(page->text, " wants ");
    ballast_text_add_size(page->text, span->need_kib);
    ballast_text_add(page->text, ": %s", words[span->answer]);
    add_seconds(page->text, span->until_usec - span->from_usec);
}

/* The text is beside the bar: after it, or before it if there is no room. */
static void add_lane(const struct page *page, const struct chart_span *span, unsigned y)
{
    uint64_t from = x_tenths(page, span->from_usec);
    uint64_t until = x_tenths(page, span->until_usec);
    ballast_text_add(page->text, "<rect class=\"%s\" x=\"",
                     span->answer == CHART_GRANTED ? "granted" : "refused");
    add_tenths(page->text, from);
    ballast_text_add(page->text, "\" y=\"%u\" width=\"", y + 4);
    add_tenths(page->text, ballast_max_u64(until - from, 30));
    ballast_text_add(page->text, "\" height=\"%d\"/>\n", LANE - 9);
    bool behind = until / 10 + LABEL_ROOM < LEFT + PLOT + RIGHT - 60;
    uint64_t x = behind ? until + 60 : from - 60;
    ballast_text_add(page->text, "<text%s x=\"", behind ? "" : " class=\"end\"");
    add_tenths(page->text, x);
    ballast_text_add(page->text, "\" y=\"%u\">", y + 15);
    add_span_words(page, span);
    ballast_text_add(page->text, "</text>\n");
}

/* 1, 2, 5, 10 ... seconds: at most 10 of them. */
static uint64_t axis_step(uint64_t width_usec)
{
    static const unsigned times[] = {2, 5, 10};
    uint64_t decade = BALLAST_SEC_USEC;
    uint64_t step = decade;
    for (size_t i = 0; width_usec / step > 10; i++) {
        step = decade * times[i % 3];
        if (i % 3 == 2)
            decade = step;
    }
    return step;
}

static void add_tick(const struct page *page, uint64_t usec, const char *label, uint64_t seconds)
{
    struct ballast_text *text = page->text;
    uint64_t x = x_tenths(page, usec);
    ballast_text_add(text, "<path class=\"grid\" d=\"M");
    add_tenths(text, x);
    ballast_text_add(text, " %uV%u\"/>\n<text class=\"small mid\" x=\"", page->strips_y,
                     page->axis_y + 5);
    add_tenths(text, x);
    ballast_text_add(text, "\" y=\"%u\">", page->axis_y + 18);
    if (label)
        ballast_text_add_xml(text, label);
    else
        ballast_text_add(text, "%" PRIu64 " s", seconds);
    ballast_text_add(text, "</text>\n");
}

static void add_chart_axis(const struct page *page)
{
    const struct chart *chart = page->chart;
    uint64_t step = axis_step(page->width_usec);
    ballast_text_add(page->text, "<path class=\"edge\" d=\"M%d %uH%d\"/>\n", LEFT, page->axis_y,
                     LEFT + PLOT);
    for (size_t i = 0; chart->ticks && i < chart->tick_count; i++)
        add_tick(page, chart->ticks[i].usec, chart->ticks[i].label, 0);
    for (uint64_t usec = 0; !chart->ticks && usec <= page->width_usec; usec += step)
        add_tick(page, page->from_usec + usec, NULL, usec / BALLAST_SEC_USEC);
}

/* Each shows its whole text as a tooltip; a number is written only if there is room. */
static void add_marks(const struct page *page)
{
    const struct chart *chart = page->chart;
    struct ballast_text *text = page->text;
    uint64_t last = 0;
    for (size_t i = 0; i < chart->mark_count; i++) {
        const struct chart_mark *mark = &chart->marks[i];
        uint64_t x = x_tenths(page, mark->usec);
        ballast_text_add(text, "<g><path class=\"mark\" d=\"M");
        add_tenths(text, x);
        ballast_text_add(text, " %uV%u\"/><title>%zu ", page->strips_y - 4, page->axis_y, i + 1);
        ballast_text_add_xml(text, mark->when);
        ballast_text_add(text, " ");
        ballast_text_add_xml(text, mark->text);
        ballast_text_add(text, "</title></g>\n");
        if (i > 0 && x < last + MARK_ROOM * 10)
            continue;
        last = x;
        ballast_text_add(text, "<text class=\"tmark mid\" x=\"");
        add_tenths(text, x);
        ballast_text_add(text, "\" y=\"%u\">%zu</text>\n", page->strips_y - 6, i + 1);
    }
}

/* The text of a mark, cut where the page ends. */
static void add_mark_text(const struct page *page, size_t i)
{
    char line[MARK_TEXT + 8];
    const struct chart_mark *mark = &page->chart->marks[i];
    struct ballast_text cut = ballast_text_over(line, sizeof(line));
    size_t length = strlen(mark->text);
    if (length > MARK_TEXT) {
        for (length = MARK_TEXT; length > 0 && mark->text[length] != ' '; length--)
            ;
    }
    ballast_text_add(&cut, "%.*s%s", (int)length, mark->text, mark->text[length] ? " ..." : "");
    ballast_text_add(page->text, "<text class=\"small\" x=\"%d\" y=\"%u\">%zu  ", MARGIN,
                     page->axis_y + 42 + LINE * (unsigned)i, i + 1);
    ballast_text_add_xml(page->text, mark->when);
    ballast_text_add(page->text, "  ");
    ballast_text_add_xml(page->text, line);
    ballast_text_add(page->text, "</text>\n");
}

/* The end of the sentence's next line: the last space that still fits. */
static size_t line_end(const char *sentence)
{
    size_t length = strlen(sentence);
    if (length <= SENTENCE)
        return length;
    for (size_t i = SENTENCE; i > 0; i--) {
        if (sentence[i] == ' ')
            return i;
    }
    return length;
}

static unsigned sentence_lines(const char *sentence)
{
    unsigned lines = 0;
    for (; *sentence; lines++) {
        sentence += line_end(sentence);
        sentence += *sentence == ' ';
    }
    return lines;
}

static void add_chart_head(const struct page *page)
{
    struct ballast_text *text = page->text;
    const char *sentence = page->chart->subtitle;
    ballast_text_add(text, "<text class=\"title\" x=\"%d\" y=\"28\">", MARGIN);
    ballast_text_add_xml(text, page->chart->title);
    ballast_text_add(text, "</text>\n");
    for (unsigned y = 48; *sentence; y += LINE) {
        char line[4 * SENTENCE];
        size_t length = line_end(sentence);
        struct ballast_text cut = ballast_text_over(line, sizeof(line));
        ballast_text_add(&cut, "%.*s", (int)length, sentence);
        ballast_text_add(text, "<text x=\"%d\" y=\"%u\">", MARGIN, y);
        ballast_text_add_xml(text, line);
        ballast_text_add(text, "</text>\n");
        sentence += length;
        sentence += *sentence == ' ';
    }
}

static unsigned count_mark_texts(const struct chart *chart)
{
    return (unsigned)(chart->mark_count < MARKS ? chart->mark_count : MARKS);
}

static void place_chart(struct page *page)
{
    const struct chart *chart = page->chart;
    page->from_usec = chart->usec[0];
    page->width_usec = ballast_max_u64(chart->usec[chart->samples - 1] - page->from_usec, 1);
    page->lanes_y = 44 + LINE * sentence_lines(chart->subtitle);
    unsigned strips = (unsigned)chart->strip_count + (chart->free_kib != NULL);
    unsigned gap = PITCH - STRIP;
    page->strips_y = page->lanes_y + LANE * (unsigned)chart->span_count + 14;
    page->rows_y = page->strips_y + (chart->layer_count > 0 ? STACK + gap : 0);
    page->axis_y = page->rows_y + PITCH * strips - gap + 8;
    page->height =
        page->axis_y + 30 + LINE * count_mark_texts(chart) + (count_mark_texts(chart) ? 12 : 0);
}

size_t ballast_chart_svg(const struct chart *chart, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    struct page page = {.chart = chart, .text = &text};
    place_chart(&page);
    ballast_text_add(&text,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
                     "viewBox=\"0 0 %d %u\" role=\"img\">\n<title>",
                     WIDTH, page.height, WIDTH, page.height);
    ballast_text_add_xml(&text, chart->title);
    ballast_text_add(&text, "</title>\n<desc>");
    ballast_text_add_xml(&text, chart->subtitle);
    ballast_text_add(
        &text, "</desc>\n%s<rect class=\"ground\" width=\"100%%\" height=\"100%%\"/>\n", style);
    add_layer_style(&text, chart);
    add_chart_head(&page);
    for (size_t i = 0; i < chart->span_count; i++)
        add_span_shade(&page, &chart->spans[i]);
    add_chart_axis(&page);
    for (size_t i = 0; i < chart->span_count; i++)
        add_lane(&page, &chart->spans[i], page.lanes_y + LANE * (unsigned)i);
    if (chart->layer_count > 0)
        add_layers(&page);
    size_t before = chart->free_kib != NULL;
    if (before)
        add_free(&page);
    for (size_t i = 0; i < chart->strip_count; i++)
        add_strip(&page, &chart->strips[i], page.rows_y + PITCH * (unsigned)(i + before));
    add_marks(&page);
    for (size_t i = 0; i < count_mark_texts(chart); i++)
        add_mark_text(&page, i);
    ballast_text_add(&text, "</svg>\n");
    return text.length;
}
