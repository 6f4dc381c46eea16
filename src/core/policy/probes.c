/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which domains are probed (probe.h): only while another domain lacks memory. Of those whose report
 * was not found to follow their memory, one at a time, the largest: most of them need what they
 * report. Those whose report was found to follow it are probed for a start, too. None is probed
 * below half of an even share.
 */
#include "core/model/host_inline.h"
#include "core/policy/start_up.h"
#include "core/policy/state.h"

struct census census_of(const struct ballast_host *host)
{
    struct census census = {0, 0, 0};
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        if (domain->state == BALLAST_DOMAIN_BUILD)
            census.building_kib = ballast_add_ceil(census.building_kib, domain->build_left_kib);
        if (domain->is_dom0 || domain->shares == 0)
            continue;
        census.current_kib = ballast_add_ceil(census.current_kib, domain->tot_kib);
        census.shares = ballast_add_ceil(census.shares, domain->shares);
    }
    return census;
}

struct even even_share(const struct census *census, uint64_t available_kib, bool start_waits)
{
    return (struct even){
        .pool_kib = ballast_add_ceil(census->current_kib, available_kib),
        .shares = ballast_add_ceil(census->shares, start_waits ? BALLAST_DEFAULT_SHARES : 1)};
}

uint64_t even_kib(const struct even *even, const struct ballast_domain *domain)
{
    return ballast_mul_div(even->pool_kib, domain->shares, even->shares);
}

/* A domain that lacks less than this part of its memory lacks nothing. */
#define LACKS_PART 64

/* What it needs beyond its memory; unless proven, up to its even share. */
static uint64_t lacking_kib(const struct ballast_domain *domain, const struct track *track,
                            const struct even *even)
{
    uint64_t need_kib = track->need_kib;
    if (need_kib <= domain->tot_kib)
        return 0;
    if (!track_is_proven(track))
        need_kib = ballast_min_u64(need_kib, even_kib(even, domain));
    uint64_t kib = ballast_sub_floor(need_kib, domain->tot_kib);
    bool lacks = domain->shares > 0 && kib > domain->tot_kib / LACKS_PART;
    return lacks ? kib : 0;
}

static bool is_tried(const struct track *track)
{
    return track->probe.from_kib > 0 && track->probe.follows == 0;
}

void balancer_begin_probes(struct balancer *balancer, const struct ballast_host *host,
                           const struct census *census, bool start_waits)
{
    uint64_t available_kib = ballast_host_at_once_beside_kib(host, census->building_kib, 0, 0);
    struct even even = even_share(census, available_kib, start_waits);
    bool gently = balancer->outlook.state <= HOST_SOFT && !start_waits;
    uint64_t lack_kib = 0;
    bool trying = false;
    for (size_t i = 0; i < host->domain_count; i++) {
        lack_kib =
            ballast_add_ceil(lack_kib, lacking_kib(&host->domains[i], &balancer->tracks[i], &even));
        trying = trying || is_tried(&balancer->tracks[i]);
    }
    const struct ballast_domain *first = NULL;
    for (size_t i = 0; i < host->domain_count && (lack_kib > 0 || start_waits); i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct track *track = &balancer->tracks[i];
        bool others_lack = lack_kib - lacking_kib(domain, track, &even) > available_kib;
        if (start_up_lasts(track, balancer->options.settings.start_up_usec, host->now_usec) ||
            !probe_may_begin(&track->probe, domain, &track->distress, host->now_usec) ||
            domain->tot_kib <= even_kib(&even, domain) / POLICY_MODEST_PART)
            continue;
        if (track->probe.follows > 0 && (others_lack || start_waits))
            track_probe(track, domain, gently, host->now_usec);
        else if (track->probe.follows == 0 && others_lack && !trying &&
                 (!first || domain->tot_kib > first->tot_kib))
            first = domain;
    }
    if (first)
        track_probe(&balancer->tracks[first - host->domains], first, gently, host->now_usec);
}
