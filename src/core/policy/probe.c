/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/probe.h"

#include "core/model/host_inline.h"

/* Memory that moved by less than this part is steady: a report is about that size. */
#define STEADY_PART 256
/* So long after a step its pressure answers: the average of PSI moves each 2 s. */
#define ANSWER_USEC (3 * BALLAST_SEC_USEC)
/* A change of memory of at least this part decides; less is lost in the noise of reports. */
#define DECIDES_PART 32
/* Of a step: as much more in swap shows that the guest needs what it was asked for. */
#define SWAPS_PART 4
/* A report of more than this part of its memory takes up nearly all of it: seven eighths. */
#define FULL_PERMYRIAD 8750
/*
 * The first step needs a report of more than this: a guest that has what it reports and the margin
 * of a twentieth (track.c) is not asked for it.
 */
#define FIRST_PERMYRIAD 9600
/*
 * A guest without swap dies if it frees what it uses. As far as swap is not known, the first step
 * needs a report of all memory but for this part, at most this size. It is assumed that no such
 * guest makes one honestly: its kernel keeps some free, and has programs in its page cache.
 */
#define ALL_BUT_PART 100
#define ALL_BUT_KIB  (64 * BALLAST_MIB_KIB)
/* A guest that has reported memory free is not probed for a minute. */
#define PROVEN_REST_USEC (60 * BALLAST_SEC_USEC)
/* After a probe that a report withstood, the next waits for 20 s, doubled up to 21 min. */
#define REST_USEC (20 * BALLAST_SEC_USEC)
enum { REST_DOUBLINGS = 6 };
/* What was found is forgotten after five minutes, doubled by each finding up to an hour. */
#define FORGIVE_USEC (300 * BALLAST_SEC_USEC)
enum { FORGIVE_DOUBLINGS = 4 };

static bool takes_up(uint64_t used_kib, uint64_t tot_kib, uint64_t permyriad)
{
    return used_kib != BALLAST_NONE &&
           used_kib >= ballast_mul_div(tot_kib, permyriad, BALLAST_PERMYRIAD);
}

static bool takes_up_all(uint64_t used_kib, uint64_t tot_kib)
{
    return takes_up(used_kib, tot_kib, FULL_PERMYRIAD);
}

/* Whether its use would show what its memory lacks: swap counts there, or that is not known. */
static bool use_can_exceed(const struct ballast_domain *domain)
{
    return domain->report_source != BALLAST_REPORT_GUEST_AGENT &&
           domain->report_source != BALLAST_REPORT_BALLAST_AGENT;
}

static bool swaps_for_step(const struct probe *probe, const struct ballast_domain *domain)
{
    uint64_t swapped_kib = ballast_sub_floor(domain->reported_swap_kib, probe->from_swap_kib);
    return probe->from_kib > 0 && swapped_kib >= probe->step_kib / SWAPS_PART;
}

static void end_step(struct probe *probe, uint64_t now_usec)
{
    uint64_t doubled = UINT64_C(1) << ballast_min_u64(probe->stays, REST_DOUBLINGS);
    probe->from_kib = 0;
    probe->rest_usec = now_usec + doubled * REST_USEC;
}

/* Pressure ends what was found, each time for longer: a guest may make it whenever it likes. */
static void rest_after_findings(struct probe *probe, uint64_t now_usec)
{
    uint64_t doublings = ballast_min_u64(ballast_sub_floor(probe->findings, 1), REST_DOUBLINGS);
    probe->rest_usec = ballast_max_u64(probe->rest_usec, now_usec + (REST_USEC << doublings));
}

static enum probe_news end_withstood(struct probe *probe, uint64_t now_usec)
{
    bool tried = probe->from_kib > 0;
    bool was_found = probe->follows > 0;
    probe->follows = 0;
    if (tried)
        end_step(probe, now_usec);
    if (was_found)
        rest_after_findings(probe, now_usec);
    if (!tried)
        return PROBE_NO_NEWS;
    probe->stays++;
    return PROBE_WITHSTOOD;
}

static enum probe_news end_followed(struct probe *probe, uint64_t now_usec)
{
    probe->findings += probe->follows == 0;
    probe->follows++;
    probe->follows_usec = now_usec;
    probe->stays = 0;
    probe->proven = false;
    probe->from_kib = 0;
    probe->rest_usec = now_usec;
    return PROBE_FOLLOWED;
}

static void keep_steady(struct probe *probe, const struct ballast_domain *domain, uint64_t now_usec)
{
    uint64_t apart_kib = domain->tot_kib > probe->steady_kib ? domain->tot_kib - probe->steady_kib
                                                             : probe->steady_kib - domain->tot_kib;
    if (apart_kib <= domain->tot_kib / STEADY_PART)
        return;
    /* At its first sample it was not seen to move. */
    probe->steady_usec = probe->steady_kib == 0 ? 0 : now_usec;
    probe->steady_kib = domain->tot_kib;
}

/* A report about its present size, compared with the last one about another size. */
static enum probe_news compare_reports(struct probe *probe, const struct ballast_domain *domain,
                                       const struct distress *distress, bool pressed,
                                       uint64_t now_usec)
{
    bool quiet = distress->level == DISTRESS_QUIET;
    bool shows = use_can_exceed(domain) || (quiet && distress->made_usec > probe->steady_usec);
    uint64_t used_kib = ballast_domain_used_kib(domain);
    uint64_t seen_tot_kib = probe->seen_tot_kib;
    uint64_t seen_used_kib = probe->seen_used_kib;
    uint64_t freed_kib = ballast_sub_floor(seen_tot_kib, probe->steady_kib);
    if (seen_tot_kib > 0 && freed_kib > 0 && freed_kib < seen_tot_kib / DECIDES_PART)
        return PROBE_NO_NEWS;
    probe->seen_tot_kib = probe->steady_kib;
    probe->seen_used_kib = used_kib;
    if (!takes_up_all(used_kib, probe->steady_kib)) {
        probe->proven = true;
        probe->follows = 0;
        probe->stays = 0;
        probe->from_kib = 0;
        probe->rest_usec = now_usec + PROVEN_REST_USEC;
        return PROBE_NO_NEWS;
    }
    if (freed_kib == 0 || !takes_up_all(seen_used_kib, seen_tot_kib))
        return PROBE_NO_NEWS;
    uint64_t fell_kib = ballast_sub_floor(seen_used_kib, used_kib);
    bool followed = fell_kib >= freed_kib / 2 && fell_kib <= freed_kib + freed_kib / 2;
    if (followed && !pressed && shows)
        return end_followed(probe, now_usec);
    /* What has no memory would be in swap, and that is reported: a claim with nothing behind it. */
    bool unbacked = probe->from_kib > 0 && domain->report_source == BALLAST_REPORT_MEMINFO;
    if (!followed && !pressed && unbacked)
        return end_followed(probe, now_usec);
    return quiet ? PROBE_NO_NEWS : end_withstood(probe, now_usec);
}

static bool step_is_down(const struct probe *probe)
{
    return ballast_sub_floor(probe->from_kib, probe->steady_kib) >=
               probe->from_kib / DECIDES_PART &&
           probe->from_kib > 0;
}

static void forget_findings(struct probe *probe, uint64_t now_usec)
{
    uint64_t doublings = ballast_min_u64(ballast_sub_floor(probe->findings, 1), FORGIVE_DOUBLINGS);
    if (probe->follows > 0 && probe->from_kib == 0 &&
        now_usec - probe->follows_usec >= (FORGIVE_USEC << doublings))
        probe->follows = 0;
}

enum probe_news probe_sample(struct probe *probe, const struct ballast_domain *domain,
                             uint64_t made_usec, bool stopped, const struct distress *distress,
                             uint64_t now_usec)
{
    bool quiet = distress->level == DISTRESS_QUIET;
    keep_steady(probe, domain, now_usec);
    forget_findings(probe, now_usec);
    bool pressed = stopped || distress->level == DISTRESS_FULL ||
                   distress->level == DISTRESS_SOME || swaps_for_step(probe, domain);
    if (made_usec > probe->steady_usec && ballast_domain_used_kib(domain) != BALLAST_NONE) {
        enum probe_news news = compare_reports(probe, domain, distress, pressed, now_usec);
        if (news != PROBE_NO_NEWS)
            return news;
    }
    if (pressed)
        return end_withstood(probe, now_usec);
    if (quiet && step_is_down(probe) && distress->made_usec >= probe->steady_usec + ANSWER_USEC)
        return end_followed(probe, now_usec);
    if (probe->from_kib == 0 || now_usec - probe->from_usec < PROBE_UNANSWERED_USEC)
        return PROBE_NO_NEWS;
    /* No domain wanted it: it was not asked for anything. */
    if (domain->target_kib >= probe->from_kib && domain->tot_kib >= probe->from_kib) {
        probe->from_kib = 0;
        return PROBE_NO_NEWS;
    }
    end_step(probe, now_usec);
    return PROBE_UNANSWERED;
}

static bool may_lack_swap(const struct ballast_domain *domain, const struct distress *distress)
{
    return distress->level == DISTRESS_UNKNOWN && domain->reported_swap_kib == 0;
}

/* More than a guest without swap can use. */
static bool takes_up_more(const struct ballast_domain *domain)
{
    uint64_t kept_kib = ballast_min_u64(domain->tot_kib / ALL_BUT_PART, ALL_BUT_KIB);
    return ballast_domain_used_kib(domain) >= domain->tot_kib - kept_kib;
}

bool probe_may_kill(const struct ballast_domain *domain, const struct distress *distress)
{
    return may_lack_swap(domain, distress) && domain->used_kib != BALLAST_NONE &&
           !takes_up_more(domain);
}

bool probe_may_begin(const struct probe *probe, const struct ballast_domain *domain,
                     const struct distress *distress, uint64_t now_usec)
{
    if (distress->level == DISTRESS_FULL || distress->level == DISTRESS_SOME)
        return false;
    if (distress->level != DISTRESS_QUIET && !use_can_exceed(domain))
        return false;
    uint64_t used_kib = ballast_domain_used_kib(domain);
    uint64_t permyriad = probe->follows > 0 ? FULL_PERMYRIAD : FIRST_PERMYRIAD;
    if (probe->follows == 0 && probe_may_kill(domain, distress))
        return false;
    return probe->from_kib == 0 && now_usec >= probe->rest_usec && !domain->is_dom0 &&
           domain->pinned_kib == 0 && ballast_domain_is_asked(domain) &&
           takes_up(used_kib, domain->tot_kib, permyriad);
}

void probe_begin(struct probe *probe, const struct ballast_domain *domain, bool gently,
                 uint64_t now_usec)
{
    probe->from_kib = domain->tot_kib;
    probe->step_kib = domain->tot_kib / (gently ? PROBE_GENTLE_STEP_PART : PROBE_STEP_PART);
    probe->from_usec = now_usec;
    probe->from_swap_kib = domain->reported_swap_kib;
}

uint64_t probe_most_kib(const struct probe *probe, const struct ballast_domain *domain)
{
    if (probe->from_kib > 0)
        return probe->from_kib - probe->step_kib;
    if (probe->follows == 0)
        return BALLAST_NONE;
    return ballast_min_u64(domain->tot_kib, domain->target_kib);
}
