/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A row of cells divided among parts, in their order. All cells are given out, and what is not
 * nothing is seen: a part has one cell, and of the others as many as its share of the whole.
 */
#ifndef APP_TOP_BAR_H
#define APP_TOP_BAR_H

#include <stddef.h>
#include <stdint.h>

/*
 * `end`: the first cell behind each of `count` parts. Where there are fewer cells than parts that
 * are not nothing, the last ones have none; where all are nothing, every end is 0.
 */
void top_bar_divide(const uint64_t *kib, size_t count, unsigned width, unsigned *end);
/* The cell at which `at_kib` of the whole is, in a bar that was so divided. */
unsigned top_bar_place(const uint64_t *kib, size_t count, const unsigned *end, uint64_t at_kib);

#endif
