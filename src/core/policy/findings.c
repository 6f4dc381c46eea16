/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/findings.h"

#include "core/model/host_inline.h"

static bool backs_off(const struct track *track, uint64_t now_usec)
{
    return track->stuck || floor_in_backoff(&track->last_stop, now_usec);
}

static bool is_pressed(const struct probe *was, const struct track *track,
                       const struct ballast_domain *domain)
{
    return track->distress.level == DISTRESS_FULL || track->distress.level == DISTRESS_SOME ||
           domain->reported_swap_kib > was->from_swap_kib;
}

/* How the step that was under way ended. */
static enum balancer_reason step_ended(const struct probe *was, const struct track *track,
                                       const struct ballast_domain *domain, uint64_t now_usec)
{
    const struct probe *probe = &track->probe;
    if (probe->follows > was->follows) {
        uint64_t fell_kib = ballast_sub_floor(was->seen_used_kib, ballast_domain_used_kib(domain));
        bool fell = fell_kib >= ballast_sub_floor(was->from_kib, domain->tot_kib) / 2;
        bool quiet = track->distress.level == DISTRESS_QUIET;
        return fell && !quiet ? BALANCER_REPORT_FOLLOWS : BALANCER_REPORT_UNUSED;
    }
    if (probe->stays > was->stays && backs_off(track, now_usec))
        return BALANCER_PROBE_STOPPED;
    if (probe->stays > was->stays)
        return is_pressed(was, track, domain) ? BALANCER_PROBE_PRESSED : BALANCER_REPORT_STAYS;
    if (probe->proven)
        return BALANCER_REPORT_FREES;
    bool asked = domain->target_kib < was->from_kib || domain->tot_kib < was->from_kib;
    return asked ? BALANCER_PROBE_UNANSWERED : BALANCER_REASONS;
}

/* BALANCER_REASONS: nothing. Of the steps that its report follows the first one is told. */
static enum balancer_reason of_report(const struct probe *was, const struct track *track,
                                      const struct ballast_domain *domain, uint64_t now_usec)
{
    bool first = was->follows == 0;
    bool ended = was->from_kib > 0 && track->probe.from_kib == 0;
    /* Memory that it freed for another reason shows as much as a probe. */
    if (first && (ended || track->probe.follows > 0))
        return step_ended(was, track, domain, now_usec);
    if (!first && track->probe.follows == 0)
        return BALANCER_REPORT_FORGIVEN;
    return BALANCER_REASONS;
}

/* What was found, and that it counts again, once each in that time, however it changes. */
static enum balancer_reason not_again(struct track *track, enum balancer_reason reason,
                                      uint64_t now_usec)
{
    bool found_shown = track->found_shown;
    if (reason == BALANCER_REPORT_FORGIVEN) {
        track->found_shown = false;
        return found_shown ? reason : BALANCER_REASONS;
    }
    if (reason != BALANCER_REPORT_FOLLOWS && reason != BALANCER_REPORT_UNUSED)
        return reason;
    if (track->shown_usec != 0 && now_usec - track->shown_usec < FINDINGS_AGAIN_USEC)
        return BALANCER_REASONS;
    track->found_shown = true;
    track->shown_usec = ballast_max_u64(now_usec, 1);
    return reason;
}

static enum balancer_reason of_pressure(struct track *track, uint64_t now_usec)
{
    if (track->distress.level == DISTRESS_FULL) {
        bool was = track->in_distress;
        track->in_distress = true;
        track->distressed_usec = now_usec;
        return was ? BALANCER_REASONS : BALANCER_DISTRESS;
    }
    if (!track->in_distress || now_usec - track->distressed_usec < FINDINGS_CALM_USEC)
        return BALANCER_REASONS;
    track->in_distress = false;
    return BALANCER_DISTRESS_OVER;
}

static size_t add_finding(struct balancer_finding *out, enum balancer_reason reason,
                          const struct ballast_domain *domain)
{
    if (reason == BALANCER_REASONS)
        return 0;
    *out = (struct balancer_finding){
        .id = domain->id,
        .reason = reason,
        .figures = {.current_kib = domain->tot_kib, .used_kib = ballast_domain_used_kib(domain)},
    };
    return 1;
}

size_t findings_of(const struct probe *was, struct track *track,
                   const struct ballast_domain *domain, uint64_t now_usec,
                   struct balancer_finding out[FINDINGS_MOST])
{
    size_t count = 0;
    /* The common case costs hardly more than this comparison. */
    if (was->from_kib > 0 || was->follows > 0 || track->probe.follows > 0)
        count += add_finding(
            out, not_again(track, of_report(was, track, domain, now_usec), now_usec), domain);
    if (track->distress.level == DISTRESS_FULL || track->in_distress)
        count += add_finding(out + count, of_pressure(track, now_usec), domain);
    return count;
}
