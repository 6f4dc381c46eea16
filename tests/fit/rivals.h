/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other ways to fit a line to the same points, for comparison. */
#ifndef TESTS_FIT_RIVALS_H
#define TESTS_FIT_RIVALS_H

#include <stddef.h>

#include "core/fit/line.h"

struct rival_line {
    double base, slope;
};

struct rival_line rival_least_squares(const struct fit_point *points, size_t count);
/* Whole slopes and bases, the least sum of absolute residuals. */
struct rival_line rival_least_absolute(const struct fit_point *points, size_t count);
/* Whole slopes and bases below all points, the least sum of residuals. */
struct rival_line rival_envelope(const struct fit_point *points, size_t count);

#endif
