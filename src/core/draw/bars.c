/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/draw/bars.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/text.h"
#include "core/base/units.h"

enum {
    COLUMNS = 80,
    LABEL = 24,  /* characters */
    SHARE = 6,   /* "100.0%" */
    BESIDES = 6, /* two spaces before size and share each, the bars' two borders */
    DIGITS = 24,
};

/* A part that is not empty is visible, even if it is less than a column. */
#define THIN ':'

static size_t character_count(const char *label)
{
    size_t count = 0;
    for (; *label; label++)
        count += ((unsigned char)*label & 0xc0) != 0x80;
    return count;
}

static void add_bar_label(struct ballast_text *text, const char *label, size_t width)
{
    size_t count = character_count(label);
    size_t shown = count > LABEL ? LABEL - 1 : count;
    for (size_t i = 0; *label; label++) {
        i += ((unsigned char)*label & 0xc0) != 0x80;
        if (i > shown)
            break;
        ballast_text_add(text, "%c", *label);
    }
    if (count > LABEL)
        ballast_text_add(text, "~");
    for (size_t i = ballast_min_u64(count, LABEL); i < width; i++)
        ballast_text_add(text, " ");
}

static void add_bar_figures(struct ballast_text *text, uint64_t kib, uint64_t whole_kib, int digits)
{
    ballast_text_add(text, "  %*" PRIu64 "  ", digits, kib);
    uint64_t permille = whole_kib ? (ballast_mul_div(kib, 2000, whole_kib) + 1) / 2 : 0;
    if (whole_kib && kib <= whole_kib)
        ballast_text_add(text, "%3" PRIu64 ".%" PRIu64 "%%", permille / 10, permille % 10);
    else
        ballast_text_add(text, "%*s", SHARE, "");
}

struct scale {
    uint64_t end_kib;
    size_t width;
};

static void add_bars_row(struct ballast_text *text, const struct draw_bar *bar, uint64_t before_kib,
                         const struct scale *scale, bool colour)
{
    uint64_t after_kib = ballast_add_ceil(before_kib, bar->kib);
    size_t from = (size_t)ballast_mul_div(before_kib, scale->width, scale->end_kib);
    size_t to = (size_t)ballast_mul_div(after_kib, scale->width, scale->end_kib);
    char fill = bar->fill;
    if (from == to && bar->kib > 0) {
        fill = THIN;
        from = from == scale->width ? from - 1 : from;
        to = from + 1;
    }
    ballast_text_add(text, " |%*s", (int)from, "");
    if (colour && bar->ink && to > from)
        ballast_text_add(text, "\033[%um", bar->ink);
    for (size_t x = from; x < to; x++)
        ballast_text_add(text, "%c", fill);
    ballast_text_add(text, "%s%*s|\n", colour && bar->ink && to > from ? "\033[0m" : "",
                     (int)(scale->width - to), "");
}

size_t draw_bars(const struct draw_bar *bars, size_t count, uint64_t whole_kib, bool colour,
                 char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    uint64_t sum_kib = 0;
    size_t label = character_count("total");
    for (size_t i = 0; i < count; i++) {
        sum_kib = ballast_add_ceil(sum_kib, bars[i].kib);
        label = ballast_max_u64(label, ballast_min_u64(character_count(bars[i].label), LABEL));
    }
    char widest[DIGITS];
    int digits = snprintf(widest, sizeof(widest), "%" PRIu64, ballast_max_u64(sum_kib, whole_kib));
    struct scale scale = {.end_kib = ballast_max_u64(ballast_max_u64(sum_kib, whole_kib), 1),
                          .width = COLUMNS - BESIDES - SHARE - 1 - label - (size_t)digits};
    uint64_t before_kib = 0;
    for (size_t i = 0; i < count; i++) {
        add_bar_label(&text, bars[i].label, label);
        add_bar_figures(&text, bars[i].kib, whole_kib, digits);
        add_bars_row(&text, &bars[i], before_kib, &scale, colour);
        before_kib = ballast_add_ceil(before_kib, bars[i].kib);
    }
    add_bar_label(&text, "total", label);
    add_bar_figures(&text, whole_kib, whole_kib, digits);
    ballast_text_add(&text, "\n");
    return text.length;
}
