/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/squeeze.h"

#include "core/base/units_inline.h"
#include "core/policy/state.h"

/* So much, times all permyriad twice over, is no overflow. */
#define SMALL_KIB (UINT64_C(1) << 48)
/* No step is smaller than this part of a guest's memory: plan_targets.c would not write it. */
#define LEAST_STEP_PART 32

uint64_t squeeze_step_kib(const struct balancer_settings *settings, enum host_state state,
                          uint64_t tot_kib)
{
    uint64_t permyriad = settings->squeeze_permyriad;
    if (state == HOST_LOW || permyriad == 0)
        return 0;
    if (state == HOST_HARD)
        permyriad *= 2;
    /* Divided by a constant, since each domain comes here in each tick. */
    uint64_t kib = tot_kib < SMALL_KIB ? tot_kib * permyriad / BALLAST_PERMYRIAD
                                       : ballast_mul_div(tot_kib, permyriad, BALLAST_PERMYRIAD);
    return ballast_max_u64(kib, BALLAST_PAGE_KIB);
}

uint64_t squeeze_step_of(const struct balancer *balancer, uint64_t tot_kib)
{
    return squeeze_step_kib(&balancer->options.settings, balancer->outlook.state, tot_kib);
}

/* What it already has to free is not asked for again. */
static uint64_t asked_kib(const struct policy_domain *view)
{
    return ballast_min_u64(view->tot_kib, view->target_kib);
}

void squeeze_view(struct policy_domain *view, const struct track *track, uint64_t step_kib,
                  uint64_t still_kib, uint64_t now_usec)
{
    uint64_t least_kib = ballast_max_u64(view->tot_kib / LEAST_STEP_PART,
                                         ballast_add_ceil(still_kib, BALLAST_PAGE_KIB));
    if (step_kib == 0 || view->pinned_kib > 0)
        view->squeeze_kib = 0;
    else if (now_usec < track->squeezed_usec)
        view->squeeze_kib = asked_kib(view);
    else
        view->squeeze_kib =
            ballast_min_u64(asked_kib(view),
                            ballast_sub_floor(view->tot_kib, ballast_max_u64(step_kib, least_kib)));
}

uint64_t squeeze_aim_kib(const struct policy_domain *view, uint64_t aim_kib)
{
    return ballast_max_u64(aim_kib, ballast_min_u64(view->squeeze_kib, view->max_kib));
}

void squeeze_charge(struct track *track, const struct policy_domain *view, uint64_t step_kib,
                    uint64_t target_kib, uint64_t now_usec)
{
    uint64_t more_kib = ballast_sub_floor(asked_kib(view), target_kib);
    if (step_kib > 0 && more_kib > 0)
        track->squeezed_usec = now_usec + ballast_mul_div(more_kib, SQUEEZE_USEC, step_kib);
}
