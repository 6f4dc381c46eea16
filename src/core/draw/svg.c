/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The diagram as SVG. A box is a light ground for its text with a swatch in full colour at its
 * left, which also has a pattern of its own, so that neither colour nor contrast carries anything
 * alone. Nothing in it runs or is fetched from elsewhere.
 *
 * No renderer's fonts are known here, so a text is taken to be as wide as a wide sans-serif would
 * set it; every column is as wide as its longest label.
 */
#include <ballast/draw.h>

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/units.h"
#include "core/draw/stack.h"

enum {
    MARGIN = 20,
    HEAD = 52,          /* title and subtitle */
    CHAR = 9,           /* width of a character of 13 px text, generously */
    LINE = 17,          /* from one line of text to the next */
    EXTRA_HEIGHT = 170, /* shared out in proportion */
    SWATCH = 18,
    GAP = 16,        /* from a box to a bar, from a label to the next bar */
    TICK = 6,        /* the ends of a bracket */
    BUILD_BARS = 26, /* from build maximum's bar to build start's */
    NAME_CHARS = 56, /* of a guest's name in the title; all of it is in <title> */
    SIZE = 28,       /* "18446744073709551615 KiB" */
};

/* Two lines of text in each; guest and balloon carry spans of two lines with some air. */
static const unsigned least_height[BALLAST_SEGMENTS] = {
    [BALLAST_SHADOW] = 44,         [BALLAST_IOMMU] = 44, [BALLAST_EXTRA_EXTERNAL] = 44,
    [BALLAST_EXTRA_INTERNAL] = 44, [BALLAST_VIDEO] = 44, [BALLAST_GUEST] = 56,
    [BALLAST_BALLOON] = 56,
};

/* The palette of M. Okabe and K. Ito, "Color Universal Design" (2008). */
static const char *const colour[BALLAST_SEGMENTS] = {
    [BALLAST_SHADOW] = "#cc79a7",         [BALLAST_IOMMU] = "#d55e00",
    [BALLAST_EXTRA_EXTERNAL] = "#e69f00", [BALLAST_EXTRA_INTERNAL] = "#f0e442",
    [BALLAST_VIDEO] = "#56b4e9",          [BALLAST_GUEST] = "#009e73",
    [BALLAST_BALLOON] = "#0072b2",
};

/* What is drawn on a tile of 8 x 8; every two are told apart without their colours. */
static const char *const pattern[BALLAST_SEGMENTS] = {
    [BALLAST_SHADOW] = "M0 8L8 0",       [BALLAST_IOMMU] = "M0 8L8 0M0 0L8 8",
    [BALLAST_EXTRA_EXTERNAL] = "M0 4H8", [BALLAST_EXTRA_INTERNAL] = "M4 0V8",
    [BALLAST_VIDEO] = "M0 4H8M4 0V8",    [BALLAST_GUEST] = "",
    [BALLAST_BALLOON] = "M3 3H5V5H3Z",
};

static const char style[] = "<style>\n"
                            ".ground{fill:#ffffff}\n"
                            "text{fill:#1a1a1a;font:13px 'DejaVu Sans',Verdana,Arial,sans-serif}\n"
                            ".name{font-size:17px;font-weight:bold}\n"
                            ".size{font-variant-numeric:tabular-nums}\n"
                            ".left{text-anchor:end}\n"
                            ".box{fill-opacity:.18;stroke:#1a1a1a;stroke-width:1}\n"
                            ".edge,.span{fill:none;stroke:#1a1a1a;stroke-width:1.4}\n"
                            ".mark{fill:none;stroke:#1a1a1a;stroke-width:1.2}\n"
                            "@media (prefers-color-scheme:dark){\n"
                            ".ground{fill:#15191d}\n"
                            "text{fill:#eceff1}\n"
                            ".box{fill-opacity:.28;stroke:#eceff1}\n"
                            ".edge,.span{stroke:#eceff1}\n"
                            "}\n"
                            "</style>\n";

static const enum ballast_span right_spans[] = {
    BALLAST_BUILD_START,
    BALLAST_ACTUAL_TARGET,
    BALLAST_XEN_MAXIMUM,
    BALLAST_FOOTPRINT,
};
enum { RIGHT_SPANS = sizeof(right_spans) / sizeof(right_spans[0]) };

struct page {
    const struct ballast_breakdown *breakdown;
    struct ballast_stack stack;
    size_t edge[BALLAST_SEGMENTS + 1];
    size_t left_bar;
    size_t box;
    size_t box_width;
    size_t bar[BALLAST_SPANS];
    size_t width;
    size_t height;
};

/* A name of ours with spaces for its underscores. */
static void add_svg_words(struct ballast_text *text, const char *words)
{
    for (; *words; words++)
        ballast_text_add(text, "%c", *words == '_' ? ' ' : *words);
}

static size_t size_width(uint64_t kib)
{
    char buf[SIZE];
    struct ballast_text text = ballast_text_over(buf, sizeof(buf));
    ballast_text_add(&text, "%" PRIu64 " KiB", kib);
    return text.length * CHAR;
}

static size_t label_width(const char *words, uint64_t kib)
{
    return ballast_max_u64(strlen(words) * CHAR, size_width(kib));
}

static size_t span_width(const struct page *page, enum ballast_span span)
{
    return label_width(ballast_span_name(span), ballast_breakdown_span_kib(page->breakdown, span));
}

static void place_svg_columns(struct page *page)
{
    size_t left = ballast_max_u64(span_width(page, BALLAST_OVERHEAD),
                                  span_width(page, BALLAST_STATIC_MAXIMUM));
    page->left_bar = MARGIN + left + GAP;
    page->bar[BALLAST_OVERHEAD] = page->left_bar;
    page->bar[BALLAST_STATIC_MAXIMUM] = page->left_bar;
    page->box = page->left_bar + GAP;
    size_t text = 0;
    for (size_t i = 0; i < page->stack.count; i++) {
        const struct ballast_stack_box *box = &page->stack.box[i];
        text = ballast_max_u64(text, label_width(ballast_segment_name(box->segment), box->kib));
    }
    page->box_width = SWATCH + 10 + text;
    size_t x = page->box + page->box_width + GAP;
    page->bar[BALLAST_BUILD_MAXIMUM] = x;
    size_t balloon_end = x + 10 + span_width(page, BALLAST_BUILD_MAXIMUM);
    x += BUILD_BARS;
    for (size_t i = 0; i < RIGHT_SPANS; i++) {
        page->bar[right_spans[i]] = x;
        x += 10 + span_width(page, right_spans[i]) + GAP;
    }
    page->width = ballast_max_u64(x - GAP, balloon_end) + MARGIN;
}

static void place_svg_rows(struct page *page)
{
    size_t y = HEAD + MARGIN;
    for (size_t i = 0; i < page->stack.count; i++) {
        page->edge[i] = y;
        y += page->stack.box[i].height;
    }
    page->edge[page->stack.count] = y;
    page->height = y + 2 * MARGIN + LINE;
}

static void add_svg_name(struct ballast_text *text, const char *name, size_t limit)
{
    for (size_t count = 0; *name; count++) {
        if (count == limit) {
            ballast_text_add(text, "\xe2\x80\xa6"); /* an ellipsis */
            return;
        }
        char one[5] = "?";
        size_t length = ballast_text_character(name);
        if (length > 0)
            memcpy(one, name, length);
        ballast_text_add_xml(text, one);
        name += length > 0 ? length : 1;
    }
}

static void add_description(const struct page *page, const char *name, struct ballast_text *text)
{
    ballast_text_add(text, "<title id=\"t\">Memory of ");
    add_svg_name(text, name, SIZE_MAX);
    ballast_text_add(text, "</title>\n<desc id=\"d\">The stack from top to bottom:");
    for (size_t i = 0; i < page->stack.count; i++) {
        ballast_text_add(text, "%s ", i ? "," : "");
        add_svg_words(text, ballast_segment_name(page->stack.box[i].segment));
        ballast_text_add(text, " %" PRIu64 " KiB", page->stack.box[i].kib);
    }
    ballast_text_add(text, ". The spans:");
    for (int i = 0; i < BALLAST_SPANS; i++) {
        enum ballast_span span = (enum ballast_span)i;
        ballast_text_add(text, "%s ", i ? "," : "");
        add_svg_words(text, ballast_span_name(span));
        ballast_text_add(text, " %" PRIu64 " KiB",
                         ballast_breakdown_span_kib(page->breakdown, span));
    }
    ballast_text_add(text, ". Needed free before it can be built: %" PRIu64 " KiB.</desc>\n",
                     ballast_breakdown_need_kib(page->breakdown));
}

static void add_patterns(const struct page *page, struct ballast_text *text)
{
    ballast_text_add(text, "<defs>\n");
    for (size_t i = 0; i < page->stack.count; i++) {
        enum ballast_segment segment = page->stack.box[i].segment;
        ballast_text_add(text,
                         "<pattern id=\"p%d\" width=\"8\" height=\"8\" "
                         "patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" "
                         "fill=\"%s\"/><path class=\"mark\" d=\"%s\"/></pattern>\n",
                         (int)segment, colour[segment], pattern[segment]);
    }
    ballast_text_add(text, "</defs>\n");
}

/* Two lines around a middle: a name and its size. */
static void add_svg_label(struct ballast_text *text, size_t x, size_t middle, const char *class,
                          const char *words, uint64_t kib)
{
    ballast_text_add(text, "<text x=\"%zu\" y=\"%zu\" class=\"%s\">", x, middle - 4, class);
    add_svg_words(text, words);
    ballast_text_add(text,
                     "</text><text x=\"%zu\" y=\"%zu\" class=\"size %s\">%" PRIu64 " KiB</text>\n",
                     x, middle - 4 + LINE, class, kib);
}

static void add_box(const struct page *page, size_t i, struct ballast_text *text)
{
    const struct ballast_stack_box *box = &page->stack.box[i];
    ballast_text_add(text,
                     "<rect x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%u\" fill=\"%s\" "
                     "class=\"box\"/>",
                     page->box, page->edge[i], page->box_width, box->height, colour[box->segment]);
    ballast_text_add(text,
                     "<rect x=\"%zu\" y=\"%zu\" width=\"%d\" height=\"%u\" fill=\"url(#p%d)\"/>"
                     "<path class=\"edge\" d=\"M%zu %zuh%zuv%uh-%zuz\"/>\n",
                     page->box, page->edge[i], SWATCH, box->height, (int)box->segment, page->box,
                     page->edge[i], page->box_width, box->height, page->box_width);
    add_svg_label(text, page->box + SWATCH + 8, page->edge[i] + box->height / 2, "in",
                  ballast_segment_name(box->segment), box->kib);
}

static void add_bracket(const struct page *page, enum ballast_span span, struct ballast_text *text)
{
    size_t first, last;
    ballast_stack_span(&page->stack, span, &first, &last);
    bool left = page->bar[span] == page->left_bar;
    size_t x = page->bar[span];
    /* A little air, so that two brackets on one bar are seen to be two. */
    size_t top = page->edge[first] + 2;
    size_t bottom = page->edge[last + 1] - 2;
    const char *sign = left ? "" : "-";
    ballast_text_add(text, "<path class=\"span\" d=\"M%zu %zuh%s%dM%zu %zuV%zuh%s%d\"/>", x, top,
                     sign, TICK, x, top, bottom, sign, TICK);
    /* Build maximum's label stands beside the balloon, where build start's bar has ended. */
    if (span == BALLAST_BUILD_MAXIMUM)
        top = page->edge[last];
    add_svg_label(text, left ? x - 8 : x + 10, (top + bottom) / 2, left ? "left" : "right",
                  ballast_span_name(span), ballast_breakdown_span_kib(page->breakdown, span));
}

static void add_svg_head(const struct page *page, const char *name, struct ballast_text *text)
{
    const struct ballast_profile *profile = ballast_breakdown_profile(page->breakdown);
    ballast_text_add(text, "<text x=\"%d\" y=\"36\" class=\"name\">", MARGIN);
    add_svg_name(text, name, NAME_CHARS);
    ballast_text_add(text, "</text>\n<text x=\"%d\" y=\"56\">%s guest", MARGIN,
                     ballast_guest_type_name(ballast_breakdown_guest_type(page->breakdown)));
    if (profile)
        ballast_text_add(text, ", profile %s", ballast_profile_name(profile));
    ballast_text_add(text,
                     "</text>\n<text x=\"%d\" y=\"%zu\">need: %" PRIu64
                     " KiB free before it can be built</text>\n",
                     MARGIN, page->height - MARGIN, ballast_breakdown_need_kib(page->breakdown));
}

size_t ballast_draw_svg(const struct ballast_breakdown *breakdown, const char *name, char *buf,
                        size_t size)
{
    struct page page = {.breakdown = breakdown};
    ballast_stack_fill(&page.stack, breakdown, least_height, EXTRA_HEIGHT);
    place_svg_columns(&page);
    place_svg_rows(&page);
    struct ballast_text text = ballast_text_over(buf, size);
    ballast_text_add(&text,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
                     "viewBox=\"0 0 %zu %zu\" role=\"img\" aria-labelledby=\"t d\">\n",
                     page.width, page.height, page.width, page.height);
    add_description(&page, name, &text);
    ballast_text_add(&text, "%s", style);
    add_patterns(&page, &text);
    ballast_text_add(&text, "<rect class=\"ground\" width=\"%zu\" height=\"%zu\"/>\n", page.width,
                     page.height);
    add_svg_head(&page, name, &text);
    for (size_t i = 0; i < page.stack.count; i++)
        add_box(&page, i, &text);
    for (int i = 0; i < BALLAST_SPANS; i++)
        add_bracket(&page, (enum ballast_span)i, &text);
    ballast_text_add(&text, "</svg>\n");
    return text.length;
}
