/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proxmox's rule (pve-manager, PVE/AutoBalloon.pm and PVE/Service/pvestatd.pm): every 10 s the host
 * is moved towards four fifths used, by at most 100 MiB per guest. Memory above the guests' minima
 * is divided by shares. If guests are to grow, those with little free memory come first; if they
 * are to shrink, the others; all guests are asked only if that moves nothing.
 */
#include "core/base/units.h"
#include "core/peers/peers.h"

#define GOAL_USED_PERMYRIAD 8000
#define DEAD_BAND_KIB       (10 * BALLAST_MIB_KIB)
#define STEP_KIB            (100 * BALLAST_MIB_KIB)

static bool has_shares(const struct policy_domain *domain)
{
    return !domain->is_dom0 && domain->shares > 0;
}

static bool has_enough(const struct policy_domain *domain)
{
    return domain->reported_free_kib != BALLAST_NONE &&
           domain->reported_free_kib > domain->min_kib / 4 && domain->tot_kib >= domain->min_kib;
}

enum group { PRESSED, ENOUGH, ALL_DOMAINS };

static bool in_group(const struct policy_domain *domain, enum group group)
{
    if (!has_shares(domain))
        return false;
    return group == ALL_DOMAINS || has_enough(domain) == (group == ENOUGH);
}

static uint64_t step_kib(const struct policy_domain *domain, uint64_t wished_kib, bool grow)
{
    if (grow)
        return wished_kib > domain->tot_kib
                   ? ballast_min_u64(wished_kib, domain->tot_kib + STEP_KIB)
                   : domain->tot_kib;
    return wished_kib < domain->tot_kib
               ? ballast_max_u64(wished_kib, ballast_sub_floor(domain->tot_kib, STEP_KIB))
               : domain->tot_kib;
}

/* One pass of change_func over a group; returns whether anything moved. */
static bool change_group(const struct policy_view *view, enum group group, bool grow,
                         uint64_t goal_kib, struct policy_aim *aims)
{
    uint64_t held_kib = 0;
    uint64_t shares = 0;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        if (!in_group(domain, group))
            continue;
        held_kib += ballast_sub_floor(domain->tot_kib, domain->min_kib);
        shares += domain->shares;
    }
    uint64_t new_kib = grow ? held_kib + goal_kib : ballast_sub_floor(held_kib, goal_kib);
    bool moved = false;
    for (size_t i = 0; i < view->count && shares > 0; i++) {
        const struct policy_domain *domain = &view->domains[i];
        if (!in_group(domain, group))
            continue;
        uint64_t wished_kib = domain->min_kib + ballast_mul_div(new_kib, domain->shares, shares);
        uint64_t kib = step_kib(domain, ballast_min_u64(wished_kib, domain->max_kib), grow);
        if (kib != domain->tot_kib) {
            aims[i].kib = kib;
            moved = true;
        }
    }
    return moved;
}

void peers_shares_aim(const struct policy_view *view, struct policy_aim *aims)
{
    for (size_t i = 0; i < view->count; i++)
        aims[i] = (struct policy_aim){BALLAST_NONE, BALANCER_RULE, 0};
    uint64_t goal_free_kib = ballast_mul_div(
        view->total_kib, BALLAST_PERMYRIAD - GOAL_USED_PERMYRIAD, BALLAST_PERMYRIAD);
    bool grow = view->available_kib > goal_free_kib;
    uint64_t goal_kib =
        grow ? view->available_kib - goal_free_kib : goal_free_kib - view->available_kib;
    if (goal_kib <= DEAD_BAND_KIB)
        return;
    if (!change_group(view, grow ? PRESSED : ENOUGH, grow, goal_kib, aims))
        (void)change_group(view, ALL_DOMAINS, grow, goal_kib, aims);
}
