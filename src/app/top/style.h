/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How things look on the screen. Segments and parts of the host look as core/draw/palette.h says.
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
    TOP_STYLES = TOP_PART + BALLAST_PARTS
};

/* What term_open() takes. */
void top_styles_fill(struct term_style out[TOP_STYLES]);

/* The style for an ECMA-48 foreground colour of core/draw's diagram; TOP_PLAIN for none of them. */
enum top_style top_style_of_ink(unsigned ink);

#endif
