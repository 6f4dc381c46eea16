/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/balancer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/model/host_inline.h"
#include "core/policy/findings.h"
#include "core/policy/first_need.h"
#include "core/policy/pin.h"
#include "core/policy/squeeze.h"
#include "core/policy/start_up.h"
#include "core/policy/state.h"

/* A guest without a balloon driver that is younger than this may still be booting. */
#define BOOTING_USEC (120 * BALLAST_SEC_USEC)
/* dom0 keeps a tenth more than its known use, whatever its minimum is. */
#define DOM0_PERMYRIAD 11000
/* Memory that no domain takes for this long, or for twice as long, is idle. */
#define IDLE_USEC (7 * BALLAST_SEC_USEC)
/* A guest that runs with part of its use in swap is asked for an eighth more than that part. */
#define SWAP_STEP_PART 8

struct balancer *balancer_new(const struct policy *policy, const struct balancer_options *options)
{
    struct balancer *balancer = calloc(1, sizeof(*balancer));
    if (!balancer)
        return NULL;
    balancer->policy = policy;
    balancer->options = options ? *options : BALANCER_OPTIONS_DEFAULT;
    return balancer;
}

void balancer_free(struct balancer *balancer)
{
    if (!balancer)
        return;
    free(balancer->tracks);
    free(balancer->old_tracks);
    free(balancer->table);
    free(balancer->facts);
    free(balancer->views);
    free(balancer->domain_of);
    free(balancer->aims);
    free(balancer->parts);
    free(balancer->plans);
    free(balancer->order);
    free(balancer->waits);
    free(balancer->sets);
    free(balancer->findings);
    free(balancer->verdicts);
    free(balancer);
}

void balancer_set_policy(struct balancer *balancer, const struct policy *policy)
{
    balancer->policy = policy;
}

void balancer_set_inaccuracy(struct balancer *balancer, uint64_t kib)
{
    balancer->options.inaccuracy_kib = kib;
}

void balancer_set_headroom(struct balancer *balancer, uint64_t kib)
{
    balancer->options.headroom_kib = kib;
}

void balancer_set_settings(struct balancer *balancer, const struct balancer_settings *settings)
{
    balancer->options.settings = *settings;
}

/* Grows one array; on failure the old one stays. */
static bool grow_array(void *array_at, size_t count, size_t size)
{
    void *old;
    memcpy(&old, array_at, sizeof(old));
    void *made = reallocarray(old, count, size);
    if (!made)
        return false;
    memcpy(array_at, &made, sizeof(made));
    return true;
}

static bool make_room_for_domains(struct balancer *balancer, size_t count)
{
    if (count <= balancer->domain_capacity)
        return true;
    size_t capacity = 64;
    while (capacity < count)
        capacity *= 2;
    if (!grow_array(&balancer->tracks, capacity, sizeof(*balancer->tracks)) ||
        !grow_array(&balancer->old_tracks, capacity, sizeof(*balancer->old_tracks)) ||
        !grow_array(&balancer->table, 2 * capacity, sizeof(*balancer->table)) ||
        !grow_array(&balancer->facts, capacity, sizeof(*balancer->facts)) ||
        !grow_array(&balancer->views, capacity, sizeof(*balancer->views)) ||
        !grow_array(&balancer->domain_of, capacity, sizeof(*balancer->domain_of)) ||
        !grow_array(&balancer->aims, capacity, sizeof(*balancer->aims)) ||
        !grow_array(&balancer->parts, capacity, sizeof(*balancer->parts)) ||
        !grow_array(&balancer->plans, capacity, sizeof(*balancer->plans)) ||
        !grow_array(&balancer->findings, capacity * FINDINGS_MOST, sizeof(*balancer->findings)) ||
        !grow_array(&balancer->sets, capacity, sizeof(*balancer->sets)))
        return false;
    balancer->table_size = 2 * capacity;
    balancer->domain_capacity = capacity;
    return true;
}

static bool make_room_for_requests(struct balancer *balancer, size_t count)
{
    if (count <= balancer->request_capacity)
        return true;
    size_t capacity = 16;
    while (capacity < count)
        capacity *= 2;
    if (!grow_array(&balancer->order, capacity, sizeof(*balancer->order)) ||
        !grow_array(&balancer->waits, capacity, sizeof(*balancer->waits)) ||
        !grow_array(&balancer->verdicts, capacity, sizeof(*balancer->verdicts)))
        return false;
    balancer->request_capacity = capacity;
    return true;
}

/* Knuth's multiplicative hash; table_size is a power of two. */
static size_t slot_of(const struct balancer *balancer, uint32_t id)
{
    return (size_t)(id * UINT32_C(2654435761)) & (balancer->table_size - 1);
}

static void index_old_tracks(struct balancer *balancer)
{
    memset(balancer->table, 0, balancer->table_size * sizeof(*balancer->table));
    for (size_t i = 0; i < balancer->old_count; i++) {
        size_t slot = slot_of(balancer, balancer->old_tracks[i].id);
        while (balancer->table[slot] != 0)
            slot = (slot + 1) & (balancer->table_size - 1);
        balancer->table[slot] = (uint32_t)i + 1;
    }
}

static const struct track *find_old(const struct balancer *balancer, uint32_t id)
{
    size_t slot = slot_of(balancer, id);
    for (; balancer->table[slot] != 0; slot = (slot + 1) & (balancer->table_size - 1)) {
        const struct track *track = &balancer->old_tracks[balancer->table[slot] - 1];
        if (track->id == id)
            return track;
    }
    return NULL;
}

/* Whether the domains are the previous ones, in the same order. */
static bool same_domains(const struct balancer *balancer, const struct ballast_host *host)
{
    if (host->domain_count != balancer->track_count)
        return false;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (balancer->tracks[i].id != host->domains[i].id)
            return false;
    }
    return true;
}

/* With a duplicate id, one domain's memory would count for another. */
static int check_unique_ids(struct balancer *balancer, const struct ballast_host *host,
                            struct ballast_error *err)
{
    balancer->same_domains = same_domains(balancer, host);
    if (balancer->same_domains)
        return 0;
    memset(balancer->table, 0, balancer->table_size * sizeof(*balancer->table));
    for (size_t i = 0; i < host->domain_count; i++) {
        uint32_t id = host->domains[i].id;
        size_t slot = slot_of(balancer, id);
        for (; balancer->table[slot] != 0; slot = (slot + 1) & (balancer->table_size - 1)) {
            if (host->domains[balancer->table[slot] - 1].id == id)
                return ballast_fail(err, -EINVAL, "duplicate domain id %" PRIu32, id);
        }
        balancer->table[slot] = (uint32_t)i + 1;
    }
    return 0;
}

/* A further sample of a domain. */
static void refresh_track(struct balancer *balancer, struct track *track,
                          const struct ballast_domain *domain, uint64_t now_usec)
{
    struct probe probe = track->probe;
    uint32_t trust_permyriad = track->trust_permyriad;
    uint64_t stopped_usec = track->last_stop.usec;
    track_update(track, domain, now_usec, balancer->options.inaccuracy_kib);
    if (start_up_lasts(track, balancer->options.settings.start_up_usec, now_usec))
        start_up_apply(trust_permyriad, track, domain);
    balancer->finding_count +=
        findings_of(&probe, track, domain, now_usec, balancer->findings + balancer->finding_count);
    balancer->stop_changes += track->last_stop.usec != stopped_usec;
}

/* Domains came or went, or are in another order: their tracks are looked up by id. */
static void reorder_tracks(struct balancer *balancer, const struct ballast_host *host)
{
    struct track *swap = balancer->old_tracks;
    balancer->old_tracks = balancer->tracks;
    balancer->old_count = balancer->track_count;
    balancer->tracks = swap;
    balancer->track_count = host->domain_count;
    index_old_tracks(balancer);
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct track *old = find_old(balancer, host->domains[i].id);
        if (!old) {
            track_begin(&balancer->tracks[i], &host->domains[i], host->now_usec);
            continue;
        }
        balancer->tracks[i] = *old;
        refresh_track(balancer, &balancer->tracks[i], &host->domains[i], host->now_usec);
    }
}

static void refresh_tracks(struct balancer *balancer, const struct ballast_host *host)
{
    if (!balancer->same_domains) {
        reorder_tracks(balancer, host);
        return;
    }
    for (size_t i = 0; i < host->domain_count; i++)
        refresh_track(balancer, &balancer->tracks[i], &host->domains[i], host->now_usec);
}

/* dom0's minimum is computed from its known use; more is not needed. */
static uint64_t dom0_least_kib(const struct ballast_domain *domain, const struct track *track)
{
    uint64_t kib = domain->dynamic_min_kib;
    if (domain->is_dom0 && domain->used_kib != BALLAST_NONE) {
        uint64_t keep_kib = ballast_mul_div(track->need_kib, DOM0_PERMYRIAD, BALLAST_PERMYRIAD);
        kib = ballast_max_u64(kib, ballast_min_u64(keep_kib, domain->dynamic_max_kib));
    }
    return kib;
}

/* dom0 is not of any guest's type. */
static const struct balancer_like *like_of(const struct balancer *balancer,
                                           const struct track *track)
{
    static const struct balancer_like none = {PACE_NONE, PACE_NONE};
    return track->is_dom0 || track->kind == BALLAST_KIND_UNKNOWN ? &none
                                                                 : &balancer->likes[track->kind];
}

static void learn_of_likes(struct balancer *balancer)
{
    for (size_t i = 0; i < BALLAST_KINDS; i++)
        balancer->likes[i] = (struct balancer_like){PACE_NONE, PACE_NONE};
    for (size_t i = 0; i < balancer->track_count; i++) {
        const struct track *track = &balancer->tracks[i];
        if (track->is_dom0 || (track->reclaim_kib_per_sec | track->grow_kib_per_sec) == 0)
            continue;
        pace_learn(&balancer->likes[track->kind].down, track->reclaim_kib_per_sec);
        pace_learn(&balancer->likes[track->kind].up, track->grow_kib_per_sec);
    }
}

/* dom0's minimum is computed elsewhere. */
static struct floor_facts facts_of(const struct balancer *balancer,
                                   const struct ballast_domain *domain, const struct track *track,
                                   uint64_t share_kib)
{
    uint64_t now_usec = balancer->now_usec;
    bool speaks = domain->used_kib != BALLAST_NONE && track->trust_permyriad >= TRACK_TRUST_NONE;
    /* What it has shown to run without, plus a little: it has to prove each further step first. */
    uint64_t swap_kib = track->swap_kib + track->swap_kib / SWAP_STEP_PART;
    if (domain->is_dom0 || balancer->options.no_floors)
        return FLOOR_NO_FACTS;
    struct floor_facts facts = floor_facts_seen(domain, now_usec);
    facts.reported_used_kib =
        speaks ? ballast_sub_floor(track->trusted_report_kib, swap_kib) : BALLAST_NONE;
    if (speaks && start_up_awaits_report(track, domain, now_usec))
        facts.reported_used_kib = ballast_max_u64(facts.reported_used_kib, domain->tot_kib);
    facts.report_most_kib = share_kib;
    facts.up_usec = track->up_usec == BALLAST_NONE ? BALLAST_NONE : now_usec - track->up_usec;
    facts.last_stop = track->last_stop;
    return facts;
}

/*
 * The part of a floor that the domain has, within its maximum: a floor never gives memory. In whole
 * pages, since a target reads back in whole pages.
 */
static uint64_t kept_kib(const struct ballast_domain *domain, uint64_t least_kib, uint64_t kib)
{
    kib = kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    kib = ballast_min_u64(ballast_min_u64(kib, domain->tot_kib), domain->dynamic_max_kib);
    return ballast_max_u64(least_kib, kib);
}

static uint64_t vital_kib(const struct ballast_domain *domain, const struct track *track)
{
    return probe_may_kill(domain, &track->distress)
               ? ballast_min_u64(track->need_kib, domain->tot_kib)
               : 0;
}

/* `share_kib` is its even share. */
static void make_view(const struct balancer *balancer, const struct ballast_domain *domain,
                      const struct track *track, const struct floor_facts *facts,
                      uint64_t share_kib, struct policy_domain *view)
{
    const struct balancer_like *like = like_of(balancer, track);
    bool in_backoff = floor_in_backoff(&facts->last_stop, facts->now_usec);
    uint64_t known_kib = in_backoff ? domain->tot_kib : floor_size_kib(facts);
    uint64_t least_kib = floor_minimal_kernel_kib(facts->static_max_kib, facts->videoram_kib);
    uint64_t max_kib = ballast_min_u64(domain->dynamic_max_kib, domain->static_max_kib);
    view->is_dom0 = domain->is_dom0;
    view->tot_kib = domain->tot_kib;
    view->target_kib = domain->target_kib;
    view->min_kib = dom0_least_kib(domain, track);
    view->floor_kib = kept_kib(domain, view->min_kib, known_kib);
    view->firm_kib = kept_kib(domain, view->min_kib, least_kib);
    view->low_kib = ballast_min_u64(view->floor_kib, domain->tot_kib);
    view->max_kib = ballast_max_u64(ballast_min_u64(max_kib, track->ceiling_kib), view->floor_kib);
    view->pinned_kib = 0;
    view->static_max_kib = domain->static_max_kib;
    view->used_kib = ballast_domain_used_kib(domain);
    view->reported_free_kib = domain->reported_free_kib;
    view->need_kib = track->need_kib;
    view->likely_kib = ballast_max_u64(track->likely_kib, track->need_kib);
    view->reclaim_kib_per_sec = pace_of(track->reclaim_kib_per_sec, &like->down).min_kib_per_sec;
    view->grow_kib_per_sec = pace_of(track->grow_kib_per_sec, &like->up).min_kib_per_sec;
    view->shares = domain->shares;
    view->even_kib = share_kib;
    view->vital_kib = vital_kib(domain, track);
    view->proven = track_is_proven(track);
    view->distressed = track->distress.level == DISTRESS_FULL;
    view->stuck = track->stuck || in_backoff;
    pin_view(view, domain->pinned_kib, facts);
    squeeze_view(view, track, squeeze_step_of(balancer, domain->tot_kib),
                 balancer->options.inaccuracy_kib, balancer->now_usec);
}

/*
 * What a domain that is not asked can take to reach its target, unless it has shown that it does
 * not: its maximum is limited to that, see hold.c.
 */
static uint64_t reach_kib(const struct ballast_domain *domain, const struct track *track)
{
    uint64_t kib = ballast_domain_untaken_kib(domain);
    return kib > 0 && track->heading > 0 && track->stuck ? 0 : kib;
}

/* A migrating domain is asked again if it stays, and frees all its memory if it does not. */
static bool may_return(const struct ballast_domain *domain)
{
    return domain->state == BALLAST_DOMAIN_MIGRATING && domain->has_balloon && domain->shares > 0;
}

/* A domain that is being built or boots may become a donor. */
static bool may_be_asked_later(const struct ballast_domain *domain, uint64_t age_usec)
{
    if (may_return(domain))
        return true;
    if (domain->state == BALLAST_DOMAIN_BUILD)
        return true;
    /*
     * A domain that is populated on demand and not covered yet has still to boot, however long it
     * takes.
     */
    if (domain->state == BALLAST_DOMAIN_RUN && domain->has_balloon &&
        ballast_domain_pod_lacks_kib(domain) > 0 && domain->shares > 0)
        return true;
    return domain->state == BALLAST_DOMAIN_RUN && !domain->has_balloon && age_usec < BOOTING_USEC;
}

static void add_view(struct balancer *balancer, const struct ballast_domain *domain, size_t i,
                     uint64_t share_kib, struct accounts *accounts)
{
    const struct track *track = &balancer->tracks[i];
    struct policy_domain *view = &balancer->views[balancer->view_count];
    make_view(balancer, domain, track, &balancer->facts[i], share_kib, view);
    accounts->spare_kib =
        ballast_add_ceil(accounts->spare_kib, ballast_sub_floor(view->tot_kib, view->firm_kib));
    /* A start waits for its report rather than being refused. */
    if (start_up_awaits_report(track, domain, balancer->now_usec))
        accounts->returning_kib = ballast_add_ceil(
            accounts->returning_kib, ballast_sub_floor(view->floor_kib, view->firm_kib));
    balancer->domain_of[balancer->view_count++] = i;
}

/* What may become available of a domain that is not asked. */
static void count_future(const struct ballast_domain *domain, const struct track *track,
                         uint64_t now_usec, struct accounts *accounts)
{
    if (!may_be_asked_later(domain, now_usec - track->first_usec))
        return;
    uint64_t range_kib = ballast_sub_floor(
        ballast_add_ceil(domain->tot_kib, domain->build_left_kib), domain->dynamic_min_kib);
    accounts->future_spare_kib = ballast_add_ceil(accounts->future_spare_kib, range_kib);
    if (may_return(domain))
        accounts->returning_kib = ballast_add_ceil(
            accounts->returning_kib, ballast_add_ceil(range_kib, reach_kib(domain, track)));
}

static void view_domains(struct balancer *balancer, const struct balancer_input *input,
                         const struct census *census, struct accounts *accounts)
{
    const struct ballast_host *host = input->host;
    struct even even = even_share(census, accounts->available_kib, input->request_count > 0);
    balancer->view_count = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        uint64_t share_kib = even_kib(&even, domain);
        balancer->facts[i] = facts_of(balancer, domain, &balancer->tracks[i], share_kib);
        if (ballast_domain_is_asked(domain))
            add_view(balancer, domain, i, share_kib, accounts);
        else
            count_future(domain, &balancer->tracks[i], host->now_usec, accounts);
    }
}

static struct accounts count_free(struct balancer *balancer, const struct balancer_input *input,
                                  const struct census *census)
{
    const struct ballast_host *host = input->host;
    uint64_t building_kib = census->building_kib;
    uint64_t reach = 0;
    for (size_t i = 0; i < host->domain_count; i++)
        reach = ballast_add_ceil(reach, reach_kib(&host->domains[i], &balancer->tracks[i]));
    uint64_t taken_kib = ballast_max_u64(host->claimed_kib, building_kib);
    taken_kib = ballast_add_ceil(taken_kib, input->reserved_kib);
    taken_kib = ballast_add_ceil(taken_kib, host->slack_kib);
    bool has_reservations = building_kib > 0 || host->claimed_kib > 0 || input->reserved_kib > 0 ||
                            input->request_count > 0;
    balancer->kept_kib = reach;
    balancer->has_reservations = has_reservations;
    return (struct accounts){
        .beyond_reserved_kib =
            ballast_host_at_once_beside_kib(host, building_kib, input->reserved_kib, 0),
        .available_kib = ballast_host_at_once_beside_kib(host, building_kib, input->reserved_kib,
                                                         has_reservations ? reach : 0),
        .deficit_kib = ballast_sub_floor(taken_kib, host->free_kib),
        /* Memory that others may still take may turn out not to be taken. */
        .future_spare_kib = has_reservations ? reach : 0,
        .has_reservations = has_reservations};
}

/* A minimum is a guarantee: memory for domains below theirs is not for starts. */
static void keep_for_minima(struct balancer *balancer, struct accounts *accounts)
{
    uint64_t below_kib = 0;
    for (size_t i = 0; i < balancer->view_count; i++) {
        const struct policy_domain *view = &balancer->views[i];
        if (view->tot_kib < view->min_kib && !balancer->tracks[balancer->domain_of[i]].stuck)
            below_kib = ballast_add_ceil(below_kib, view->min_kib - view->tot_kib);
    }
    accounts->owed_kib = ballast_min_u64(below_kib, accounts->available_kib);
    accounts->available_kib -= accounts->owed_kib;
    balancer->kept_kib = ballast_add_ceil(balancer->kept_kib, accounts->owed_kib);
    accounts->deficit_kib = ballast_add_ceil(accounts->deficit_kib, below_kib - accounts->owed_kib);
}

/* What others have to leave it. */
static uint64_t heeded_need_kib(const struct policy_domain *view)
{
    uint64_t kib =
        ballast_max_u64(first_need_kib(view), ballast_max_u64(view->floor_kib, view->pinned_kib));
    return ballast_min_u64(kib, view->max_kib);
}

/* Available memory and what domains have beyond their need, less what others lack. */
static void look_out(struct balancer *balancer, const struct ballast_host *host,
                     const struct accounts *accounts)
{
    uint64_t have_kib = accounts->available_kib;
    uint64_t lack_kib = ballast_add_ceil(accounts->wanted_kib, accounts->granted_kib);
    lack_kib = ballast_add_ceil(lack_kib, accounts->deficit_kib);
    for (size_t i = 0; i < balancer->view_count; i++) {
        const struct policy_domain *view = &balancer->views[i];
        uint64_t need_kib = heeded_need_kib(view);
        if (!view->stuck)
            have_kib = ballast_add_ceil(have_kib, ballast_sub_floor(view->tot_kib, need_kib));
        lack_kib = ballast_add_ceil(lack_kib, ballast_sub_floor(need_kib, view->tot_kib));
    }
    host_outlook_update(&balancer->outlook, &balancer->options.settings,
                        ballast_sub_floor(have_kib, lack_kib), host->total_kib, balancer->now_usec);
}

/* What was available at any time of this interval and of the last one. At the start all counts. */
static uint64_t note_idle(struct balancer *balancer, uint64_t available_kib)
{
    if (!balancer->started || balancer->now_usec - balancer->idle_usec >= IDLE_USEC) {
        balancer->idle_kib[1] = balancer->started ? balancer->idle_kib[0] : available_kib;
        balancer->idle_kib[0] = available_kib;
        balancer->idle_usec = balancer->now_usec;
    }
    balancer->idle_kib[0] = ballast_min_u64(balancer->idle_kib[0], available_kib);
    return ballast_min_u64(balancer->idle_kib[0], balancer->idle_kib[1]);
}

static void ask_policy(struct balancer *balancer, const struct balancer_input *input,
                       const struct accounts *accounts)
{
    struct policy_view view = {
        .now_usec = balancer->now_usec,
        .total_kib = input->host->total_kib,
        .available_kib = ballast_sub_floor(accounts->available_kib, accounts->granted_kib),
        .wanted_kib = ballast_add_ceil(accounts->wanted_kib, accounts->deficit_kib),
        .headroom_kib = balancer->options.headroom_kib,
        .take_before_free = balancer->options.take_before_free,
        .inaccuracy_kib = balancer->options.no_inaccuracy ? 0 : balancer->options.inaccuracy_kib,
        .domains = balancer->views,
        .count = balancer->view_count,
        .parts = balancer->parts,
    };
    view.idle_kib = note_idle(balancer, view.available_kib);
    const struct policy *policy = balancer->policy;
    bool request = policy->squeezes && view.wanted_kib > view.available_kib;
    if (view.wanted_kib == 0)
        view.available_kib = ballast_sub_floor(
            view.available_kib, pin_lacking_kib(balancer->views, balancer->view_count));
    bool due =
        !balancer->started || balancer->now_usec - balancer->decided_usec >= policy->interval_usec;
    for (size_t i = 0; i < balancer->view_count && !due; i++)
        balancer->aims[i] = (struct policy_aim){BALLAST_NONE, BALANCER_RULE, 0};
    if (due) {
        policy->aim(&view, balancer->aims);
        balancer->decided_usec = balancer->now_usec;
    }
    pin_aims(&view, request, balancer->aims);
}

static int check_input(struct balancer *balancer, const struct balancer_input *input,
                       struct ballast_error *err)
{
    if (balancer->started && input->host->now_usec < balancer->now_usec)
        return ballast_fail(err, -EINVAL,
                            "time went backwards: %" PRIu64 " us after %" PRIu64 " us",
                            input->host->now_usec, balancer->now_usec);
    if (!make_room_for_domains(balancer, input->host->domain_count) ||
        !make_room_for_requests(balancer, input->request_count))
        return ballast_fail(err, -ENOMEM, "out of memory");
    return check_unique_ids(balancer, input->host, err);
}

int balancer_decide(struct balancer *balancer, const struct balancer_input *input,
                    struct balancer_output *out, struct ballast_error *err)
{
    int rc = check_input(balancer, input, err);
    if (rc < 0)
        return rc;
    balancer->now_usec = input->host->now_usec;
    balancer->set_count = balancer->take_count = balancer->verdict_count = 0;
    balancer->held_kib = 0;
    balancer->finding_count = 0;
    refresh_tracks(balancer, input->host);
    struct census census = census_of(input->host);
    balancer_begin_probes(balancer, input->host, &census, input->request_count > 0);
    learn_of_likes(balancer);
    struct accounts accounts = count_free(balancer, input, &census);
    view_domains(balancer, input, &census, &accounts);
    keep_for_minima(balancer, &accounts);
    balancer_admit(balancer, input, &accounts);
    ask_policy(balancer, input, &accounts);
    balancer_plan_targets(balancer, input, &accounts);
    look_out(balancer, input->host, &accounts);
    balancer->started = true;
    *out = (struct balancer_output){.sets = balancer->sets,
                                    .set_count = balancer->set_count,
                                    .take_count = balancer->take_count,
                                    .verdicts = balancer->verdicts,
                                    .verdict_count = balancer->verdict_count,
                                    .findings = balancer->findings,
                                    .finding_count = balancer->finding_count,
                                    .available_kib = accounts.available_kib,
                                    .deficit_kib = accounts.deficit_kib,
                                    .held_kib = balancer->held_kib,
                                    .held_id = balancer->held_id};
    return 0;
}

uint64_t balancer_kept_kib(const struct balancer *balancer)
{
    return balancer->kept_kib;
}

struct host_outlook balancer_outlook(const struct balancer *balancer)
{
    return balancer->outlook;
}

uint64_t balancer_stop_changes(const struct balancer *balancer)
{
    return balancer->stop_changes;
}

static struct domain_estimate estimate_of(const struct balancer *balancer,
                                          const struct track *track,
                                          const struct floor_facts *facts)
{
    bool in_backoff = floor_in_backoff(&facts->last_stop, facts->now_usec);
    struct floor_facts unbounded = *facts;
    unbounded.report_most_kib = BALLAST_NONE;
    return (struct domain_estimate){
        .balloon_status =
            in_backoff && track->has_balloon ? BALLOON_STUCK : track_balloon_status(track),
        .reclaim_kib_per_sec =
            track->reclaim_kib_per_sec ? track->reclaim_kib_per_sec : BALLAST_NONE,
        .grow_kib_per_sec = track->grow_kib_per_sec ? track->grow_kib_per_sec : BALLAST_NONE,
        .down = pace_of(track->reclaim_kib_per_sec, &like_of(balancer, track)->down),
        .floor = floor_of(facts),
        .report_floor = floor_of(&unbounded),
        .last_stop = facts->last_stop,
        .in_backoff = in_backoff,
        .need_kib = track->need_kib,
        .trust_permyriad = track->trust_permyriad,
    };
}

int balancer_estimate_near(const struct balancer *balancer, uint32_t id, size_t i,
                           struct domain_estimate *out)
{
    for (size_t tried = 0; tried < balancer->track_count; tried++) {
        size_t at = (i + tried) % balancer->track_count;
        if (balancer->tracks[at].id != id)
            continue;
        *out = estimate_of(balancer, &balancer->tracks[at], &balancer->facts[at]);
        return 0;
    }
    return -ENOENT;
}

int balancer_estimate(const struct balancer *balancer, uint32_t id, struct domain_estimate *out)
{
    return balancer_estimate_near(balancer, id, 0, out);
}
