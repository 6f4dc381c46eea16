/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/laws.h"

#include <inttypes.h>

#include "core/base/text.h"
#include "core/base/units.h"

/* Whether its balloon could take memory if its maximum let it. */
static bool can_take(const struct ballast_domain *domain)
{
    return domain->state == BALLAST_DOMAIN_RUN && domain->has_balloon;
}

/*
 * Domains without shares, and populated on demand ones that are not covered yet, are not balanced:
 * their maxima and targets are not ours.
 */
static bool is_ours(const struct ballast_domain *domain)
{
    return can_take(domain) && domain->shares > 0 && ballast_domain_pod_lacks_kib(domain) == 0;
}

/*
 * The balancer sets its target; a dom0 of a fixed size is not balanced, like domains without
 * shares.
 */
static bool is_asked(const struct ballast_domain *domain)
{
    bool fixed = domain->is_dom0 && domain->dynamic_min_kib >= domain->dynamic_max_kib;
    return is_ours(domain) && !fixed;
}

static uint64_t held_lately_kib(const struct ballast_domain *domain, const struct kept *before)
{
    const struct ballast_domain *then =
        ballast_domain_find(before->domains, before->count, domain->id);
    return then ? ballast_max_u64(then->tot_kib, domain->tot_kib) : domain->tot_kib;
}

/* Beyond its maximum of before and of now: extra internal, which slack is kept for. */
static uint64_t took_of_slack_kib(const struct ballast_domain *domain, const struct kept *before)
{
    const struct ballast_domain *then =
        ballast_domain_find(before->domains, before->count, domain->id);
    if (!then)
        return 0;
    uint64_t most_kib = ballast_max_u64(then->maxmem_kib, domain->maxmem_kib);
    return ballast_sub_floor(domain->tot_kib, ballast_max_u64(most_kib, then->tot_kib));
}

struct tick_sums tick_sums_since(const struct ballast_host *host, uint64_t reserved_kib,
                                 const struct kept *before)
{
    struct tick_sums sums = {.held_kib = ballast_add_ceil(host->xen_kib, host->free_kib)};
    uint64_t building_kib = 0;
    uint64_t took_kib = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        uint64_t held_kib = ballast_add_ceil(domain->tot_kib, domain->overhead_kib);
        sums.held_kib = ballast_add_ceil(sums.held_kib, held_kib);
        building_kib = ballast_add_ceil(building_kib, domain->build_left_kib);
        took_kib = ballast_add_ceil(took_kib, took_of_slack_kib(domain, before));
        if (!is_ours(domain))
            continue;
        uint64_t lately_kib = held_lately_kib(domain, before);
        uint64_t room_kib = ballast_sub_floor(domain->maxmem_kib, lately_kib);
        uint64_t growth_kib = ballast_sub_floor(domain->target_kib, lately_kib);
        sums.room_kib = ballast_add_ceil(sums.room_kib, room_kib);
        sums.growth_kib = ballast_add_ceil(sums.growth_kib, growth_kib);
    }
    uint64_t taken_kib = ballast_max_u64(building_kib, host->claimed_kib);
    uint64_t slack_kib =
        ballast_sub_floor(host->slack_kib, ballast_min_u64(took_kib, host->extra_internal_kib));
    taken_kib = ballast_add_ceil(taken_kib, ballast_add_ceil(reserved_kib, slack_kib));
    sums.available_kib = ballast_sub_floor(host->free_kib, taken_kib);
    sums.owed_kib = ballast_sub_floor(taken_kib, host->free_kib);
    return sums;
}

struct tick_sums tick_sums_of(const struct ballast_host *host, uint64_t reserved_kib)
{
    return tick_sums_since(host, reserved_kib, &(struct kept){.domains = NULL});
}

static void add_breach(struct tick_result *out, struct tick_breach breach)
{
    if (out->breach_count < TICK_BREACHES)
        out->breaches[out->breach_count++] = breach;
}

void tick_laws_of_set(const struct ballast_domain *domain, const struct balancer_set *set,
                      struct tick_result *out)
{
    uint64_t target_kib = set->target_kib != BALLAST_NONE ? set->target_kib : domain->target_kib;
    uint64_t maxmem_kib = set->maxmem_kib != BALLAST_NONE ? set->maxmem_kib : domain->maxmem_kib;
    bool moved = set->target_kib != BALLAST_NONE;
    if (moved && !can_take(domain))
        add_breach(out, (struct tick_breach){TICK_LAW_NO_KILL, domain->id, domain->state, 0,
                                             "a domain that must not be asked was: state, run"});
    /* One that holds less than its minimum may be kept there until there is memory for it. */
    if (moved && target_kib < ballast_min_u64(domain->dynamic_min_kib, domain->tot_kib))
        add_breach(out, (struct tick_breach){TICK_LAW_BOUNDS, domain->id, target_kib,
                                             domain->dynamic_min_kib,
                                             "target below dynamic minimum: target, minimum"});
    if (moved && target_kib > domain->dynamic_max_kib)
        add_breach(out, (struct tick_breach){TICK_LAW_BOUNDS, domain->id, target_kib,
                                             domain->dynamic_max_kib,
                                             "target above dynamic maximum: target, maximum"});
    /*
     * A paused domain takes nothing until its maximum is corrected. Another program may have set
     * the target of one that is not asked so that it takes reserved memory, which must stay
     * reserved.
     */
    if (is_asked(domain) && maxmem_kib < target_kib && target_kib > domain->tot_kib)
        add_breach(out, (struct tick_breach){TICK_LAW_NO_KILL, domain->id, maxmem_kib, target_kib,
                                             "Xen's maximum below a target still to be reached: "
                                             "maximum, target"});
}

void tick_laws_of_sums(const struct ballast_host *host, const struct tick_sums *before,
                       const struct tick_sums *after, struct tick_result *out)
{
    if (after->held_kib > host->total_kib)
        add_breach(out, (struct tick_breach){TICK_LAW_CONSERVATION, 0, after->held_kib,
                                             host->total_kib, "sum of all parts, and total"});
    /* Slack is not reserved: Xen may use it, and others may have done so earlier. */
    if (after->owed_kib > before->owed_kib)
        add_breach(out, (struct tick_breach){TICK_LAW_RESERVED, 0, host->free_kib,
                                             host->free_kib + after->owed_kib,
                                             "free, and reserved with slack"});
    bool reserved_more = after->available_kib < before->available_kib;
    if (after->room_kib > after->available_kib &&
        (after->room_kib > before->room_kib || reserved_more))
        add_breach(out,
                   (struct tick_breach){TICK_LAW_BOUNDS, 0, after->room_kib, after->available_kib,
                                        "memory that maxima allow to take, and available memory"});
    if (after->growth_kib > after->available_kib && after->growth_kib > before->growth_kib)
        add_breach(out, (struct tick_breach){TICK_LAW_FREE_FIRST, 0, after->growth_kib,
                                             after->available_kib,
                                             "growth that targets allow, and available memory"});
}

static const char *law_name(enum tick_law law)
{
    switch (law) {
    case TICK_LAW_CONSERVATION:
        return "conservation";
    case TICK_LAW_RESERVED:
        return "no page is reserved twice";
    case TICK_LAW_BOUNDS:
        return "bounds";
    case TICK_LAW_FREE_FIRST:
        return "free before take";
    case TICK_LAW_NO_KILL:
        return "no guest is killed";
    default:
        return "unknown";
    }
}

size_t tick_breach_text(const struct tick_breach *what, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    ballast_text_add(&text, "law %d, %s: domain %" PRIu32 ": %s: %" PRIu64 ", %" PRIu64,
                     (int)what->law, law_name(what->law), what->domid, what->words, what->found_kib,
                     what->required_kib);
    return text.length;
}
