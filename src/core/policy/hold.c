/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The maxima of domains that are not asked: while anything is reserved they are limited, whatever
 * the domains are and whichever targets another program sets. A running domain may have what its
 * target allows, as far as that is available; it regains the rest when that is no longer reserved.
 * Their targets are not the balancer's and stay as they are.
 */
#include "core/model/host_inline.h"
#include "core/policy/state.h"

/* What its target lets it take beyond its current memory; a paused domain takes nothing. */
static uint64_t wants_kib(const struct ballast_domain *domain)
{
    bool takes = domain->state == BALLAST_DOMAIN_RUN || domain->state == BALLAST_DOMAIN_MIGRATING;
    return takes && domain->has_balloon ? ballast_sub_floor(domain->target_kib, domain->tot_kib)
                                        : 0;
}

/* A domain that has shown that it does not take memory wants none, until its target changes. */
static bool is_stuck(const struct balancer *balancer, const struct ballast_host *host,
                     const struct ballast_domain *domain)
{
    const struct track *track = &balancer->tracks[domain - host->domains];
    return track->heading > 0 && track->stuck;
}

static bool is_held(const struct ballast_domain *domain)
{
    return domain->has_balloon && domain->state != BALLAST_DOMAIN_BUILD;
}

/* Calls the function for each domain that is not asked. */
static void for_others(struct balancer *balancer, const struct ballast_host *host,
                       void (*each)(struct balancer *balancer, const struct ballast_host *host,
                                    const struct ballast_domain *domain, uint64_t *left_kib),
                       uint64_t *left_kib)
{
    size_t next = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (next < balancer->view_count && balancer->domain_of[next] == i)
            next++;
        else if (is_held(&host->domains[i]))
            each(balancer, host, &host->domains[i], left_kib);
    }
}

static void set_maximum(struct balancer *balancer, const struct ballast_domain *domain,
                        uint64_t kib, enum balancer_reason reason)
{
    uint64_t change_kib =
        kib < domain->maxmem_kib ? domain->maxmem_kib - kib : kib - domain->maxmem_kib;
    balancer->sets[balancer->set_count++] = (struct balancer_set){
        .id = domain->id,
        .target_kib = BALLAST_NONE,
        .maxmem_kib = kib,
        .reason = reason,
        .figures = {.change_kib = change_kib, .current_kib = domain->tot_kib}};
}

static void hold_maximum(struct balancer *balancer, const struct ballast_host *host,
                         const struct ballast_domain *domain, uint64_t *left_kib)
{
    uint64_t wants = wants_kib(domain);
    bool refused = wants > ballast_sub_floor(domain->maxmem_kib, domain->tot_kib);
    if (is_stuck(balancer, host, domain) && !refused)
        wants = 0;
    uint64_t gets = ballast_min_u64(wants, *left_kib) / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    *left_kib -= gets;
    if (gets < wants / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB && wants - gets > balancer->held_kib) {
        balancer->held_kib = wants - gets;
        balancer->held_id = domain->id;
    }
    uint64_t upper_kib = gets == wants ? domain->tot_kib + wants : domain->tot_kib + gets;
    if (domain->maxmem_kib > upper_kib)
        set_maximum(balancer, domain, upper_kib, BALANCER_MAXIMUM_LOWERED);
}

void balancer_hold_others(struct balancer *balancer, const struct ballast_host *host,
                          const struct accounts *accounts)
{
    uint64_t left_kib = accounts->beyond_reserved_kib;
    for_others(balancer, host, hold_maximum, &left_kib);
}

static void raise_maximum(struct balancer *balancer, const struct ballast_host *host,
                          const struct ballast_domain *domain, uint64_t *left_kib)
{
    /*
     * It may only seem stuck because its maximum is limited; this shows when nothing is reserved
     * any more.
     */
    if (balancer->has_reservations && is_stuck(balancer, host, domain))
        return;
    uint64_t has_kib = ballast_max_u64(domain->maxmem_kib, domain->tot_kib);
    uint64_t lacks_kib =
        ballast_sub_floor(ballast_add_ceil(domain->tot_kib, wants_kib(domain)), has_kib);
    uint64_t more_kib = ballast_min_u64(lacks_kib, *left_kib) / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    *left_kib -= more_kib;
    if (more_kib > 0)
        set_maximum(balancer, domain, has_kib + more_kib, BALANCER_MAXIMUM_RAISED);
}

void balancer_raise_others(struct balancer *balancer, const struct ballast_host *host,
                           uint64_t left_kib)
{
    for_others(balancer, host, raise_maximum, &left_kib);
}
