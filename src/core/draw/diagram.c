/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The diagram as text: everything is put on a canvas of 80 columns, then written out line by line.
 *
 * Columns from left to right: the labels of overhead and static maximum, their common bar, the
 * stack of boxes, then a bar and its label for build maximum, build start, actual target, xen
 * maximum and footprint. Build maximum's label stands in the rows of the balloon, where no other
 * bar is left, so that its bar and build start's need only a few columns between them.
 *
 * Rows: the boxes share the lines between them, so box i has the borders edge[i] and edge[i + 1].
 */
#include <ballast/draw.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/units.h"
#include "core/draw/palette.h"
#include "core/draw/stack.h"

enum {
    COLUMNS = 80,
    ROWS = 48,
    LINE = 24,       /* of a label: 20 digits, ~ and a suffix */
    EXTRA_ROWS = 7,  /* shared out in proportion */
    BUILD_BARS = 5,  /* from build maximum's bar to build start's */
    BOX_PADDING = 4, /* a bar and a space on either side */
    NO_INK = 0,
};

/* Rows that a box's text needs, for name and size; the spans of guest and balloon need three. */
static const unsigned least_rows[BALLAST_SEGMENTS] = {
    [BALLAST_SHADOW] = 2,         [BALLAST_IOMMU] = 2, [BALLAST_EXTRA_EXTERNAL] = 3,
    [BALLAST_EXTRA_INTERNAL] = 3, [BALLAST_VIDEO] = 2, [BALLAST_GUEST] = 3,
    [BALLAST_BALLOON] = 3,
};

/* From left to right of the boxes. */
static const enum ballast_span right_spans[] = {
    BALLAST_BUILD_MAXIMUM, BALLAST_BUILD_START, BALLAST_ACTUAL_TARGET,
    BALLAST_XEN_MAXIMUM,   BALLAST_FOOTPRINT,
};
enum { RIGHT_SPANS = sizeof(right_spans) / sizeof(right_spans[0]) };

struct unit {
    uint64_t kib;
    const char *suffix;
    const char *legend;
};

static const struct unit units[] = {
    {1, "", "sizes in KiB"},
    {UINT64_C(1) << 10, "M", "sizes in MiB, ~ rounded"},
    {UINT64_C(1) << 20, "G", "sizes in GiB, ~ rounded"},
    {UINT64_C(1) << 30, "T", "sizes in TiB, ~ rounded"},
    {UINT64_C(1) << 40, "P", "sizes in PiB, ~ rounded"},
    {UINT64_C(1) << 50, "E", "sizes in EiB, ~ rounded"},
};
enum { UNITS = sizeof(units) / sizeof(units[0]) };

struct label {
    char line[3][LINE];
    size_t lines;
    size_t width;
};

struct columns {
    size_t left_width;
    size_t left_bar;
    size_t box;
    size_t box_text; /* width of the text inside */
    size_t bar[BALLAST_SPANS];
    size_t width;
};

struct picture {
    struct ballast_stack stack;
    size_t edge[BALLAST_SEGMENTS + 1];
    const struct unit *unit;
    struct label segment[BALLAST_SEGMENTS];
    struct label span[BALLAST_SPANS];
    struct columns at;
    char cell[ROWS][COLUMNS];
    unsigned char ink[ROWS][COLUMNS];
    size_t rows;
};

static void diagram_size_text(uint64_t kib, const struct unit *unit, char out[LINE])
{
    uint64_t whole = kib / unit->kib;
    uint64_t rest = kib % unit->kib;
    if (rest > 0 && rest >= unit->kib - rest)
        whole++;
    (void)snprintf(out, LINE, "%s%" PRIu64 "%s", rest ? "~" : "", whole, unit->suffix);
}

/* One line per word of the name, and one for the size. */
static void make_label(struct label *label, const char *words, uint64_t kib,
                       const struct unit *unit)
{
    label->lines = 0;
    label->width = 0;
    while (*words && label->lines < 2) {
        size_t length = strcspn(words, "_");
        (void)snprintf(label->line[label->lines++], LINE, "%.*s", (int)length, words);
        words += length + (words[length] == '_');
    }
    diagram_size_text(kib, unit, label->line[label->lines++]);
    for (size_t i = 0; i < label->lines; i++)
        label->width = ballast_max_u64(label->width, strlen(label->line[i]));
}

static void make_labels(struct picture *picture, const struct ballast_breakdown *breakdown)
{
    for (size_t i = 0; i < picture->stack.count; i++)
        make_label(&picture->segment[i], ballast_segment_name(picture->stack.box[i].segment),
                   picture->stack.box[i].kib, picture->unit);
    for (int i = 0; i < BALLAST_SPANS; i++) {
        enum ballast_span span = (enum ballast_span)i;
        make_label(&picture->span[i], ballast_span_name(span),
                   ballast_breakdown_span_kib(breakdown, span), picture->unit);
    }
}

static void place_diagram_columns(struct picture *picture, size_t gap)
{
    struct columns *at = &picture->at;
    at->left_width = ballast_max_u64(picture->span[BALLAST_OVERHEAD].width,
                                     picture->span[BALLAST_STATIC_MAXIMUM].width);
    at->left_bar = at->left_width + 1;
    at->box = at->left_bar + 1 + gap;
    at->box_text = 0;
    for (size_t i = 0; i < picture->stack.count; i++)
        at->box_text = ballast_max_u64(at->box_text, picture->segment[i].width);
    size_t x = at->box + at->box_text + BOX_PADDING + gap;
    at->bar[BALLAST_BUILD_MAXIMUM] = x;
    x += BUILD_BARS;
    for (size_t i = 1; i < RIGHT_SPANS; i++) {
        at->bar[right_spans[i]] = x;
        x += 2 + picture->span[right_spans[i]].width;
        at->width = x;
        x += gap;
    }
    at->bar[BALLAST_OVERHEAD] = at->left_bar;
    at->bar[BALLAST_STATIC_MAXIMUM] = at->left_bar;
}

/* The finest unit that fits; in the last one no size has more than five digits. */
static void choose_layout(struct picture *picture, const struct ballast_breakdown *breakdown)
{
    for (size_t i = 0; i < UNITS; i++) {
        picture->unit = &units[i];
        make_labels(picture, breakdown);
        for (size_t gap = 2; gap >= 1; gap--) {
            place_diagram_columns(picture, gap);
            if (picture->at.width <= COLUMNS)
                return;
        }
    }
}

static void place_diagram_rows(struct picture *picture)
{
    size_t row = 0;
    for (size_t i = 0; i < picture->stack.count; i++) {
        picture->edge[i] = row;
        row += picture->stack.box[i].height + 1;
    }
    picture->edge[picture->stack.count] = row;
    picture->rows = row + 1;
}

static void put_picture_string(struct picture *picture, size_t row, size_t column,
                               const char *string, unsigned char ink)
{
    for (; *string && row < ROWS && column < COLUMNS; column++, string++) {
        picture->cell[row][column] = *string;
        picture->ink[row][column] = ink;
    }
}

static void draw_boxes(struct picture *picture)
{
    const struct columns *at = &picture->at;
    size_t right = at->box + at->box_text + BOX_PADDING - 1;
    for (size_t i = 0; i <= picture->stack.count; i++) {
        put_picture_string(picture, picture->edge[i], at->box, "+", NO_INK);
        for (size_t x = at->box + 1; x < right; x++)
            put_picture_string(picture, picture->edge[i], x, "-", NO_INK);
        put_picture_string(picture, picture->edge[i], right, "+", NO_INK);
    }
    for (size_t i = 0; i < picture->stack.count; i++) {
        unsigned char ink = draw_segment_look(picture->stack.box[i].segment)->ink;
        for (size_t row = picture->edge[i] + 1; row < picture->edge[i + 1]; row++) {
            put_picture_string(picture, row, at->box, "|", ink);
            put_picture_string(picture, row, right, "|", ink);
        }
        const struct label *label = &picture->segment[i];
        size_t row =
            picture->edge[i] + 1 + (picture->stack.box[i].height - (unsigned)label->lines) / 2;
        for (size_t line = 0; line < label->lines; line++)
            put_picture_string(picture, row + line, at->box + 2, label->line[line], ink);
    }
}

/* `first` and `last` are rows of which the label takes the middle ones. */
static void draw_label(struct picture *picture, enum ballast_span span, size_t first, size_t last)
{
    const struct label *label = &picture->span[span];
    bool left = picture->at.bar[span] == picture->at.left_bar;
    size_t row = first + (last - first + 1 - label->lines) / 2;
    for (size_t i = 0; i < label->lines; i++) {
        size_t x =
            left ? picture->at.left_width - strlen(label->line[i]) : picture->at.bar[span] + 2;
        put_picture_string(picture, row + i, x, label->line[i], NO_INK);
    }
}

static void draw_bracket(struct picture *picture, enum ballast_span span)
{
    size_t first, last;
    ballast_stack_span(&picture->stack, span, &first, &last);
    size_t top = picture->edge[first];
    size_t bottom = picture->edge[last + 1];
    size_t x = picture->at.bar[span];
    put_picture_string(picture, top, x, "+", NO_INK);
    for (size_t row = top + 1; row < bottom; row++)
        put_picture_string(picture, row, x, "|", NO_INK);
    put_picture_string(picture, bottom, x, "+", NO_INK);
    /* Build maximum's label stands in the balloon, its last box: see the top of this file. */
    size_t label_top = span == BALLAST_BUILD_MAXIMUM ? picture->edge[last] : top;
    draw_label(picture, span, label_top + 1, bottom - 1);
}

static void draw_legend(struct picture *picture)
{
    const char *legend = picture->unit->legend;
    put_picture_string(picture, picture->rows - 1, picture->at.width - strlen(legend), legend,
                       NO_INK);
}

static void write_row(const struct picture *picture, size_t row, bool colour,
                      struct ballast_text *text)
{
    size_t end = COLUMNS;
    while (end > 0 && picture->cell[row][end - 1] == ' ')
        end--;
    unsigned char ink = NO_INK;
    for (size_t x = 0; x < end; x++) {
        if (colour && picture->ink[row][x] != ink) {
            ink = picture->ink[row][x];
            ballast_text_add(text, "\033[%um", ink);
        }
        ballast_text_add(text, "%c", picture->cell[row][x]);
    }
    ballast_text_add(text, "%s\n", ink != NO_INK ? "\033[0m" : "");
}

size_t ballast_draw_diagram(const struct ballast_breakdown *breakdown,
                            const struct ballast_draw_style *style, char *buf, size_t size)
{
    struct picture picture;
    memset(picture.cell, ' ', sizeof(picture.cell));
    memset(picture.ink, NO_INK, sizeof(picture.ink));
    ballast_stack_fill(&picture.stack, breakdown, least_rows, EXTRA_ROWS);
    choose_layout(&picture, breakdown);
    place_diagram_rows(&picture);
    draw_boxes(&picture);
    for (int i = 0; i < BALLAST_SPANS; i++)
        draw_bracket(&picture, (enum ballast_span)i);
    draw_legend(&picture);
    struct ballast_text text = ballast_text_over(buf, size);
    for (size_t row = 0; row < picture.rows; row++)
        write_row(&picture, row, style && style->colour, &text);
    return text.length;
}
