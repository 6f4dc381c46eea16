/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a segment of a guest and a part of a host look wherever a terminal shows them. The glyph
 * alone tells which one it is; colour only repeats that, in the order of the pictures (svg.c).
 */
#ifndef CORE_DRAW_PALETTE_H
#define CORE_DRAW_PALETTE_H

#include <stdbool.h>

#include <ballast/breakdown.h>

#include "core/model/host_breakdown.h"

struct draw_look {
    char glyph;
    unsigned char ink;    /* ECMA-48 SGR foreground colour, or 0: that of the terminal */
    unsigned char of_256; /* the same where there are 256; means nothing where ink is 0 */
    bool is_hollow;       /* nothing is there: no ground where others have one */
};

/* They live as long as the program. */
const struct draw_look *draw_segment_look(enum ballast_segment segment);
const struct draw_look *draw_part_look(enum ballast_host_part part);

#endif
