/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The common part of every picture of a breakdown: its boxes from top to bottom, their heights, and
 * which of them a span covers.
 */
#ifndef CORE_DRAW_STACK_H
#define CORE_DRAW_STACK_H

#include <stddef.h>
#include <stdint.h>

#include <ballast/breakdown.h>

struct ballast_stack_box {
    enum ballast_segment segment;
    uint64_t kib;
    unsigned height; /* in the picture's own unit: rows or pixels */
};

struct ballast_stack {
    struct ballast_stack_box box[BALLAST_SEGMENTS];
    size_t count;
};

/*
 * The boxes of a breakdown: the segments of its type, the IOMMU's tables only if there are some,
 * the balloon always. `least` is the height that each segment's text needs; `extra` is distributed
 * in proportion to the sizes.
 */
void ballast_stack_fill(struct ballast_stack *out, const struct ballast_breakdown *breakdown,
                        const unsigned least[BALLAST_SEGMENTS], unsigned extra);

/* The first and the last box that a span covers; every span covers at least one. */
void ballast_stack_span(const struct ballast_stack *stack, enum ballast_span span, size_t *first,
                        size_t *last);

#endif
