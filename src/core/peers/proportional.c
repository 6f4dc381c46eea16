/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * squeezed's rule (xen-api, ocaml/squeezed/lib/squeeze.ml, change_host_free_memory and its
 * Proportional policy): after the wanted memory is set aside, every guest is at the same fraction
 * of its dynamic range. How far a guest may stop short of its target is allowed for twice, once for
 * its current memory and once for its future memory. Stuck guests count with what they have.
 */
#include "core/base/units.h"
#include "core/peers/peers.h"

struct sums {
    uint64_t range_kib; /* of guests that move */
    uint64_t spare_kib; /* their memory above their minimum */
};

static bool may_move(const struct policy_domain *domain)
{
    return !domain->stuck;
}

static struct sums sum_proportional(const struct policy_view *view)
{
    struct sums sums = {0};
    uint64_t allowed_kib = 2 * view->inaccuracy_kib;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        if (!may_move(domain))
            continue;
        sums.range_kib = ballast_add_ceil(sums.range_kib, domain->max_kib - domain->min_kib);
        sums.spare_kib = ballast_add_ceil(
            sums.spare_kib,
            ballast_sub_floor(domain->tot_kib, ballast_add_ceil(domain->min_kib, allowed_kib)));
    }
    return sums;
}

void peers_proportional_aim(const struct policy_view *view, struct policy_aim *aims)
{
    struct sums sums = sum_proportional(view);
    uint64_t free_kib = ballast_add_ceil(view->available_kib, sums.spare_kib);
    uint64_t to_share_kib =
        ballast_min_u64(ballast_sub_floor(free_kib, view->wanted_kib), sums.range_kib);
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        aims[i] = (struct policy_aim){BALLAST_NONE, BALANCER_RULE, 0};
        if (!may_move(domain) || sums.range_kib == 0)
            continue;
        uint64_t part_kib =
            ballast_mul_div(domain->max_kib - domain->min_kib, to_share_kib, sums.range_kib);
        aims[i].kib = domain->min_kib + part_kib;
    }
}
