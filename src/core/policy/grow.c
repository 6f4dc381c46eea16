/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which domains receive memory that is available, and in which parts. What is there goes to few
 * domains in parts that are worth a write, not to all of them in proportion: each page is in use as
 * soon, and a domain that grows is written to seldom. First are those that lack memory now, then
 * those that need more than they have, then those that only have less than their share; among them
 * the one that wishes most. A domain that has received some grows less urgent by it, so that the
 * others follow.
 */
#include "core/base/units_inline.h"
#include "core/policy/state.h"

/*
 * A part is worth a write if it is worth so much time of growth, or a large part of the domain's
 * memory: small ones do not wait for long, however fast they are.
 */
#define PART_USEC  (BALLAST_SEC_USEC * 1)
#define LARGE_PART 16
/* A domain that lacks nothing now waits for at least this part of its memory. */
#define CALM_PART 8
/* The next part is set when a domain has its last one within so much time. */
#define SOON_USEC (BALLAST_SEC_USEC / 5)

enum turn { TURN_LACKS, TURN_NEEDS, TURN_SURPLUS, TURNS };

/* What is left to hand out: of all memory beyond the headroom, and of the headroom. */
struct left {
    uint64_t beyond_kib;
    uint64_t headroom_kib;
};

static bool lacks_now(const struct policy_domain *view)
{
    return view->distressed || (view->used_kib != BALLAST_NONE && view->tot_kib < view->used_kib);
}

static enum turn turn_of(const struct balancer *balancer, size_t i)
{
    if (balancer->aims[i].reason == BALANCER_SHARE_OF_SURPLUS)
        return TURN_SURPLUS;
    return lacks_now(&balancer->views[i]) ? TURN_LACKS : TURN_NEEDS;
}

/* Whether it has nearly reached its target. */
static bool arrives_soon(const struct balancer *balancer, size_t i)
{
    const struct policy_domain *view = &balancer->views[i];
    uint64_t soon_kib = ballast_mul_div(view->grow_kib_per_sec, SOON_USEC, BALLAST_SEC_USEC);
    return balancer->plans[i].target_kib <= ballast_add_ceil(view->tot_kib, soon_kib);
}

static uint64_t least_part_kib(const struct policy_domain *view)
{
    uint64_t rate_kib_per_sec = ballast_min_u64(view->grow_kib_per_sec, view->tot_kib / LARGE_PART);
    uint64_t kib = ballast_mul_div(rate_kib_per_sec, PART_USEC, BALLAST_SEC_USEC);
    return lacks_now(view) ? kib : ballast_max_u64(kib, view->tot_kib / CALM_PART);
}

/* Of its wish: what may come out of the headroom. */
static uint64_t entitled_kib(const struct balancer *balancer, size_t i)
{
    const struct policy_domain *view = &balancer->views[i];
    const struct plan *plan = &balancer->plans[i];
    uint64_t planned_kib = ballast_max_u64(plan->target_kib, view->tot_kib);
    return ballast_min_u64(plan->wish_kib,
                           ballast_sub_floor(policy_entitled_kib(view), planned_kib));
}

static void give_growth(struct balancer *balancer, size_t i, struct left *left)
{
    const struct policy_domain *view = &balancer->views[i];
    struct plan *plan = &balancer->plans[i];
    uint64_t entitled = entitled_kib(balancer, i);
    uint64_t kib = ballast_min_u64(plan->wish_kib, left->beyond_kib);
    uint64_t more_kib = ballast_min_u64(ballast_sub_floor(entitled, kib), left->headroom_kib);
    uint64_t sum_kib = kib + more_kib;
    if (sum_kib < plan->wish_kib)
        sum_kib = sum_kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    /* The rest of a wish may not come for long where it is left to the headroom. */
    bool all =
        sum_kib == plan->wish_kib || (left->headroom_kib > 0 && entitled > 0 &&
                                      sum_kib >= entitled / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB);
    if (sum_kib == 0 || (!all && sum_kib < least_part_kib(view)))
        return;
    left->beyond_kib -= ballast_min_u64(sum_kib, kib);
    left->headroom_kib -= ballast_sub_floor(sum_kib, kib);
    plan->target_kib = ballast_max_u64(plan->target_kib, view->tot_kib) + sum_kib;
    plan->maxmem_kib = ballast_max_u64(plan->maxmem_kib, plan->target_kib);
    plan->reason = balancer->aims[i].reason;
    plan->grows = true;
}

/*
 * Domains by how large their wishes are, from the largest wish down to its half, from there to its
 * quarter and so on, each bracket in the order of the domains: a list through plan->next, of
 * indices + 1. A domain that gets nothing would get nothing later either, since less is left then,
 * so each is tried once.
 */
struct brackets {
    uint32_t first[64];
    uint32_t last[64];
};

static void add_to_bracket(struct balancer *balancer, struct brackets *brackets, size_t i,
                           uint64_t most_kib)
{
    uint64_t wish_kib = balancer->plans[i].wish_kib;
    int bracket = __builtin_clzll(wish_kib) - __builtin_clzll(most_kib);
    bracket += most_kib >> bracket > wish_kib;
    uint32_t number = (uint32_t)i + 1;
    if (brackets->first[bracket] == 0)
        brackets->first[bracket] = number;
    else
        balancer->plans[brackets->last[bracket] - 1].next = number;
    brackets->last[bracket] = number;
    balancer->plans[i].next = 0;
}

static void give_by_size(struct balancer *balancer, enum turn turn, uint64_t most_kib,
                         struct left *left)
{
    struct brackets brackets = {.first = {0}};
    for (size_t i = 0; i < balancer->view_count; i++) {
        if (balancer->plans[i].wish_kib > 0 && turn_of(balancer, i) == turn)
            add_to_bracket(balancer, &brackets, i, most_kib);
    }
    for (size_t bracket = 0; bracket < 64; bracket++) {
        uint32_t next = brackets.first[bracket];
        for (; next > 0; next = balancer->plans[next - 1].next)
            give_growth(balancer, next - 1, left);
    }
}

/* Those whose turn it is: if it is enough for all of them each has all, else the largest first. */
static bool give_in_turn(struct balancer *balancer, enum turn turn, struct left *left)
{
    uint64_t most_kib = 0;
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < balancer->view_count; i++) {
        if (balancer->plans[i].wish_kib == 0 || turn_of(balancer, i) != turn)
            continue;
        most_kib = ballast_max_u64(most_kib, balancer->plans[i].wish_kib);
        sum_kib = ballast_add_ceil(sum_kib, balancer->plans[i].wish_kib);
    }
    bool enough = sum_kib <= left->beyond_kib;
    if (most_kib > 0 && !enough)
        give_by_size(balancer, turn, most_kib, left);
    for (size_t i = 0; i < balancer->view_count && most_kib > 0 && enough; i++) {
        if (balancer->plans[i].wish_kib > 0 && turn_of(balancer, i) == turn)
            give_growth(balancer, i, left);
    }
    return enough;
}

void balancer_hand_out(struct balancer *balancer, uint64_t beyond_kib, uint64_t headroom_kib)
{
    struct left left = {beyond_kib, headroom_kib};
    bool any = false;
    for (size_t i = 0; i < balancer->view_count; i++) {
        if (balancer->plans[i].wish_kib > 0 && !arrives_soon(balancer, i))
            balancer->plans[i].wish_kib = 0;
        any = any || balancer->plans[i].wish_kib > 0;
    }
    for (int turn = 0; any && turn < TURNS; turn++) {
        if (!give_in_turn(balancer, (enum turn)turn, &left))
            return;
    }
}
