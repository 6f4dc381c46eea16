/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Draws a breakdown. Each function writes into the caller's buffer, always terminated, and returns
 * the full length of the text as snprintf does, so that the caller can enlarge the buffer.
 */
#ifndef BALLAST_DRAW_H
#define BALLAST_DRAW_H

#include <stdbool.h>
#include <stddef.h>

#include <ballast/breakdown.h>

struct ballast_draw_style {
    bool colour; /* colour the segments with ECMA-48 escape sequences */
};

/*
 * A text diagram of at most 80 columns: a box for each segment and a bracket for each span, with
 * sizes; box heights hint at proportion. Sizes are KiB, or the smallest larger unit that fits, with
 * ~ before a rounded one. `style` may be NULL.
 */
BALLAST_API size_t ballast_draw_diagram(const struct ballast_breakdown *breakdown,
                                        const struct ballast_draw_style *style, char *buf,
                                        size_t size);

/*
 * The same as a stand-alone SVG document, readable on light and dark backgrounds and by the
 * colour-blind, with a title and a description for screen readers. `name` is the guest's; the
 * function escapes it.
 */
BALLAST_API size_t ballast_draw_svg(const struct ballast_breakdown *breakdown, const char *name,
                                    char *buf, size_t size);

#endif
