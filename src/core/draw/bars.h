/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole and its parts, one line each: name, size, share, and a bar that begins where the one
 * above it ends, so that together they form the whole.
 */
#ifndef CORE_DRAW_BARS_H
#define CORE_DRAW_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct draw_bar {
    const char *label; /* shown up to 24 characters */
    uint64_t kib;
    char fill;
    unsigned char ink; /* ECMA-48 SGR foreground colour, or 0 */
};

/*
 * Like snprintf(): the lines, at most 80 columns wide, and one for the whole. The parts need not
 * sum to whole_kib: if they exceed it, the bars are drawn to their sum.
 */
size_t draw_bars(const struct draw_bar *bars, size_t count, uint64_t whole_kib, bool colour,
                 char *buf, size_t size);

#endif
