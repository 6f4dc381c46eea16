/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How things look. A segment and a part of the host is told by its glyph; its colour (those of the
 * SVG pictures, which colour-blind readers can tell apart) only repeats that.
 */
#ifndef APP_TOP_STYLE_H
#define APP_TOP_STYLE_H

#include <ballast/breakdown.h>

#include "core/model/host_breakdown.h"
#include "edge/term/term.h"

enum top_style {
    TOP_PLAIN,
    TOP_TITLE,
    TOP_HEAD,
    TOP_SELECTED,
    TOP_WARNING,
    TOP_STRONG,
    TOP_UP,
    TOP_DOWN,
    TOP_SEGMENT,                               /* and enum ballast_segment */
    TOP_PART = TOP_SEGMENT + BALLAST_SEGMENTS, /* and enum ballast_host_part */
    TOP_UNDIVIDED = TOP_PART + BALLAST_PARTS,  /* what a guest holds, where that is all we know */
    TOP_STYLES
};

extern const struct term_style top_styles[TOP_STYLES];

char top_segment_glyph(enum ballast_segment segment);
char top_part_glyph(enum ballast_host_part part);

/* The style for an ECMA-48 foreground colour of core/draw's diagram; TOP_PLAIN for none of them. */
enum top_style top_style_of_ink(unsigned ink);

#endif
