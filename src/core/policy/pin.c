/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/pin.h"

#include "core/base/units_inline.h"

/*
 * The floor that its balloon has shown. The guest's reports and the usual minimum do not count: the
 * administrator has decided about these.
 */
static uint64_t shown_floor_kib(const struct policy_domain *view, const struct floor_facts *facts)
{
    struct floor_facts shown = FLOOR_NO_FACTS;
    shown.now_usec = facts->now_usec;
    shown.last_stop = facts->last_stop;
    uint64_t kib = floor_of(&shown).kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    return ballast_min_u64(kib, view->floor_kib);
}

void pin_view(struct policy_domain *view, uint64_t pinned_kib, const struct floor_facts *facts)
{
    if (pinned_kib == 0)
        return;
    uint64_t kib = pinned_kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    kib = ballast_max_u64(view->min_kib, ballast_min_u64(kib, view->max_kib));
    view->pinned_kib = kib;
    if (!floor_in_backoff(&facts->last_stop, facts->now_usec))
        view->floor_kib =
            ballast_max_u64(ballast_min_u64(view->floor_kib, kib), shown_floor_kib(view, facts));
    view->floor_kib = ballast_max_u64(view->floor_kib, view->min_kib);
    view->firm_kib = ballast_min_u64(view->firm_kib, view->floor_kib);
    view->low_kib = ballast_min_u64(view->floor_kib, view->tot_kib);
    view->max_kib = ballast_max_u64(kib, view->floor_kib);
    view->need_kib = view->likely_kib = kib;
}

uint64_t pin_lacking_kib(const struct policy_domain *domains, size_t count)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < count; i++)
        sum_kib =
            ballast_add_ceil(sum_kib, ballast_sub_floor(domains[i].pinned_kib, domains[i].tot_kib));
    return sum_kib;
}

void pin_aims(const struct policy_view *view, bool request, struct policy_aim *aims)
{
    for (size_t i = 0; i < view->count; i++) {
        uint64_t kib = view->domains[i].pinned_kib;
        if (kib == 0 || (request && aims[i].kib == BALLAST_NONE))
            continue;
        if (request && aims[i].kib < kib)
            aims[i].reason = BALANCER_BELOW_PIN;
        else
            aims[i] = (struct policy_aim){kib, BALANCER_PINNED, 0};
    }
}
