/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line that most points match to the page; fit.h says why this one. */
#ifndef CORE_FIT_LINE_H
#define CORE_FIT_LINE_H

#include <stddef.h>
#include <stdint.h>

/* The slopes that are tried: no release of Xen differs from another by more per vCPU. */
enum { FIT_LEAST_SLOPE = -16, FIT_MOST_SLOPE = 64 };

struct fit_point {
    int64_t x; /* vCPUs */
    int64_t y; /* pages */
};

struct fit_line {
    int64_t base, slope;
    size_t exact, below, sizes;
    int64_t least_base, most_base; /* of other possible lines */
    int64_t least_slope, most_slope;
};

/*
 * Finds base and slope; with fix_base the base is 0, with fix_slope the slope is. `scratch` has
 * room for 2 * count numbers. All zeros if there are no points.
 */
struct fit_line fit_line_find(const struct fit_point *points, size_t count, int fix_base,
                              int fix_slope, int64_t *scratch);

#endif
