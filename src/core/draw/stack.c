/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/draw/stack.h"

#include "core/base/units.h"

static bool is_drawn(const struct ballast_breakdown *breakdown, enum ballast_segment segment)
{
    if (segment == BALLAST_IOMMU)
        return ballast_breakdown_segment_kib(breakdown, segment) > 0;
    return ballast_segment_applies(segment, ballast_breakdown_guest_type(breakdown));
}

/* The remainder of rounding goes to the largest box, where it shows least. */
static void share_out_rows(struct ballast_stack *stack, unsigned extra)
{
    /* An eighth of each, so that seven of them cannot overflow. */
    uint64_t total = 0;
    size_t largest = 0;
    for (size_t i = 0; i < stack->count; i++) {
        total += stack->box[i].kib / 8;
        if (stack->box[i].kib > stack->box[largest].kib)
            largest = i;
    }
    unsigned left = extra;
    for (size_t i = 0; i < stack->count && total > 0; i++) {
        unsigned part = (unsigned)ballast_mul_div(extra, stack->box[i].kib / 8, total);
        stack->box[i].height += part;
        left -= part;
    }
    stack->box[largest].height += left;
}

void ballast_stack_fill(struct ballast_stack *out, const struct ballast_breakdown *breakdown,
                        const unsigned least[BALLAST_SEGMENTS], unsigned extra)
{
    out->count = 0;
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        enum ballast_segment segment = (enum ballast_segment)i;
        if (!is_drawn(breakdown, segment))
            continue;
        out->box[out->count++] = (struct ballast_stack_box){
            .segment = segment,
            .kib = ballast_breakdown_segment_kib(breakdown, segment),
            .height = least[segment],
        };
    }
    share_out_rows(out, extra);
}

void ballast_stack_span(const struct ballast_stack *stack, enum ballast_span span, size_t *first,
                        size_t *last)
{
    enum ballast_segment top, bottom;
    ballast_span_covers(span, &top, &bottom);
    size_t from = 0;
    while (stack->box[from].segment < top)
        from++;
    size_t to = from;
    while (to + 1 < stack->count && stack->box[to + 1].segment <= bottom)
        to++;
    *first = from;
    *last = to;
}
