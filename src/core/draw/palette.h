/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The look of a guest's segment and of a host's part on a terminal. The glyph alone identifies it;
 * the colour only repeats that, in the order of the pictures (svg.c).
 */
#ifndef CORE_DRAW_PALETTE_H
#define CORE_DRAW_PALETTE_H

#include <stdbool.h>

#include <ballast/breakdown.h>

#include "core/model/host_breakdown.h"

struct draw_look {
    char glyph;
    unsigned char ink;    /* ECMA-48 SGR foreground colour, or 0: that of the terminal */
    unsigned char of_256; /* the same in 256 colours; unused if ink is 0 */
    bool is_hollow;       /* free: no ground, unlike the others */
};

/* They live as long as the program. */
const struct draw_look *draw_segment_look(enum ballast_segment segment);
const struct draw_look *draw_part_look(enum ballast_host_part part);

#endif
