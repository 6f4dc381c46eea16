/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ballast's own policy.
 *
 * While a start waits, every possible donor is asked at once, for more than its share: each frees
 * memory at its own rate, and when enough is free all are stopped. So the time is as short as
 * possible, no donor has to be suspected to be stuck before another is asked, and each guest costs
 * two writes. How deep to reach depends on time: only for idle memory, if that takes hardly longer
 * than reaching deeper would; else down to what guests need; else down to their minima.
 *
 * At other times memory is divided in four rounds, each by weight: what each domain needs as far as
 * that is proven or within an even share, what it is believed to need, what it is likely to need
 * soon, the rest. Memory moves from domains above their share only
 * to domains below their need, and free memory is handed out; a difference that harms no domain
 * stays. The headroom is set aside behind the needs, so that they go before it and all else
 * behind it, and is made good by domains above their share.
 */
#include "core/base/units_inline.h"
#include "core/policy/first_need.h"
#include "core/policy/fill.h"
#include "core/policy/policy.h"

/* Sparing domains that need their memory may cost a twentieth of the shortest time plus 0.1 s. */
#define SPARING_PERMYRIAD 10500
#define SPARING_USEC      (BALLAST_SEC_USEC / 10)
/* So exactly a time is found; Newton's steps to it, of which 2 or 3 are usual. */
#define SPAN_USEC  (BALLAST_SEC_USEC / 100)
#define SPAN_STEPS 8
/* Memory that lies idle is handed out when it is more than this part of the host. */
#define SURPLUS_PART 64
/*
 * If no domain is short, memory moves only from one far above its share to one below this part of
 * its share.
 */
#define UNFAIR_PERMYRIAD 6000
/* A difference of less than this part of a guest's current memory is ignored. */
#define GRAIN_PART 32
/* If nothing else can be reclaimed, so much less of a grain is. */
#define FINE_PART 2
/* No domain is asked for less than this part of its current memory. */
#define LEAST_RECLAIM_PART 8
/* A lack of less than this part of the headroom is ignored, so that each page moves no domain. */
#define HEADROOM_PART 8

/* A guest in distress may have this part more than an even share: what a sign of it is given. */
#define DISTRESS_PART 8

/*
 * The last one is for what all others together cannot free: pinned guests below their pinned
 * targets, and guests in distress up to about an even share: a false report keeps no more than
 * that.
 */
enum reach { REACH_IDLE, REACH_BEYOND_NEED, REACH_MINIMUM, REACH_BELOW_PIN, REACHES };

static uint64_t bound_kib(const struct policy_domain *domain, enum reach reach)
{
    uint64_t kib = domain->floor_kib;
    if (domain->distressed && reach < REACH_BELOW_PIN) {
        uint64_t beyond_kib = domain->even_kib / DISTRESS_PART;
        kib = ballast_max_u64(kib, ballast_add_ceil(domain->even_kib, beyond_kib));
        return reach == REACH_IDLE ? domain->tot_kib : ballast_min_u64(kib, domain->tot_kib);
    }
    if (reach == REACH_IDLE)
        kib = ballast_max_u64(kib, domain->likely_kib);
    else if (reach == REACH_BEYOND_NEED)
        kib = ballast_max_u64(kib, domain->need_kib);
    else if (reach == REACH_MINIMUM)
        kib = ballast_max_u64(kib, domain->pinned_kib);
    return ballast_min_u64(kib, domain->tot_kib);
}

/* What all together free within a time, and how fast they then still do. */
struct reclaimed {
    uint64_t kib;
    uint64_t rate_kib_per_sec;
};

/* What each domain may free, and its rate, are its part's upper bound and weight. */
static struct reclaimed reclaimed_after(const struct policy_view *view, uint64_t usec)
{
    struct reclaimed sum = {0, 0};
    for (size_t i = 0; i < view->count; i++) {
        const struct fill_part *part = &view->parts[i];
        uint64_t could_kib = ballast_mul_div(part->weight, usec, BALLAST_SEC_USEC);
        sum.kib = ballast_add_ceil(sum.kib, ballast_min_u64(could_kib, part->high_kib));
        sum.rate_kib_per_sec =
            ballast_add_ceil(sum.rate_kib_per_sec, could_kib < part->high_kib ? part->weight : 0);
    }
    return sum;
}

/* The longest time that is known not to suffice, and the shortest that is known to. */
struct span {
    uint64_t short_usec;
    uint64_t enough_usec;
};

static struct reclaimed try_span(const struct policy_view *view, uint64_t kib, uint64_t usec,
                                 struct span *span)
{
    struct reclaimed sum = reclaimed_after(view, usec);
    if (sum.kib < kib)
        span->short_usec = usec;
    else
        span->enough_usec = usec;
    return sum;
}

/* Sums only where no other time has told already: the sum never falls as the time grows. */
static bool is_enough(const struct policy_view *view, uint64_t kib, uint64_t usec,
                      struct span *span)
{
    if (usec > span->short_usec && usec < span->enough_usec)
        (void)try_span(view, kib, usec, span);
    return usec >= span->enough_usec;
}

/*
 * Newton's method: all together free ever less a second, so each step falls short of the time that
 * is looked for, until it is there.
 */
static void narrow_span(const struct policy_view *view, uint64_t kib, struct span *span)
{
    uint64_t usec = 1;
    for (int i = 0; i < SPAN_STEPS && usec > span->short_usec && usec < span->enough_usec; i++) {
        struct reclaimed sum = try_span(view, kib, usec, span);
        if (sum.rate_kib_per_sec == 0)
            break;
        usec = ballast_add_ceil(usec, ballast_mul_div(ballast_sub_floor(kib, sum.kib),
                                                      BALLAST_SEC_USEC, sum.rate_kib_per_sec));
    }
    (void)is_enough(view, kib, ballast_add_ceil(usec, SPAN_USEC / 2), span);
}

/* How long all together take to free this much; BALLAST_NONE: longer than an hour, or never. */
static uint64_t reclaim_usec(const struct policy_view *view, enum reach reach, uint64_t kib)
{
    uint64_t low = 0;
    uint64_t high = 3600 * BALLAST_SEC_USEC;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        view->parts[i].high_kib = domain->stuck ? 0 : domain->tot_kib - bound_kib(domain, reach);
        view->parts[i].weight = domain->reclaim_kib_per_sec;
    }
    if (reclaimed_after(view, high).kib < kib)
        return BALLAST_NONE;
    struct span span = {.short_usec = 0, .enough_usec = high};
    narrow_span(view, kib, &span);
    while (high - low > SPAN_USEC) {
        uint64_t middle = low + (high - low) / 2;
        if (is_enough(view, kib, middle, &span))
            high = middle;
        else
            low = middle;
    }
    return high;
}

static enum reach choose_reach(const struct policy_view *view, uint64_t missing_kib)
{
    uint64_t least_usec = reclaim_usec(view, REACH_MINIMUM, missing_kib);
    if (least_usec == BALLAST_NONE)
        return REACH_BELOW_PIN;
    uint64_t may_usec =
        ballast_mul_div(least_usec, SPARING_PERMYRIAD, BALLAST_PERMYRIAD) + SPARING_USEC;
    for (int reach = REACH_IDLE; reach < REACH_MINIMUM; reach++) {
        if (reclaim_usec(view, (enum reach)reach, missing_kib) <= may_usec)
            return (enum reach)reach;
    }
    return REACH_MINIMUM;
}

static void aim_for_start(const struct policy_view *view, struct policy_aim *aims)
{
    uint64_t missing_kib = view->wanted_kib - view->available_kib;
    enum reach reach = choose_reach(view, missing_kib);
    enum balancer_reason reason =
        reach == REACH_IDLE ? BALANCER_RECLAIMED_FOR_START : BALANCER_SQUEEZED_FOR_START;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        /* No domain is asked for more than all that is missing. */
        uint64_t kib = ballast_max_u64(bound_kib(domain, reach),
                                       ballast_sub_floor(domain->tot_kib, missing_kib));
        /* If it is already shrinking to less, that target stays: it will be stopped in time. */
        if (domain->target_kib < domain->tot_kib && domain->target_kib >= domain->floor_kib)
            kib = ballast_min_u64(kib, domain->target_kib);
        aims[i] = (struct policy_aim){kib, reason, 0};
    }
}

static uint64_t clamped_aim_kib(const struct policy_domain *domain, uint64_t kib)
{
    return ballast_max_u64(domain->min_kib, ballast_min_u64(kib, domain->max_kib));
}

/*
 * The four rounds. Afterwards aims[i].kib is what domain i receives for its need, in the first two,
 * parts[i].low_kib after the third, and parts[i].out_kib in the end.
 */
static void share_out_memory(const struct policy_view *view, struct policy_aim *aims)
{
    struct fill_part *parts = view->parts;
    uint64_t pool_kib = view->available_kib;
    uint64_t shares = 1;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        pool_kib = ballast_add_ceil(pool_kib, domain->tot_kib);
        shares += domain->shares;
    }
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        parts[i] = (struct fill_part){.low_kib = domain->min_kib,
                                      .high_kib = clamped_aim_kib(domain, first_need_kib(domain)),
                                      .weight = domain->shares};
    }
    fill_by_weight(parts, view->count, pool_kib);
    for (size_t i = 0; i < view->count; i++) {
        parts[i].low_kib = parts[i].out_kib;
        parts[i].high_kib = ballast_max_u64(
            parts[i].out_kib, clamped_aim_kib(&view->domains[i], view->domains[i].need_kib));
    }
    fill_by_weight(parts, view->count, pool_kib);
    pool_kib = ballast_sub_floor(pool_kib, view->headroom_kib);
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        uint64_t modest_kib =
            ballast_mul_div(pool_kib / POLICY_MODEST_PART, domain->shares, shares);
        uint64_t likely_kib = ballast_max_u64(domain->likely_kib, modest_kib);
        aims[i].kib = parts[i].out_kib;
        parts[i].low_kib = parts[i].out_kib;
        parts[i].high_kib = ballast_max_u64(parts[i].out_kib, clamped_aim_kib(domain, likely_kib));
    }
    fill_by_weight(parts, view->count, pool_kib);
    for (size_t i = 0; i < view->count; i++) {
        parts[i].low_kib = parts[i].out_kib;
        parts[i].high_kib = ballast_max_u64(parts[i].out_kib, view->domains[i].max_kib);
    }
    fill_by_weight(parts, view->count, pool_kib);
}

/* A difference that is not worth a write. */
static uint64_t grain_kib(const struct policy_domain *domain)
{
    return domain->tot_kib / GRAIN_PART + BALLAST_PAGE_KIB;
}

/*
 * Below what it receives for its need by more than a grain, or at all below the use that it
 * reports.
 */
static bool is_short(const struct policy_domain *domain, const struct policy_aim *for_need)
{
    bool pressed = domain->used_kib != BALLAST_NONE && domain->tot_kib < domain->used_kib;
    uint64_t tolerance_kib = pressed ? BALLAST_PAGE_KIB : grain_kib(domain);
    return ballast_add_ceil(domain->tot_kib, tolerance_kib) < for_need->kib;
}

/*
 * The aim of a domain that is short: what it is likely to need, and a grain beyond its need.
 */
static uint64_t relief_kib(const struct policy_view *view, size_t i, uint64_t first_kib)
{
    return ballast_max_u64(view->parts[i].low_kib,
                           ballast_add_ceil(first_kib, grain_kib(&view->domains[i])));
}

/*
 * What domains that are short lack; if none is short, what domains with far less than their share
 * lack.
 */
static uint64_t lack_kib(const struct policy_view *view, const struct policy_aim *aims,
                         bool *unfair)
{
    uint64_t short_kib = 0;
    uint64_t unfair_kib = 0;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        const struct fill_part *part = &view->parts[i];
        if (is_short(domain, &aims[i]))
            short_kib += relief_kib(view, i, aims[i].kib) - domain->tot_kib;
        else if (domain->tot_kib <
                 ballast_mul_div(part->out_kib, UNFAIR_PERMYRIAD, BALLAST_PERMYRIAD))
            unfair_kib += part->out_kib - domain->tot_kib;
    }
    *unfair = short_kib == 0 && unfair_kib > 0;
    return *unfair ? unfair_kib : short_kib;
}

/* What it has beyond its share, as far as it may be asked for that now. */
static uint64_t surplus_of(const struct policy_domain *domain, uint64_t share_kib)
{
    uint64_t keep_kib = ballast_max_u64(share_kib, domain->floor_kib);
    keep_kib = ballast_max_u64(keep_kib, domain->squeeze_kib);
    return domain->stuck ? 0 : ballast_sub_floor(domain->tot_kib, keep_kib);
}

/* The same, once most_surplus_kib() has noted it. */
static uint64_t surplus_kib(const struct policy_view *view, size_t i)
{
    return view->parts[i].high_kib;
}

/* Not what a balloon leaves beyond its target, as those of PVH and HVM guests do at rest. */
static bool is_being_reclaimed(const struct policy_view *view, const struct policy_domain *domain)
{
    uint64_t near_kib = ballast_max_u64(view->inaccuracy_kib, BALLAST_PAGE_KIB);
    return !domain->stuck && ballast_add_ceil(domain->target_kib, near_kib) < domain->tot_kib;
}

/* What shrinking domains are still to free. */
static uint64_t underway_kib(const struct policy_view *view)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        if (is_being_reclaimed(view, domain))
            sum_kib = ballast_add_ceil(sum_kib, domain->tot_kib - domain->target_kib);
    }
    return sum_kib;
}

/* The memory to reclaim in addition, and from which domains. */
struct reclaim {
    uint64_t take_kib;
    enum balancer_reason reason;
    uint64_t about_kib;        /* what is lacking by that reason */
    uint64_t bar_kib;          /* a domain with at least this surplus is asked */
    uint64_t rate_kib_per_sec; /* of all domains that are asked */
    bool fine;                 /* and with at least a grain, or a part of it */
};

static bool is_worth_asking(const struct policy_domain *domain, uint64_t surplus, bool fine)
{
    uint64_t least_kib = grain_kib(domain);
    return surplus >= BALLAST_PAGE_KIB && surplus >= (fine ? least_kib / FINE_PART : least_kib);
}

static bool may_reclaim_from(const struct policy_view *view, size_t i,
                             const struct reclaim *reclaim)
{
    const struct policy_domain *domain = &view->domains[i];
    uint64_t kib = surplus_kib(view, i);
    return kib >= reclaim->bar_kib && is_worth_asking(domain, kib, reclaim->fine) &&
           !is_being_reclaimed(view, domain);
}

/*
 * Notes each domain's surplus as its part's upper bound, and returns the largest. Says whether a
 * domain that has a grain beyond its share can be asked.
 */
static uint64_t most_surplus_kib(const struct policy_view *view, bool *can_ask_any)
{
    uint64_t most_kib = 0;
    *can_ask_any = false;
    for (size_t i = 0; i < view->count; i++) {
        const struct policy_domain *domain = &view->domains[i];
        uint64_t kib = surplus_of(domain, view->parts[i].out_kib);
        view->parts[i].high_kib = kib;
        most_kib = ballast_max_u64(most_kib, kib);
        *can_ask_any = *can_ask_any ||
                       (is_worth_asking(domain, kib, false) && !is_being_reclaimed(view, domain));
    }
    return most_kib;
}

/* What domains could free whose surplus is above one bar and not above the one before. */
struct step {
    uint64_t kib;
    uint64_t rate_kib_per_sec;
};

/* The bars are halves of the largest surplus, halves of these and so on, down to a page. */
static void sum_by_bar(const struct policy_view *view, const struct reclaim *reclaim,
                       uint64_t most_kib, struct step steps[64])
{
    for (size_t i = 0; i < view->count; i++) {
        uint64_t kib = surplus_kib(view, i);
        if (!may_reclaim_from(view, i, reclaim))
            continue;
        int at = __builtin_clzll(kib) - __builtin_clzll(most_kib);
        at += most_kib >> at > kib;
        steps[at].kib = ballast_add_ceil(steps[at].kib, kib);
        steps[at].rate_kib_per_sec =
            ballast_add_ceil(steps[at].rate_kib_per_sec, view->domains[i].reclaim_kib_per_sec);
    }
}

/* Ask few for much rather than many for little, but enough that they have twice what is wanted. */
static void plan_reclaim(const struct policy_view *view, uint64_t underway, struct reclaim *reclaim)
{
    struct step steps[64] = {{0, 0}};
    bool can_ask_any;
    uint64_t most_kib = most_surplus_kib(view, &can_ask_any);
    uint64_t sum_kib = 0;
    /* A grain is left to each, unless that is all that there is. */
    reclaim->fine = !can_ask_any && underway == 0;
    reclaim->bar_kib = BALLAST_PAGE_KIB;
    sum_by_bar(view, reclaim, most_kib, steps);
    for (int at = 0; most_kib >> at > BALLAST_PAGE_KIB && sum_kib / 2 < reclaim->take_kib; at++) {
        reclaim->bar_kib = most_kib >> at;
        sum_kib = ballast_add_ceil(sum_kib, steps[at].kib);
        reclaim->rate_kib_per_sec =
            ballast_add_ceil(reclaim->rate_kib_per_sec, steps[at].rate_kib_per_sec);
    }
}

/* What is to be reclaimed: what domains lack, and the headroom beside that. */
static struct reclaim wanted_reclaim(const struct policy_view *view, uint64_t lacking_kib)
{
    struct reclaim reclaim = {.bar_kib = BALLAST_NONE};
    uint64_t underway = underway_kib(view);
    uint64_t have_kib = ballast_add_ceil(view->available_kib, underway);
    uint64_t take_kib =
        ballast_sub_floor(ballast_add_ceil(lacking_kib, view->headroom_kib), have_kib);
    uint64_t ignored_kib = lacking_kib > 0 ? 0 : view->headroom_kib / HEADROOM_PART;
    if (take_kib <= ignored_kib)
        return reclaim;
    reclaim.take_kib = take_kib;
    reclaim.about_kib = lacking_kib > 0 ? ballast_min_u64(take_kib, lacking_kib) : take_kib;
    reclaim.reason =
        lacking_kib > 0 ? BALANCER_RECLAIMED_FOR_OTHERS : BALANCER_RECLAIMED_FOR_HEADROOM;
    plan_reclaim(view, underway, &reclaim);
    return reclaim;
}

static struct policy_aim hold_aim(const struct policy_domain *domain)
{
    return (struct policy_aim){domain->tot_kib, BALANCER_RECLAIM_STOPPED, 0};
}

/*
 * The aim of a domain that is asked: a part in proportion to its reclaim rate, and a fifth more,
 * since not all will free theirs.
 */
static struct policy_aim reclaim_part(const struct policy_view *view, size_t i,
                                      const struct reclaim *reclaim)
{
    const struct policy_domain *domain = &view->domains[i];
    uint64_t part_kib = ballast_mul_div(reclaim->take_kib, domain->reclaim_kib_per_sec,
                                        ballast_max_u64(reclaim->rate_kib_per_sec, 1));
    part_kib = ballast_add_ceil(part_kib, part_kib / 5);
    part_kib = ballast_max_u64(part_kib, domain->tot_kib / LEAST_RECLAIM_PART + BALLAST_PAGE_KIB);
    uint64_t kib =
        ballast_max_u64(view->parts[i].out_kib, ballast_sub_floor(domain->tot_kib, part_kib));
    return (struct policy_aim){kib, reclaim->reason, reclaim->about_kib};
}

static struct policy_aim aim_balanced(const struct policy_view *view, size_t i,
                                      const struct policy_aim *for_need,
                                      const struct reclaim *reclaim, bool unfair, bool surplus)
{
    const struct policy_domain *domain = &view->domains[i];
    const struct fill_part *part = &view->parts[i];
    if (is_short(domain, for_need))
        return (struct policy_aim){
            relief_kib(view, i, for_need->kib),
            domain->distressed ? BALANCER_UNDER_PRESSURE : BALANCER_NEEDS_MORE, 0};
    if (unfair && domain->tot_kib < part->out_kib)
        return (struct policy_aim){part->out_kib, BALANCER_SHARE_OF_SURPLUS, 0};
    /* It is shrinking, and will still have what it is known to need: let it arrive. */
    uint64_t known_kib = ballast_min_u64(for_need->kib, domain->need_kib);
    if (is_being_reclaimed(view, domain) &&
        ballast_add_ceil(domain->target_kib, grain_kib(domain)) >= known_kib)
        return (struct policy_aim){BALLAST_NONE, BALANCER_RECLAIMED_FOR_OTHERS, 0};
    if (reclaim->take_kib > 0 && may_reclaim_from(view, i, reclaim))
        return reclaim_part(view, i, reclaim);
    /* It is growing within its share, or has nearly arrived: likewise. */
    if (domain->target_kib > domain->tot_kib &&
        (domain->target_kib <= ballast_add_ceil(part->out_kib, 2 * grain_kib(domain)) ||
         domain->target_kib <= ballast_add_ceil(domain->tot_kib, grain_kib(domain))))
        return (struct policy_aim){BALLAST_NONE, BALANCER_SHARE_OF_SURPLUS, 0};
    if (surplus && domain->tot_kib < part->out_kib)
        return (struct policy_aim){part->out_kib, BALANCER_SHARE_OF_SURPLUS, 0};
    return hold_aim(domain);
}

void policy_ballast_aim(const struct policy_view *view, struct policy_aim *aims)
{
    if (view->wanted_kib > view->available_kib) {
        aim_for_start(view, aims);
        return;
    }
    share_out_memory(view, aims);
    bool unfair;
    uint64_t lacking_kib = lack_kib(view, aims, &unfair);
    struct reclaim reclaim = wanted_reclaim(view, lacking_kib);
    uint64_t kept_kib = ballast_add_ceil(view->headroom_kib, view->total_kib / SURPLUS_PART);
    bool surplus = view->idle_kib > ballast_add_ceil(lacking_kib, kept_kib);
    for (size_t i = 0; i < view->count; i++)
        aims[i] = aim_balanced(view, i, &aims[i], &reclaim, unfair, surplus);
}
