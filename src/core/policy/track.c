/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slow is not stuck. An interval begins at the last progress and lasts until the next, at least
 * half a second: so a rate is measured over as long as progress takes. Progress is the same as in
 * ballast_follow, a quarter of a MiB, however far the target and whatever the guest freed before.
 * Within the patience that is 57 KiB a second, the slowest rate that counts for a distant target.
 * For a near target a slower rate counts if the guest will arrive within half an hour at its
 * average rate since it was asked. A page every few seconds passes neither test.
 */
#include "core/policy/track.h"

#include "core/model/host_inline.h"

#define STRETCH_USEC (BALLAST_SEC_USEC / 2)
/* About what squeezed allows (5 s, in whole intervals); a guest that often pauses has more. */
#define PATIENCE_USEC     (9 * BALLAST_SEC_USEC / 2)
#define PATIENCE_MAX_USEC (30 * BALLAST_SEC_USEC)
#define ARRIVAL_SEC       1800
/*
 * How much a balloon must take back while it should free memory: 1 MiB, and a 64th of the guest's
 * memory.
 */
#define RETURN_LEAST_KIB BALLAST_MIB_KIB
#define RETURN_PART      64
/*
 * A guest that could not grow is tried again after this time, doubled by each further stop at about
 * the same size up to a quarter of an hour: its kernel may not hotplug memory.
 */
#define CEILING_USEC (60 * BALLAST_SEC_USEC)
enum { CEILING_DOUBLINGS = 4 };
/* A stop within this part of the last one is at about the same size. */
#define CEILING_PART 64
/* Half of the distance between a past peak and the present decays in about 20 s. */
#define PEAK_FADE_USEC (30 * BALLAST_SEC_USEC)

/* A rise is extrapolated for this long after the report that showed it, and by half at most. */
#define DRIFT_USEC (15 * BALLAST_SEC_USEC)

#define TRUST_FIRST 6000
#define TRUST_GAIN  400
#define TRUST_LOSS  4
/* Reports of at most this age are compared with the most that it had since then. */
#define HAD_USEC (5 * BALLAST_SEC_USEC)
/* A guest's current memory is compared with its report if that is at most this old. */
#define SWAP_AGE_USEC BALLAST_SEC_USEC

/* Margins over what is reported used: need a twentieth, likely a fourth. */
#define NEED_PERMYRIAD   10500
#define LIKELY_PERMYRIAD 12500

static uint64_t kib_between(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static int heading_of(const struct ballast_domain *domain, uint64_t inaccuracy_kib)
{
    /*
     * If the domain is populated on demand, what its balloon returns of memory that it never had
     * does not show in its size.
     */
    if (domain->state != BALLAST_DOMAIN_RUN || !domain->has_balloon ||
        ballast_domain_pod_lacks_kib(domain) > 0)
        return 0;
    uint64_t near_kib = ballast_max_u64(inaccuracy_kib, BALLAST_PAGE_KIB);
    if (kib_between(domain->tot_kib, domain->target_kib) <= near_kib)
        return 0;
    return domain->tot_kib > domain->target_kib ? -1 : 1;
}

static void open_window(struct track *track, const struct ballast_domain *domain, uint64_t now_usec)
{
    track->window_usec = now_usec;
    track->window_kib = domain->tot_kib;
}

static void turn_heading(struct track *track, const struct ballast_domain *domain, int heading,
                         uint64_t now_usec)
{
    track->heading = heading;
    track->heading_usec = now_usec;
    track->heading_kib = domain->tot_kib;
    track->progress_usec = now_usec;
    track->lowest_kib = domain->tot_kib;
    track->stuck = false;
    open_window(track, domain, now_usec);
}

/* KiB moved towards the target since `from_kib`; 0 if it moved away. */
static uint64_t moved_kib_from(const struct track *track, const struct ballast_domain *domain,
                               uint64_t from_kib)
{
    return track->heading < 0 ? ballast_sub_floor(from_kib, domain->tot_kib)
                              : ballast_sub_floor(domain->tot_kib, from_kib);
}

static bool will_arrive(const struct track *track, const struct ballast_domain *domain,
                        uint64_t now_usec)
{
    uint64_t pace_kib_per_sec =
        ballast_mul_div(moved_kib_from(track, domain, track->heading_kib), BALLAST_SEC_USEC,
                        ballast_max_u64(now_usec - track->heading_usec, 1));
    uint64_t left_kib = kib_between(domain->tot_kib, domain->target_kib);
    return pace_kib_per_sec > 0 && left_kib / pace_kib_per_sec <= ARRIVAL_SEC;
}

static void note_progress(struct track *track, uint64_t rate_kib_per_sec, uint64_t now_usec)
{
    uint64_t *usual_kib_per_sec =
        track->heading < 0 ? &track->reclaim_kib_per_sec : &track->grow_kib_per_sec;
    *usual_kib_per_sec = *usual_kib_per_sec == 0
                             ? rate_kib_per_sec
                             : (*usual_kib_per_sec * 5 + rate_kib_per_sec * 3) / 8;
    uint64_t pause_usec = ballast_sub_floor(track->window_usec, track->progress_usec);
    track->longest_pause_usec = ballast_max_u64(track->longest_pause_usec, pause_usec);
    track->progress_usec = now_usec;
    track->has_moved = true;
    track->stuck = false;
}

static void check_stretch(struct track *track, const struct ballast_domain *domain,
                          uint64_t now_usec)
{
    uint64_t elapsed_usec = now_usec - track->window_usec;
    if (elapsed_usec < STRETCH_USEC)
        return;
    uint64_t moved_kib = moved_kib_from(track, domain, track->window_kib);
    uint64_t rate_kib_per_sec = ballast_mul_div(moved_kib, BALLAST_SEC_USEC, elapsed_usec);
    uint64_t usual_kib_per_sec =
        track->heading < 0 ? track->reclaim_kib_per_sec : track->grow_kib_per_sec;
    bool comes = rate_kib_per_sec > 0 && rate_kib_per_sec >= usual_kib_per_sec / 10 &&
                 will_arrive(track, domain, now_usec);
    bool useful = moved_kib >= BALLAST_FOLLOW_STEP_KIB || comes;
    if (useful)
        note_progress(track, rate_kib_per_sec, now_usec);
    /* An interval with too little progress is extended; a pause is not part of a rate. */
    if (useful || moved_kib == 0)
        open_window(track, domain, now_usec);
}

uint64_t track_patience_usec(const struct track *track)
{
    uint64_t habit_usec = ballast_mul_div(track->longest_pause_usec, 2, 1);
    return ballast_min_u64(ballast_max_u64(PATIENCE_USEC, habit_usec), PATIENCE_MAX_USEC);
}

static void check_stuck(struct track *track, const struct ballast_domain *domain, uint64_t now_usec)
{
    if (track->stuck || now_usec - track->progress_usec < track_patience_usec(track))
        return;
    track->stuck = true;
    track->stuck_usec = now_usec;
    if (track->heading < 0) {
        floor_record_stop(&track->last_stop, domain->tot_kib, now_usec);
    } else {
        uint64_t apart_kib = kib_between(track->top_kib, domain->tot_kib);
        bool again = track->tops > 0 && apart_kib <= domain->tot_kib / CEILING_PART;
        track->tops = again ? track->tops + 1 : 1;
        track->top_kib = track->ceiling_kib = domain->tot_kib;
        track->ceiling_usec = now_usec;
    }
}

/*
 * A balloon that has freed memory and takes it back although it should not: its guest is short of
 * memory.
 */
static void check_return(struct track *track, const struct ballast_domain *domain,
                         uint64_t now_usec)
{
    if (track->heading >= 0 || track->stuck)
        return;
    track->lowest_kib = ballast_min_u64(track->lowest_kib, domain->tot_kib);
    uint64_t back_kib = domain->tot_kib - track->lowest_kib;
    if (back_kib <= RETURN_LEAST_KIB || back_kib < domain->tot_kib / RETURN_PART)
        return;
    track->stuck = true;
    track->stuck_usec = now_usec;
    floor_record_stop(&track->last_stop, domain->tot_kib, now_usec);
}

static void update_motion(struct track *track, const struct ballast_domain *domain,
                          uint64_t now_usec, uint64_t inaccuracy_kib)
{
    int heading = heading_of(domain, inaccuracy_kib);
    if (heading != track->heading) {
        turn_heading(track, domain, heading, now_usec);
    } else if (heading != 0) {
        check_stretch(track, domain, now_usec);
        check_return(track, domain, now_usec);
        check_stuck(track, domain, now_usec);
    }
    (void)floor_review_stop(&track->last_stop, domain->tot_kib, now_usec);
    uint64_t doublings = ballast_min_u64(ballast_sub_floor(track->tops, 1), CEILING_DOUBLINGS);
    if (track->ceiling_kib != BALLAST_NONE &&
        (domain->tot_kib > track->ceiling_kib ||
         now_usec - track->ceiling_usec >= CEILING_USEC << doublings))
        track->ceiling_kib = BALLAST_NONE;
}

/* Whether a report is possible, and consistent with the domain's current memory. */
static bool report_is_credible(const struct ballast_domain *domain, uint64_t says_kib)
{
    uint64_t swap_kib = domain->static_max_kib / 2;
    if (says_kib > ballast_add_ceil(domain->static_max_kib, swap_kib))
        return false;
    if (domain->reported_free_kib == BALLAST_NONE)
        return true;
    if (domain->reported_free_kib >
        ballast_max_u64(domain->tot_kib, domain->target_kib) + domain->tot_kib / 8)
        return false;
    /* Use beyond its current memory is swap; then nothing can be free. */
    uint64_t sum_kib =
        ballast_add_ceil(ballast_min_u64(says_kib, domain->tot_kib), domain->reported_free_kib);
    return kib_between(sum_kib, domain->tot_kib) <= domain->tot_kib / 4;
}

/* Keeps the most that it had in this interval, and in the last one. */
static void note_had(struct track *track, uint64_t tot_kib, uint64_t now_usec)
{
    if (now_usec - track->had_usec >= HAD_USEC) {
        track->had_kib[1] = track->had_kib[0];
        track->had_kib[0] = tot_kib;
        track->had_usec = now_usec;
    }
    track->had_kib[0] = ballast_max_u64(track->had_kib[0], tot_kib);
}

/*
 * Qubes' meminfo-writer computes use from the memory that the guest has and adds what is in swap,
 * which it reports too, each 0.1 s: a report of more is of another size, or false. Of other reports
 * nothing is known of the swap.
 */
static uint64_t possible_kib(const struct track *track, const struct ballast_domain *domain)
{
    if (domain->report_source != BALLAST_REPORT_MEMINFO || domain->report_age_usec > HAD_USEC)
        return BALLAST_NONE;
    uint64_t had_kib = ballast_max_u64(track->had_kib[0], track->had_kib[1]);
    return ballast_add_ceil(had_kib, domain->reported_swap_kib);
}

/* When the report was made, if it is a new one; otherwise 0. */
static uint64_t take_report(struct track *track, const struct ballast_domain *domain,
                            uint64_t now_usec)
{
    uint64_t age_usec = domain->report_age_usec == BALLAST_NONE ? 0 : domain->report_age_usec;
    uint64_t made_usec = ballast_sub_floor(now_usec, age_usec);
    uint64_t says_kib = ballast_domain_used_kib(domain);
    bool is_new = track->report_usec == 0 || says_kib != track->reported_kib ||
                  made_usec > track->report_usec + BALLAST_SEC_USEC / 20;
    if (!is_new)
        return 0;
    if (!report_is_credible(domain, says_kib)) {
        track->trust_permyriad /= TRUST_LOSS;
    } else {
        track->trust_permyriad =
            (uint32_t)ballast_min_u64(BALLAST_PERMYRIAD, track->trust_permyriad + TRUST_GAIN);
    }
    track->rise_kib = 0;
    if (track->report_usec != 0 && says_kib > track->reported_kib && made_usec > track->report_usec)
        track->rise_kib = ballast_mul_div(says_kib - track->reported_kib, BALLAST_SEC_USEC,
                                          made_usec - track->report_usec);
    /* A late report is from a time when it may have had more memory. */
    bool credited = track->trust_permyriad >= TRACK_TRUST_NONE && age_usec <= SWAP_AGE_USEC;
    uint64_t swap_kib = ballast_sub_floor(says_kib, domain->tot_kib);
    if (credited && swap_kib <= domain->static_max_kib)
        track->swap_kib = ballast_max_u64(track->swap_kib, swap_kib);
    track->reported_kib = says_kib;
    track->possible_kib = possible_kib(track, domain);
    track->report_usec = ballast_max_u64(made_usec, 1);
    return track->report_usec;
}

/* The part of its report beyond its dynamic minimum that its trust lets count. */
static uint64_t weighed_kib(const struct ballast_domain *domain, uint64_t used_kib,
                            uint64_t permyriad)
{
    uint64_t base_kib = ballast_min_u64(domain->dynamic_min_kib, used_kib);
    return base_kib + ballast_mul_div(used_kib - base_kib, permyriad, BALLAST_PERMYRIAD);
}

/*
 * A guest's report, bounded by what it could have, extrapolated by its age and weighted by its
 * trust.
 */
static uint64_t believed_kib(const struct track *track, const struct ballast_domain *domain)
{
    uint64_t age_usec = domain->report_age_usec == BALLAST_NONE ? 0 : domain->report_age_usec;
    uint64_t drift_kib =
        ballast_mul_div(track->rise_kib, ballast_min_u64(age_usec, DRIFT_USEC), BALLAST_SEC_USEC);
    uint64_t says_kib = ballast_min_u64(ballast_domain_used_kib(domain), track->possible_kib);
    drift_kib = ballast_min_u64(drift_kib, says_kib / 2);
    uint64_t used_kib = ballast_add_ceil(says_kib, drift_kib);
    used_kib = ballast_min_u64(used_kib, domain->static_max_kib);
    /* One step asks for at most half of its current memory in addition. */
    used_kib = ballast_min_u64(used_kib, ballast_add_ceil(domain->tot_kib, domain->tot_kib / 2));
    return weighed_kib(domain, used_kib, track->trust_permyriad);
}

/*
 * For its floor a report counts in full until something contradicts it: too high a floor only
 * wastes memory, one that is too low kills the guest.
 */
static uint64_t trusted_report_kib(const struct track *track, const struct ballast_domain *domain)
{
    uint64_t permyriad = ballast_mul_div(track->trust_permyriad, BALLAST_PERMYRIAD, TRUST_FIRST);
    uint64_t used_kib = ballast_min_u64(ballast_domain_used_kib(domain), domain->static_max_kib);
    return weighed_kib(domain, used_kib, ballast_min_u64(permyriad, BALLAST_PERMYRIAD));
}

/* While a step is under way it does not need more either way; else its report is not a need. */
static void bound_by_probe(struct track *track, const struct ballast_domain *domain)
{
    uint64_t most_kib = probe_most_kib(&track->probe, domain);
    track->need_kib = ballast_min_u64(track->need_kib, most_kib);
    track->trusted_report_kib = ballast_min_u64(track->trusted_report_kib, most_kib);
    if (track->probe.from_kib > 0)
        track->likely_kib = ballast_min_u64(track->likely_kib, most_kib);
}

void track_probe(struct track *track, const struct ballast_domain *domain, bool gently,
                 uint64_t now_usec)
{
    probe_begin(&track->probe, domain, gently, now_usec);
    bound_by_probe(track, domain);
}

/* Pressure goes before what is reported in use. */
static void raise_for_distress(struct track *track, const struct ballast_domain *domain)
{
    uint64_t kib = ballast_min_u64(distress_need_kib(&track->distress), domain->static_max_kib);
    track->need_kib = ballast_max_u64(track->need_kib, kib);
}

static void update_need(struct track *track, const struct ballast_domain *domain, uint64_t now_usec)
{
    note_had(track, domain->tot_kib, now_usec);
    bool silent = domain->used_kib == BALLAST_NONE;
    uint64_t made_usec = silent ? 0 : take_report(track, domain, now_usec);
    distress_sample(&track->distress, domain, now_usec);
    bool stopped = track->stuck || floor_in_backoff(&track->last_stop, now_usec);
    (void)probe_sample(&track->probe, domain, made_usec, stopped, &track->distress, now_usec);
    if (silent || track->trust_permyriad < TRACK_TRUST_NONE) {
        /* Nothing is known: it needs its minimum. A guest that never reports keeps what it has. */
        uint64_t used_to_kib = silent ? domain->tot_kib : 0;
        track->need_kib = domain->dynamic_min_kib;
        track->likely_kib = ballast_max_u64(domain->dynamic_min_kib, used_to_kib);
        raise_for_distress(track, domain);
        return;
    }
    uint64_t used_kib = believed_kib(track, domain);
    track->trusted_report_kib = trusted_report_kib(track, domain);
    uint64_t faded_kib = ballast_mul_div(
        ballast_sub_floor(track->peak_kib, used_kib),
        ballast_min_u64(now_usec - track->last_usec, PEAK_FADE_USEC), PEAK_FADE_USEC);
    track->peak_kib = ballast_max_u64(used_kib, track->peak_kib - faded_kib);
    track->need_kib = ballast_mul_div(used_kib, NEED_PERMYRIAD, BALLAST_PERMYRIAD);
    track->likely_kib =
        ballast_max_u64(ballast_mul_div(used_kib, LIKELY_PERMYRIAD, BALLAST_PERMYRIAD),
                        ballast_mul_div(track->peak_kib, NEED_PERMYRIAD, BALLAST_PERMYRIAD));
    bound_by_probe(track, domain);
    raise_for_distress(track, domain);
}

static void keep_facts(struct track *track, const struct ballast_domain *domain, uint64_t now_usec)
{
    track->last_usec = now_usec;
    track->kind = domain->kind;
    track->tot_kib = domain->tot_kib;
    track->target_kib = domain->target_kib;
    if (domain->has_balloon && !track->was_up && track->first_usec != now_usec)
        track->up_usec = now_usec;
    track->was_up = track->was_up || domain->has_balloon;
    track->has_balloon = domain->has_balloon;
}

void track_begin(struct track *track, const struct ballast_domain *domain, uint64_t now_usec)
{
    *track = (struct track){.id = domain->id,
                            .is_dom0 = domain->is_dom0,
                            .first_usec = now_usec,
                            .last_usec = now_usec,
                            .up_usec = BALLAST_NONE,
                            .ceiling_kib = BALLAST_NONE,
                            .last_stop = {domain->stopped_kib, domain->stopped_usec, domain->stops},
                            .trust_permyriad = TRUST_FIRST};
    turn_heading(track, domain, heading_of(domain, BALLAST_PAGE_KIB), now_usec);
    update_need(track, domain, now_usec);
    keep_facts(track, domain, now_usec);
}

void track_update(struct track *track, const struct ballast_domain *domain, uint64_t now_usec,
                  uint64_t inaccuracy_kib)
{
    update_motion(track, domain, now_usec, inaccuracy_kib);
    update_need(track, domain, now_usec);
    keep_facts(track, domain, now_usec);
}

bool track_is_proven(const struct track *track)
{
    bool contradicted =
        track->distress.level == DISTRESS_QUIET && track->reported_kib > track->tot_kib;
    return track->is_dom0 || (track->probe.proven && !contradicted);
}

enum balloon_status track_balloon_status(const struct track *track)
{
    if (!track->has_balloon)
        return BALLOON_NO_DRIVER;
    if (track->stuck)
        return BALLOON_STUCK;
    if (!track->has_moved)
        return BALLOON_UNKNOWN;
    return track->longest_pause_usec >= 2 * STRETCH_USEC ? BALLOON_SLOW : BALLOON_FOLLOWS;
}
