/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rivals.h"

#include <stdint.h>
#include <stdlib.h>

struct rival_line rival_least_squares(const struct fit_point *points, size_t count)
{
    double x = 0, y = 0, xx = 0, xy = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        x += (double)points[i].x;
        y += (double)points[i].y;
        xx += (double)points[i].x * (double)points[i].x;
        xy += (double)points[i].x * (double)points[i].y;
    }
    double slope = (n * xy - x * y) / (n * xx - x * x);
    return (struct rival_line){(y - slope * x) / n, slope};
}

static int by_size(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* The base that is best for one slope: the median of what is left, or the least of it. */
static struct rival_line search(const struct fit_point *points, size_t count, int envelope)
{
    int64_t *left = calloc(count, sizeof(*left));
    struct rival_line best = {0, 0};
    int64_t least = INT64_MAX;
    for (int64_t slope = FIT_LEAST_SLOPE; left && slope <= FIT_MOST_SLOPE; slope++) {
        int64_t sum = 0;
        for (size_t i = 0; i < count; i++)
            left[i] = points[i].y - slope * points[i].x;
        qsort(left, count, sizeof(*left), by_size);
        int64_t base = envelope ? left[0] : left[count / 2];
        for (size_t i = 0; i < count; i++)
            sum += llabs(left[i] - base);
        if (sum < least || (sum == least && llabs(slope) < llabs((int64_t)best.slope))) {
            least = sum;
            best = (struct rival_line){(double)base, (double)slope};
        }
    }
    free(left);
    return best;
}

struct rival_line rival_least_absolute(const struct fit_point *points, size_t count)
{
    return search(points, count, 0);
}

struct rival_line rival_envelope(const struct fit_point *points, size_t count)
{
    return search(points, count, 1);
}
