/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qmemman's rule (qubes-core-admin, qubes/qmemman/algo.py). A guest prefers 1.3 times its reported
 * use, dom0 350 MiB more, a guest at least 200 MiB. For a start, guests above their preference free
 * memory, each in proportion, 5 % more than requested. If all preferences can be met the rest is
 * shared in proportion to them; if not, guests above theirs are reduced to it and the others
 * receive what that frees. Guests that do not report and stuck guests are not asked.
 */
#include "core/base/units.h"
#include "core/peers/peers.h"

#define CACHE_PERMILLE    1300                    /* CACHE_FACTOR */
#define LEAST_KIB         (200 * BALLAST_MIB_KIB) /* MIN_PREFMEM */
#define DOM0_BOOST_KIB    (350 * BALLAST_MIB_KIB) /* DOM0_MEM_BOOST */
#define SAFETY_PERMYRIAD  10500                   /* REQ_SAFETY_NET_FACTOR */
#define LEAST_RECLAIM_KIB (10 * BALLAST_MIB_KIB)  /* balance_when_low_on_mem: not worth asking */
#define ROUNDING_PERMILLE 999                     /* both balance functions */

struct sums {
    uint64_t surplus_kib; /* the memory of guests above their preference beyond it */
    uint64_t lack_kib;    /* by how much the others are below theirs */
    uint64_t preferred_kib;
    uint64_t acceptors_kib; /* preference of those below theirs */
};

static bool has_preference(const struct policy_domain *domain)
{
    return domain->used_kib != BALLAST_NONE && !domain->stuck;
}

static uint64_t preferred_kib(const struct policy_domain *domain)
{
    uint64_t kib = ballast_mul_div(domain->used_kib, CACHE_PERMILLE, 1000);
    if (domain->is_dom0)
        return ballast_min_u64(ballast_add_ceil(kib, DOM0_BOOST_KIB), domain->max_kib);
    return ballast_max_u64(ballast_min_u64(kib, domain->max_kib), LEAST_KIB);
}

static bool is_donor(const struct policy_domain *domain)
{
    return preferred_kib(domain) < domain->tot_kib || domain->tot_kib >= domain->max_kib;
}

static struct sums sum_preferred(const struct policy_view *view)
{
    struct sums sums = {0};
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        if (!has_preference(domain))
            continue;
        uint64_t kib = preferred_kib(domain);
        sums.preferred_kib += kib;
        sums.surplus_kib += ballast_sub_floor(domain->tot_kib, kib);
        sums.lack_kib += ballast_sub_floor(kib, domain->tot_kib);
        if (!is_donor(domain))
            sums.acceptors_kib += kib;
    }
    return sums;
}

/* balloon(): all or nothing. */
static void for_start(const struct policy_view *view, const struct sums *sums, uint64_t missing_kib,
                      struct policy_aim *aims)
{
    if (sums->surplus_kib < missing_kib || sums->surplus_kib == 0)
        return;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        if (!has_preference(domain))
            continue;
        uint64_t surplus_kib = ballast_sub_floor(domain->tot_kib, preferred_kib(domain));
        uint64_t reclaim_kib = ballast_mul_div(surplus_kib, missing_kib, sums->surplus_kib);
        reclaim_kib = ballast_mul_div(reclaim_kib, SAFETY_PERMYRIAD, BALLAST_PERMYRIAD);
        if (reclaim_kib > 0)
            aims[i].kib = ballast_sub_floor(domain->tot_kib, reclaim_kib);
    }
}

/* balance_when_enough_mem(): preference and a part of the rest in proportion to it. */
static void with_enough(const struct policy_view *view, const struct sums *sums, uint64_t rest_kib,
                        struct policy_aim *aims)
{
    uint64_t left_kib = 0;
    size_t acceptors = 0;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        if (!has_preference(domain))
            continue;
        uint64_t kib = preferred_kib(domain);
        kib += ballast_mul_div(kib, rest_kib, sums->preferred_kib);
        kib = ballast_mul_div(kib, ROUNDING_PERMILLE, 1000);
        if (kib > domain->max_kib)
            left_kib += kib - domain->max_kib;
        else
            acceptors++;
        aims[i].kib = ballast_min_u64(kib, domain->max_kib);
    }
    while (left_kib > 0 && acceptors > 0) {
        uint64_t bonus_kib = ballast_mul_div(left_kib / acceptors, ROUNDING_PERMILLE, 1000);
        uint64_t next_kib = 0;
        size_t next = acceptors;
        for (size_t i = 0; i < view->count && bonus_kib > 0; i++) {
            const struct policy_domain *domain = &view->domains[i];
            if (!has_preference(domain) || aims[i].kib >= domain->max_kib)
                continue;
            if (aims[i].kib + bonus_kib >= domain->max_kib) {
                next_kib += aims[i].kib + bonus_kib - domain->max_kib;
                aims[i].kib = domain->max_kib;
                next--;
            } else {
                aims[i].kib += bonus_kib;
            }
        }
        left_kib = next_kib;
        acceptors = next;
    }
}

/* balance_when_low_on_mem(). */
static void when_low(const struct policy_view *view, const struct sums *sums,
                     struct policy_aim *aims)
{
    uint64_t brought_kib = view->available_kib;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        if (!has_preference(domain) || !is_donor(domain))
            continue;
        uint64_t reclaim_kib = ballast_sub_floor(domain->tot_kib, preferred_kib(domain));
        if (reclaim_kib < LEAST_RECLAIM_KIB)
            continue;
        aims[i].kib = preferred_kib(domain);
        /*
         * As in qmemman: what the donors have still to free is subtracted from what the others
         * receive now.
         */
        if (brought_kib < reclaim_kib)
            brought_kib = 0;
        else
            brought_kib -= reclaim_kib;
    }
    for (size_t i = 0; i < view->count && brought_kib > 0; i++) {
        const struct policy_domain *domain = &view->domains[i];
        if (!has_preference(domain) || is_donor(domain))
            continue;
        uint64_t part_kib =
            ballast_mul_div(preferred_kib(domain), brought_kib, sums->acceptors_kib);
        uint64_t kib = ballast_mul_div(domain->tot_kib + part_kib, ROUNDING_PERMILLE, 1000);
        aims[i].kib = ballast_min_u64(kib, domain->max_kib);
    }
}

void peers_preferred_aim(const struct policy_view *view, struct policy_aim *aims)
{
    struct sums sums = sum_preferred(view);
    for (size_t i = 0; i < view->count; i++)
        aims[i] = (struct policy_aim){BALLAST_NONE, BALANCER_RULE, 0};
    if (view->wanted_kib > 0) {
        for_start(view, &sums, ballast_sub_floor(view->wanted_kib, view->available_kib), aims);
        return;
    }
    uint64_t have_kib = ballast_add_ceil(view->available_kib, sums.surplus_kib);
    if (have_kib > sums.lack_kib && sums.preferred_kib > 0)
        with_enough(view, &sums, have_kib - sums.lack_kib, aims);
    else
        when_low(view, &sums, aims);
}
