/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/explain/segment_bar.h"

#include <stdio.h>

#include "app/ballast/cli/output.h"
#include "app/top/bar.h"
#include "core/base/text.h"
#include "core/draw/palette.h"
#include "core/model/breakdown.h"

enum {
    BAR = 20, /* columns */
    COLUMNS = 80,
    WORD = 32,
};

void cli_segment_bar(const struct ballast_breakdown *breakdown, bool colour,
                     char out[CLI_SEGMENT_BAR])
{
    struct ballast_text text = ballast_text_over(out, CLI_SEGMENT_BAR);
    unsigned end[BALLAST_SEGMENTS];
    unsigned at = 0;
    top_bar_divide(breakdown->segment_kib, BALLAST_SEGMENTS, BAR, end);
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        const struct draw_look *look = draw_segment_look((enum ballast_segment)i);
        if (colour && end[i] > at)
            ballast_text_add(&text, "\033[%um", look->ink);
        for (; at < end[i]; at++)
            ballast_text_add(&text, "%c", look->glyph);
    }
    ballast_text_add(&text, "%s", colour ? "\033[0m" : "");
}

void cli_segment_bar_legend(void)
{
    int column = printf("memory:");
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        enum ballast_segment segment = (enum ballast_segment)i;
        char word[WORD];
        char item[WORD + 8];
        cli_spaced(ballast_segment_name(segment), word, sizeof(word));
        int length = snprintf(item, sizeof(item), " %c %s%s", draw_segment_look(segment)->glyph,
                              word, i + 1 < BALLAST_SEGMENTS ? "," : "");
        if (column + length > COLUMNS)
            column = printf("\n       ") - 1;
        column += length;
        fputs(item, stdout);
    }
    putchar('\n');
}
