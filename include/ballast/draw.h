/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A breakdown as a picture. Each function writes into a buffer of the caller's, always terminated,
 * and returns the length the text has in full (as snprintf does), so that a buffer that was too
 * small can be made large enough.
 */
#ifndef BALLAST_DRAW_H
#define BALLAST_DRAW_H

#include <stdbool.h>
#include <stddef.h>

#include <ballast/breakdown.h>

struct ballast_draw_style {
    bool colour; /* escape sequences of ECMA-48 around the segments */
};

/*
 * The diagram: a box a segment with its size, heights that hint at proportion, a bracket a span
 * with its size; at most 80 columns. Sizes are KiB; where those would be too wide, MiB or the next
 * larger unit that is not, with ~ before one that is rounded. `style` may be NULL.
 */
BALLAST_API size_t ballast_draw_diagram(const struct ballast_breakdown *breakdown,
                                        const struct ballast_draw_style *style, char *buf,
                                        size_t size);

/*
 * The same as a stand-alone SVG document: colours that colour-blind readers can tell apart,
 * readable on light and dark ground, a title and a description for those who cannot see it. `name`
 * is the guest's; it is escaped.
 */
BALLAST_API size_t ballast_draw_svg(const struct ballast_breakdown *breakdown, const char *name,
                                    char *buf, size_t size);

#endif
