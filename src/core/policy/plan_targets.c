/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Turns aims into sets. First come the changes that lower or limit: lower targets, cancel growth
 * for which there is no memory, lower maxima. The budget is what is then available and not within
 * the reach of any maximum; only that is handed out. So the room that all maxima leave never
 * exceeds available memory, in this tick and, since guests only move within their maxima, in the
 * next.
 */
#include "core/model/host_inline.h"
#include "core/policy/squeeze.h"
#include "core/policy/state.h"

/* A target does not move by less than this part of the guest's current memory. */
#define STILL_PART 512
/*
 * A floor moves with every report and has a margin of a twentieth, so it is followed in larger
 * steps.
 */
#define FLOOR_STILL_PART 64

struct planner {
    struct balancer *balancer;
    const struct ballast_host *host;
    bool start_waits;     /* and the policy reclaims for it */
    uint64_t missing_kib; /* for that start, or for domains that are short */
    uint64_t
        budget_kib;    /* available and not wanted for a start: the bound of the sum of all rooms */
    uint64_t room_kib; /* the sum of all rooms */
};

static const struct ballast_domain *domain_at(const struct planner *planner, size_t i)
{
    return &planner->host->domains[planner->balancer->domain_of[i]];
}

static uint64_t difference_kib(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* Whole pages, but not below the minimum if that is not whole. */
static uint64_t whole_pages_kib(const struct policy_domain *view, uint64_t kib)
{
    uint64_t pages_kib = kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    return pages_kib < view->floor_kib ? kib : pages_kib;
}

/* The aim within the domain's bounds. */
static uint64_t bounded_aim_kib(const struct policy_domain *view, uint64_t kib)
{
    return ballast_max_u64(view->floor_kib, ballast_min_u64(kib, view->max_kib));
}

/*
 * Its current memory within the bounds of a target: also below the minimum, until there is memory.
 */
static uint64_t staying_kib(const struct policy_domain *view)
{
    return ballast_max_u64(view->low_kib, ballast_min_u64(view->tot_kib, view->max_kib));
}

/* How far a target must be from its aim before it is worth a write. */
static uint64_t still_kib(const struct planner *planner, const struct policy_domain *view,
                          uint64_t aim_kib)
{
    uint64_t least_kib =
        ballast_max_u64(planner->balancer->options.inaccuracy_kib, BALLAST_PAGE_KIB);
    /* A pinned target is kept to the page. */
    if (view->pinned_kib > 0 && aim_kib == view->pinned_kib)
        return 0;
    bool at_floor =
        aim_kib - view->floor_kib < BALLAST_PAGE_KIB && view->floor_kib > view->firm_kib;
    uint64_t part = at_floor ? FLOOR_STILL_PART : STILL_PART;
    return ballast_max_u64(least_kib, view->tot_kib / part);
}

/* A domain that is to shrink. */
static void plan_shrink(const struct planner *planner, const struct policy_domain *view,
                        uint64_t aim_kib, struct plan *plan)
{
    uint64_t to_kib = whole_pages_kib(view, aim_kib);
    bool to_the_end = to_kib == view->firm_kib && to_kib != plan->target_kib;
    /* However little a start lacks, a donor must begin to free it. */
    bool begins =
        planner->start_waits && plan->target_kib == view->tot_kib && to_kib < view->tot_kib;
    if (to_the_end || begins ||
        difference_kib(to_kib, plan->target_kib) > still_kib(planner, view, aim_kib) ||
        plan->target_kib > view->tot_kib)
        plan->target_kib = to_kib;
}

/* A domain that is to keep its size or grow; growth is handed out later. */
static void plan_hold(const struct planner *planner, const struct policy_domain *view,
                      uint64_t aim_kib, struct plan *plan)
{
    uint64_t near_kib =
        ballast_max_u64(planner->balancer->options.inaccuracy_kib, BALLAST_PAGE_KIB);
    bool shrinking = ballast_add_ceil(plan->target_kib, near_kib) < view->tot_kib;
    bool growing = plan->target_kib > ballast_add_ceil(view->tot_kib, near_kib);
    bool too_far =
        growing && plan->target_kib > ballast_add_ceil(aim_kib, still_kib(planner, view, aim_kib));
    if (shrinking || too_far || (growing && planner->start_waits)) {
        plan->target_kib = staying_kib(view);
        plan->reason = BALANCER_RECLAIM_STOPPED;
    }
}

/*
 * A domain that has stopped does not keep a target that it cannot reach, whatever the policy says.
 */
static bool is_in_backoff(const struct planner *planner, size_t i)
{
    const struct balancer *balancer = planner->balancer;
    const struct floor_facts *facts = &balancer->facts[balancer->domain_of[i]];
    return balancer->plans[i].target_kib < balancer->views[i].low_kib &&
           floor_in_backoff(&facts->last_stop, facts->now_usec);
}

static void plan_maximum(const struct planner *planner, const struct ballast_domain *domain,
                         struct plan *plan)
{
    bool moved = plan->target_kib != domain->target_kib;
    if (plan->maxmem_kib < plan->target_kib || moved || planner->start_waits)
        plan->maxmem_kib = plan->target_kib;
}

static uint64_t room_of(const struct plan *plan, const struct policy_domain *view)
{
    return ballast_sub_floor(plan->maxmem_kib, view->tot_kib);
}

static void plan_all(struct planner *planner)
{
    struct balancer *balancer = planner->balancer;
    for (size_t i = 0; i < balancer->view_count; i++) {
        const struct ballast_domain *domain = domain_at(planner, i);
        const struct policy_domain *view = &balancer->views[i];
        const struct policy_aim *aim = &balancer->aims[i];
        struct plan *plan = &balancer->plans[i];
        *plan = (struct plan){.target_kib = domain->target_kib,
                              .maxmem_kib = domain->maxmem_kib,
                              .reason = aim->reason};
        uint64_t aim_kib =
            aim->kib == BALLAST_NONE ? domain->target_kib : bounded_aim_kib(view, aim->kib);
        if (!planner->start_waits)
            aim_kib = squeeze_aim_kib(view, aim_kib);
        if (is_in_backoff(planner, i)) {
            plan->target_kib = staying_kib(view);
            plan->reason = BALANCER_BACKOFF;
        } else if (aim->kib != BALLAST_NONE && aim_kib < view->tot_kib)
            plan_shrink(planner, view, aim_kib, plan);
        else if (aim->kib != BALLAST_NONE || (planner->start_waits && aim_kib > view->tot_kib))
            plan_hold(planner, view, aim_kib, plan);
        plan_maximum(planner, domain, plan);
        planner->room_kib = ballast_add_ceil(planner->room_kib, room_of(plan, view));
    }
}

/*
 * Brings the rooms within their bound: lowers maxima beyond targets and, if asked to, cancels
 * growth under way.
 */
static void fit_rooms(struct planner *planner, uint64_t most_kib, bool call_off)
{
    struct balancer *balancer = planner->balancer;
    for (size_t i = 0; i < balancer->view_count && planner->room_kib > most_kib; i++) {
        const struct policy_domain *view = &balancer->views[i];
        struct plan *plan = &balancer->plans[i];
        uint64_t before_kib = room_of(plan, view);
        if (before_kib == 0)
            continue;
        if (call_off && plan->target_kib > view->tot_kib) {
            plan->target_kib = staying_kib(view);
            plan->reason = BALANCER_RECLAIM_STOPPED;
        }
        plan->maxmem_kib =
            ballast_min_u64(plan->maxmem_kib, ballast_max_u64(plan->target_kib, view->tot_kib));
        planner->room_kib -= before_kib - room_of(plan, view);
    }
}

/* By how much a domain's aim exceeds its present target. */
static uint64_t wish_kib(const struct planner *planner, size_t i)
{
    const struct balancer *balancer = planner->balancer;
    const struct policy_domain *view = &balancer->views[i];
    bool below = view->tot_kib < view->floor_kib;
    if (balancer->aims[i].kib == BALLAST_NONE && !below)
        return 0;
    /* While a start waits, only domains below their minimum receive memory. */
    if (planner->start_waits && !below && !balancer->options.take_before_free)
        return 0;
    uint64_t aim_kib = balancer->aims[i].kib == BALLAST_NONE ? 0 : balancer->aims[i].kib;
    if (planner->start_waits && below)
        aim_kib = 0;
    uint64_t planned_kib = ballast_max_u64(balancer->plans[i].target_kib, view->tot_kib);
    return ballast_sub_floor(whole_pages_kib(view, bounded_aim_kib(view, aim_kib)), planned_kib);
}

/* Of a wish: what may come out of the headroom. */
static uint64_t entitled_wish_kib(const struct planner *planner, size_t i, uint64_t wish)
{
    const struct policy_domain *view = &planner->balancer->views[i];
    uint64_t planned_kib = ballast_max_u64(planner->balancer->plans[i].target_kib, view->tot_kib);
    return ballast_min_u64(wish, ballast_sub_floor(policy_entitled_kib(view), planned_kib));
}

/*
 * Sums the wishes, of which `entitled` may come out of the headroom, and hands out what is left of
 * the budget.
 */
static void plan_growth(struct planner *planner)
{
    struct balancer *balancer = planner->balancer;
    const struct balancer_options *options = &balancer->options;
    uint64_t wishes_kib = 0;
    uint64_t entitled_kib = 0;
    for (size_t i = 0; i < balancer->view_count; i++) {
        uint64_t kib = wish_kib(planner, i);
        balancer->plans[i].wish_kib = kib;
        if (kib == 0)
            continue;
        wishes_kib = ballast_add_ceil(wishes_kib, kib);
        entitled_kib = ballast_add_ceil(entitled_kib, entitled_wish_kib(planner, i, kib));
    }
    uint64_t keep_kib =
        ballast_add_ceil(wishes_kib, wishes_kib > entitled_kib ? options->headroom_kib : 0);
    /* Room beyond targets is not wanted: it is cut first. */
    fit_rooms(planner, ballast_sub_floor(planner->budget_kib, keep_kib), false);
    uint64_t left_kib = ballast_sub_floor(planner->budget_kib, planner->room_kib);
    uint64_t beyond_kib =
        options->take_before_free ? wishes_kib : ballast_sub_floor(left_kib, options->headroom_kib);
    balancer_hand_out(balancer, beyond_kib, ballast_sub_floor(left_kib, beyond_kib));
}

static struct balancer_figures figures_for(const struct planner *planner, size_t i,
                                           const struct plan *plan)
{
    const struct policy_domain *view = &planner->balancer->views[i];
    const struct ballast_domain *domain = domain_at(planner, i);
    bool for_start =
        plan->reason == BALANCER_RECLAIMED_FOR_START || plan->reason == BALANCER_SQUEEZED_FOR_START;
    return (struct balancer_figures){
        .missing_kib = for_start ? planner->missing_kib : planner->balancer->aims[i].about_kib,
        .current_kib = view->tot_kib,
        .needed_kib = view->need_kib,
        .share_kib = ballast_sub_floor(plan->target_kib, view->tot_kib),
        .pinned_kib = view->pinned_kib,
        .used_kib = view->used_kib,
        .change_kib = difference_kib(domain->maxmem_kib, plan->maxmem_kib),
    };
}

/* Its floor, if that limits its new target. */
static struct floor floor_that_held(const struct planner *planner, size_t i,
                                    const struct plan *plan)
{
    const struct policy_domain *view = &planner->balancer->views[i];
    const struct ballast_domain *domain = domain_at(planner, i);
    bool held = plan->target_kib != domain->target_kib &&
                view->floor_kib > domain->dynamic_min_kib && plan->target_kib <= view->floor_kib &&
                !view->is_dom0;
    return held ? floor_of(&planner->balancer->facts[planner->balancer->domain_of[i]])
                : (struct floor){0};
}

static void charge_squeeze(struct balancer *balancer, size_t i, uint64_t target_kib)
{
    const struct policy_domain *view = &balancer->views[i];
    squeeze_charge(&balancer->tracks[balancer->domain_of[i]], view,
                   squeeze_step_of(balancer, view->tot_kib), target_kib, balancer->now_usec);
}

/* Its target goes below the use that it reports, while a step of a probe is under way. */
static bool is_probed(const struct balancer *balancer, size_t i,
                      const struct ballast_domain *domain)
{
    uint64_t used_kib = ballast_domain_used_kib(domain);
    return balancer->tracks[balancer->domain_of[i]].probe.from_kib > 0 &&
           used_kib != BALLAST_NONE && balancer->plans[i].target_kib < used_kib;
}

static void add_set(struct planner *planner, size_t i)
{
    struct balancer *balancer = planner->balancer;
    const struct ballast_domain *domain = domain_at(planner, i);
    struct plan *plan = &balancer->plans[i];
    bool target_moves = plan->target_kib != domain->target_kib;
    bool maximum_moves = plan->maxmem_kib != domain->maxmem_kib;
    if (plan->reason == BALANCER_RECLAIMED_FOR_OTHERS && is_probed(balancer, i, domain))
        plan->reason = BALANCER_PROBED;
    if (target_moves && !planner->start_waits)
        charge_squeeze(balancer, i, plan->target_kib);
    if (!target_moves)
        plan->reason = plan->maxmem_kib < domain->maxmem_kib ? BALANCER_MAXIMUM_LOWERED
                                                             : BALANCER_MAXIMUM_RAISED;
    balancer->sets[balancer->set_count++] = (struct balancer_set){
        .id = domain->id,
        .target_kib = target_moves ? plan->target_kib : BALLAST_NONE,
        .maxmem_kib = maximum_moves ? plan->maxmem_kib : BALLAST_NONE,
        .reason = plan->reason,
        .figures = figures_for(planner, i, plan),
        .floor = floor_that_held(planner, i, plan),
    };
}

/* For each domain that changes: first those that shrink or are limited, then those that grow. */
static void add_sets(struct planner *planner, bool grows)
{
    const struct balancer *balancer = planner->balancer;
    for (size_t i = 0; i < balancer->view_count; i++) {
        const struct plan *plan = &balancer->plans[i];
        const struct ballast_domain *domain = domain_at(planner, i);
        if (plan->grows == grows &&
            (plan->target_kib != domain->target_kib || plan->maxmem_kib != domain->maxmem_kib))
            add_set(planner, i);
    }
}

void balancer_plan_targets(struct balancer *balancer, const struct balancer_input *input,
                           const struct accounts *accounts)
{
    uint64_t left_kib = ballast_sub_floor(accounts->available_kib, accounts->granted_kib);
    uint64_t wanted_kib = ballast_add_ceil(accounts->wanted_kib, accounts->deficit_kib);
    struct planner planner = {
        .balancer = balancer,
        .host = input->host,
        .start_waits = wanted_kib > 0 && balancer->policy->squeezes,
        .missing_kib = ballast_sub_floor(wanted_kib, left_kib),
        .budget_kib = left_kib,
    };
    /* Memory that is being reclaimed for a start is not handed out. */
    if (planner.start_waits)
        planner.budget_kib = ballast_sub_floor(left_kib, wanted_kib);
    planner.budget_kib = ballast_add_ceil(planner.budget_kib, accounts->owed_kib);
    planner.budget_kib = ballast_sub_floor(planner.budget_kib, balancer->options.guard_kib);
    plan_all(&planner);
    fit_rooms(&planner, planner.budget_kib, false);
    fit_rooms(&planner, planner.budget_kib, !balancer->options.take_before_free);
    plan_growth(&planner);
    add_sets(&planner, false);
    if (accounts->has_reservations)
        balancer_hold_others(balancer, input->host, accounts);
    balancer->take_count = balancer->set_count;
    add_sets(&planner, true);
    /* If memory is withheld from a domain, there is none to raise another with. */
    if (balancer->held_kib > 0)
        return;
    uint64_t room_kib = 0;
    for (size_t i = 0; i < balancer->view_count; i++)
        room_kib = ballast_add_ceil(room_kib, room_of(&balancer->plans[i], &balancer->views[i]));
    balancer_raise_others(balancer, input->host, ballast_sub_floor(planner.budget_kib, room_kib));
}
