/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fit/line.h"

#include <stdbool.h>
#include <stdlib.h>

/* A candidate with its support. */
struct candidate {
    int64_t base, slope;
    size_t exact, below;
};

static int64_t candidate_score(const struct candidate *candidate)
{
    return (int64_t)candidate->exact - 2 * (int64_t)candidate->below;
}

static int64_t candidate_change(const struct candidate *candidate)
{
    return llabs(candidate->slope) * 1024 + llabs(candidate->base);
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
    if (candidate_score(a) != candidate_score(b))
        return candidate_score(a) > candidate_score(b);
    return candidate_change(a) < candidate_change(b);
}

static int by_size(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* Called for each base that any point has under a slope. */
typedef void (*visitor)(const struct candidate *candidate, void *context);

static void visit_bases(int64_t slope, const struct fit_point *points, size_t count, bool fix_base,
                        int64_t *scratch, visitor visit, void *context)
{
    for (size_t i = 0; i < count; i++)
        scratch[i] = points[i].y - slope * points[i].x;
    qsort(scratch, count, sizeof(*scratch), by_size);
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && scratch[end] == scratch[i])
            end++;
        struct candidate candidate = {scratch[i], slope, end - i, i};
        if (!fix_base || scratch[i] == 0)
            visit(&candidate, context);
        i = end;
    }
}

struct best {
    struct candidate candidate;
    bool any;
};

static void take_better(const struct candidate *candidate, void *context)
{
    struct best *best = context;
    if (!best->any || is_better(candidate, &best->candidate))
        best->candidate = *candidate;
    best->any = true;
}

static size_t count_sizes(const struct candidate *candidate, const struct fit_point *points,
                          size_t count, int64_t *scratch)
{
    size_t exact = 0, sizes = 0;
    for (size_t i = 0; i < count; i++) {
        if (points[i].y == candidate->base + candidate->slope * points[i].x)
            scratch[exact++] = points[i].x;
    }
    qsort(scratch, exact, sizeof(*scratch), by_size);
    for (size_t i = 0; i < exact; i++)
        sizes += i == 0 || scratch[i] != scratch[i - 1];
    return sizes;
}

struct widening {
    struct fit_line *line;
    const struct fit_point *points;
    size_t count;
    int64_t *scratch;
};

static void widen_span(int64_t value, int64_t *least, int64_t *most)
{
    *least = value < *least ? value : *least;
    *most = value > *most ? value : *most;
}

/*
 * A rival has half the points of the best, of more than half as many sizes, and no more below it. A
 * line that only turns about the many guests of one size does not.
 */
static void widen_candidate(const struct candidate *candidate, void *context)
{
    const struct widening *widening = context;
    struct fit_line *line = widening->line;
    if (2 * candidate->exact < line->exact || candidate->below > line->below)
        return;
    if (2 * count_sizes(candidate, widening->points, widening->count, widening->scratch) <=
        line->sizes)
        return;
    widen_span(candidate->slope, &line->least_slope, &line->most_slope);
    widen_span(candidate->base, &line->least_base, &line->most_base);
}

struct fit_line fit_line_find(const struct fit_point *points, size_t count, int fix_base,
                              int fix_slope, int64_t *scratch)
{
    int64_t least = fix_slope ? 0 : FIT_LEAST_SLOPE, most = fix_slope ? 0 : FIT_MOST_SLOPE;
    struct best best = {.any = false};
    struct fit_line line = {0};
    for (int64_t slope = least; slope <= most; slope++)
        visit_bases(slope, points, count, fix_base, scratch, take_better, &best);
    if (!best.any)
        return line;
    line = (struct fit_line){
        .base = best.candidate.base,
        .slope = best.candidate.slope,
        .exact = best.candidate.exact,
        .below = best.candidate.below,
        .sizes = count_sizes(&best.candidate, points, count, scratch),
        .least_base = best.candidate.base,
        .most_base = best.candidate.base,
        .least_slope = best.candidate.slope,
        .most_slope = best.candidate.slope,
    };
    struct widening widening = {&line, points, count, scratch + count};
    for (int64_t slope = least; slope <= most; slope++)
        visit_bases(slope, points, count, fix_base, scratch, widen_candidate, &widening);
    return line;
}
