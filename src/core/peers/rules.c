/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MOM's rule (oVirt mom, doc/balloon.rules): while less than a fifth of the host is free every
 * guest shrinks, else every guest grows, by at most a twentieth of its size; steps below a
 * four-hundredth are omitted. A guest keeps as large a part free as the host has, from 20 % down;
 * with a twentieth of the host free or less it is pushed into its own swap.
 */
#include "core/base/units.h"
#include "core/peers/peers.h"

#define PRESSURE_PERMYRIAD   2000
#define CRITICAL_PERMYRIAD   500
#define GUEST_FREE_PERMYRIAD 2000
#define STEP_PERMYRIAD       500
#define LEAST_STEP_PERMYRIAD 25

static uint64_t permyriad_part(uint64_t kib, uint64_t permyriad)
{
    return ballast_mul_div(kib, permyriad, BALLAST_PERMYRIAD);
}

static uint64_t shrunk_kib(const struct policy_domain *domain, uint64_t host_free_permyriad)
{
    uint64_t used_kib = ballast_min_u64(domain->used_kib, domain->tot_kib);
    uint64_t low_kib;
    if (host_free_permyriad > CRITICAL_PERMYRIAD)
        low_kib = used_kib + permyriad_part(domain->tot_kib, host_free_permyriad);
    else
        low_kib = ballast_sub_floor(
            used_kib, permyriad_part(domain->tot_kib, CRITICAL_PERMYRIAD - host_free_permyriad));
    low_kib = ballast_max_u64(low_kib, domain->min_kib);
    return ballast_max_u64(permyriad_part(domain->tot_kib, BALLAST_PERMYRIAD - STEP_PERMYRIAD),
                           low_kib);
}

static uint64_t grown_kib(const struct policy_domain *domain)
{
    uint64_t used_kib = ballast_min_u64(domain->used_kib, domain->tot_kib);
    uint64_t low_kib = ballast_max_u64(
        domain->min_kib, used_kib + permyriad_part(domain->tot_kib, GUEST_FREE_PERMYRIAD));
    uint64_t step_kib = permyriad_part(domain->tot_kib, BALLAST_PERMYRIAD + STEP_PERMYRIAD);
    return ballast_min_u64(domain->max_kib, ballast_max_u64(step_kib, low_kib));
}

void peers_rules_aim(const struct policy_view *view, struct policy_aim *aims)
{
    uint64_t free_permyriad = ballast_mul_div(view->available_kib, BALLAST_PERMYRIAD,
                                              ballast_max_u64(view->total_kib, 1));
    bool shrink = free_permyriad < PRESSURE_PERMYRIAD;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        aims[i] = (struct policy_aim){BALLAST_NONE, BALANCER_RULE, 0};
        /* In MOM the host is not a guest. */
        if (domain->is_dom0 || domain->used_kib == BALLAST_NONE)
            continue;
        uint64_t kib = shrink ? shrunk_kib(domain, free_permyriad) : grown_kib(domain);
        bool right_way = shrink ? kib <= domain->tot_kib : domain->tot_kib < domain->max_kib;
        uint64_t step_kib = kib > domain->tot_kib ? kib - domain->tot_kib : domain->tot_kib - kib;
        if (right_way && step_kib > permyriad_part(domain->tot_kib, LEAST_STEP_PERMYRIAD))
            aims[i].kib = kib;
    }
}
