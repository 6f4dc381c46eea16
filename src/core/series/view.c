/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/series/series.h"

int series_view_begin(struct series_view *view, uint64_t from_sec, uint64_t until_sec,
                      size_t points, struct ballast_error *err)
{
    *view = (struct series_view){.from_sec = from_sec};
    view->step_sec = ballast_max_u64(ballast_div_up(until_sec - from_sec, points), 1);
    view->points = (size_t)ballast_div_up(until_sec - from_sec, view->step_sec);
    view->folds = calloc(view->points, sizeof(*view->folds));
    view->length_sec = calloc(view->points, sizeof(*view->length_sec));
    if (view->folds && view->length_sec)
        return 0;
    series_view_release(view);
    return ballast_fail(err, -ENOMEM, "out of memory");
}

void series_view_release(struct series_view *view)
{
    free(view->folds);
    free(view->length_sec);
    *view = (struct series_view){0};
}

void series_view_add(struct series_view *view, const struct series_bucket *bucket,
                     uint64_t length_sec)
{
    uint64_t at_sec = bucket->at_sec;
    /* A bucket that starts before the interval and reaches into it belongs to the first point. */
    if (at_sec < view->from_sec && at_sec + length_sec > view->from_sec)
        at_sec = view->from_sec;
    if (at_sec < view->from_sec || (at_sec - view->from_sec) / view->step_sec >= view->points)
        return;
    size_t i = (size_t)((at_sec - view->from_sec) / view->step_sec);
    series_fold_bucket(&view->folds[i], bucket);
    view->length_sec[i] =
        (uint32_t)ballast_max_u64(view->length_sec[i], ballast_min_u64(length_sec, UINT32_MAX));
}

bool series_view_at(const struct series_view *view, size_t i, struct series_bucket *out,
                    uint64_t *until_sec)
{
    uint64_t at_sec = view->from_sec + i * view->step_sec;
    uint64_t length_sec = ballast_max_u64(view->step_sec, view->length_sec[i]);
    *until_sec = at_sec + length_sec;
    return series_fold_end(&view->folds[i], at_sec, length_sec, out);
}
