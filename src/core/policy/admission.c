/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Grants and refuses starts, and sums up what the waiting ones need.
 *
 * A start is refused at once only by arithmetic: it needs more than would be free with every domain
 * at its minimum. Otherwise it is refused if the donors that are not stuck could not free what is
 * missing, and that has lasted for a while; a start with a deadline has more time for it, since a
 * stuck donor may continue.
 */
#include "core/base/units_inline.h"
#include "core/policy/state.h"

/*
 * How long a start must be infeasible before it is refused, without and with a deadline. The
 * patience with donors comes before that: they count until they are stuck.
 */
#define INFEASIBLE_USEC          (BALLAST_SEC_USEC / 5)
#define INFEASIBLE_DEADLINE_USEC (30 * BALLAST_SEC_USEC)
/* A start that has waited this long is no longer overtaken by later ones. */
#define OVERTAKEN_USEC (30 * BALLAST_SEC_USEC)

static void sort_by_arrival(struct balancer *balancer, const struct balancer_input *input)
{
    /* Insertion sort: requests are few and mostly sorted already. */
    for (size_t i = 0; i < input->request_count; i++) {
        size_t at = i;
        while (at > 0 && input->requests[balancer->order[at - 1]].arrived_usec >
                             input->requests[i].arrived_usec) {
            balancer->order[at] = balancer->order[at - 1];
            at--;
        }
        balancer->order[at] = i;
        balancer->waits[i] = true;
    }
}

static void decide_request(struct balancer *balancer, const struct balancer_input *input,
                           size_t request, bool granted, enum balancer_reason reason,
                           struct balancer_figures figures)
{
    balancer->waits[request] = false;
    balancer->verdicts[balancer->verdict_count++] =
        (struct balancer_verdict){.request = input->requests[request].id,
                                  .granted = granted,
                                  .claim = granted,
                                  .reason = reason,
                                  .figures = figures};
}

/*
 * What the donors that are not stuck have above the size that they may be asked to reach. Those
 * that are not shrinking count too: they may have reached their target, and are asked for more if
 * others have taken some of it.
 */
static uint64_t reclaimable_kib(const struct balancer *balancer)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < balancer->view_count; i++) {
        const struct policy_domain *view = &balancer->views[i];
        if (!view->stuck)
            sum_kib = ballast_add_ceil(sum_kib, ballast_sub_floor(view->tot_kib, view->floor_kib));
    }
    return sum_kib;
}

static uint64_t held_back_kib(const struct balancer *balancer)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < balancer->view_count; i++) {
        const struct policy_domain *view = &balancer->views[i];
        sum_kib = ballast_add_ceil(sum_kib, ballast_sub_floor(view->tot_kib, view->firm_kib));
    }
    return sum_kib;
}

static void refuse_impossible(struct balancer *balancer, const struct balancer_input *input,
                              const struct accounts *accounts)
{
    uint64_t possible_kib = ballast_add_ceil(
        accounts->available_kib, ballast_add_ceil(accounts->spare_kib, accounts->future_spare_kib));
    for (size_t i = 0; i < input->request_count; i++) {
        const struct balancer_request *request = &input->requests[i];
        uint64_t missing_kib = ballast_sub_floor(request->need_kib, accounts->available_kib);
        if (request->need_kib > possible_kib)
            decide_request(balancer, input, i, false, BALANCER_NEVER_FITS,
                           (struct balancer_figures){.needed_kib = request->need_kib,
                                                     .possible_kib = possible_kib});
        else if (missing_kib > 0 && request->deadline_usec <= balancer->now_usec)
            decide_request(balancer, input, i, false, BALANCER_TOO_LATE,
                           (struct balancer_figures){.missing_kib = missing_kib});
    }
}

/* In order of arrival; a later one that fits now overtakes, but only for a limited time. */
static void grant_what_fits(struct balancer *balancer, const struct balancer_input *input,
                            struct accounts *accounts)
{
    uint64_t left_kib = accounts->available_kib;
    bool closed = false;
    for (size_t i = 0; i < input->request_count && !closed; i++) {
        size_t at = balancer->order[i];
        const struct balancer_request *request = &input->requests[at];
        if (!balancer->waits[at])
            continue;
        if (request->need_kib <= left_kib) {
            left_kib -= request->need_kib;
            decide_request(
                balancer, input, at, true, BALANCER_FITS,
                (struct balancer_figures){.needed_kib = request->need_kib, .left_kib = left_kib});
        } else if (ballast_sub_floor(balancer->now_usec, request->arrived_usec) >= OVERTAKEN_USEC) {
            closed = true;
        }
    }
    accounts->granted_kib = accounts->available_kib - left_kib;
}

static void sum_wanted(struct balancer *balancer, const struct balancer_input *input,
                       struct accounts *accounts)
{
    uint64_t could_kib =
        ballast_add_ceil(accounts->available_kib - accounts->granted_kib, accounts->spare_kib);
    for (size_t i = 0; i < input->request_count; i++) {
        size_t at = balancer->order[i];
        uint64_t need_kib = input->requests[at].need_kib;
        if (!balancer->waits[at] || need_kib > could_kib - accounts->wanted_kib)
            continue;
        accounts->wanted_kib += need_kib;
    }
}

static bool infeasible_too_long(const struct balancer *balancer,
                                const struct balancer_request *request)
{
    uint64_t since_usec = ballast_max_u64(balancer->last_feasible_usec, request->arrived_usec);
    uint64_t infeasible_usec = ballast_sub_floor(balancer->now_usec, since_usec);
    return infeasible_usec >=
           (request->deadline_usec == BALLAST_NONE ? INFEASIBLE_USEC : INFEASIBLE_DEADLINE_USEC);
}

static void refuse_infeasible(struct balancer *balancer, const struct balancer_input *input,
                              struct accounts *accounts)
{
    uint64_t left_kib = accounts->available_kib - accounts->granted_kib;
    uint64_t reach_kib = ballast_add_ceil(left_kib, reclaimable_kib(balancer));
    reach_kib = ballast_add_ceil(reach_kib, accounts->returning_kib);
    bool feasible = true;
    for (size_t i = 0; i < input->request_count; i++) {
        if (balancer->waits[i] && input->requests[i].need_kib > reach_kib)
            feasible = false;
    }
    if (feasible)
        balancer->last_feasible_usec = balancer->now_usec;
    for (size_t i = 0; i < input->request_count; i++) {
        const struct balancer_request *request = &input->requests[i];
        if (balancer->waits[i] && request->need_kib > reach_kib &&
            infeasible_too_long(balancer, request))
            decide_request(balancer, input, i, false, BALANCER_DONORS_STUCK,
                           (struct balancer_figures){.missing_kib = request->need_kib - left_kib,
                                                     .held_kib = held_back_kib(balancer)});
    }
}

void balancer_admit(struct balancer *balancer, const struct balancer_input *input,
                    struct accounts *accounts)
{
    sort_by_arrival(balancer, input);
    refuse_impossible(balancer, input, accounts);
    grant_what_fits(balancer, input, accounts);
    /* A policy that never reclaims for a start does not show when a request is infeasible. */
    if (balancer->policy->squeezes)
        refuse_infeasible(balancer, input, accounts);
    sum_wanted(balancer, input, accounts);
}
