/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/follow.h"

#include "core/base/pattern.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/model/host.h"

void ballast_follow_begin(struct ballast_follow *follow, uint64_t now_usec, uint64_t tot_kib)
{
    follow->first_kib = tot_kib;
    follow->last_kib = tot_kib;
    follow->mark_kib = tot_kib;
    follow->mark_usec = now_usec;
}

/* A page short of it is there: targets are KiB, guests move pages. */
static bool is_at_goal(const struct ballast_follow *follow, uint64_t tot_kib)
{
    uint64_t short_kib = ballast_max_u64(follow->short_kib, BALLAST_PAGE_KIB - 1);
    return ballast_add_ceil(tot_kib, short_kib) >= follow->goal_kib &&
           tot_kib <= ballast_add_ceil(follow->goal_kib, follow->tolerance_kib);
}

static uint64_t distance_kib(uint64_t from_kib, uint64_t to_kib)
{
    return from_kib > to_kib ? from_kib - to_kib : to_kib - from_kib;
}

enum ballast_follow_state ballast_follow_sample(struct ballast_follow *follow, uint64_t now_usec,
                                                uint64_t tot_kib)
{
    bool rests = tot_kib == follow->last_kib;
    uint64_t was_kib = distance_kib(follow->mark_kib, follow->goal_kib);
    uint64_t left_kib = distance_kib(tot_kib, follow->goal_kib);
    follow->last_kib = tot_kib;
    if (is_at_goal(follow, tot_kib) && rests)
        return BALLAST_FOLLOW_REACHED;
    if (ballast_add_ceil(left_kib, BALLAST_FOLLOW_STEP_KIB) <= was_kib) {
        follow->mark_kib = tot_kib;
        follow->mark_usec = now_usec;
    }
    if (now_usec >= follow->until_usec)
        return BALLAST_FOLLOW_LATE;
    if (ballast_sub_floor(now_usec, follow->mark_usec) >= follow->patience_usec)
        return BALLAST_FOLLOW_STOPPED;
    return BALLAST_FOLLOW_MOVING;
}

uint32_t ballast_follow_permyriad(const struct ballast_follow *follow)
{
    if (is_at_goal(follow, follow->last_kib))
        return (uint32_t)BALLAST_PERMYRIAD;
    uint64_t all_kib = distance_kib(follow->first_kib, follow->goal_kib);
    uint64_t left_kib = distance_kib(follow->last_kib, follow->goal_kib);
    if (all_kib == 0 || left_kib >= all_kib)
        return 0;
    return (uint32_t)ballast_mul_div(all_kib - left_kib, BALLAST_PERMYRIAD, all_kib);
}

static bool is_at_or_above(uint64_t tot_kib, uint64_t level_kib, uint64_t within_kib)
{
    return tot_kib >= level_kib && tot_kib - level_kib <= within_kib;
}

static uint64_t wanted_kib(const struct ballast_stop_facts *facts)
{
    return ballast_sub_floor(facts->goal_kib, facts->tot_kib);
}

static enum ballast_stop why_not_up(const struct ballast_stop_facts *facts)
{
    if (facts->maximum_kib < facts->goal_kib && facts->tot_kib >= facts->maximum_kib)
        return BALLAST_STOP_MAXIMUM;
    if (facts->free_kib < wanted_kib(facts))
        return BALLAST_STOP_HOST_FULL;
    if (!facts->has_balloon)
        return BALLAST_STOP_NO_BALLOON;
    return BALLAST_STOP_UNKNOWN;
}

/* How near to a level a guest must have stopped for the level to be the likely reason. */
#define NEAR_KIB (UINT64_C(32) * 1024)

static enum ballast_stop why_not_down(const struct ballast_stop_facts *facts)
{
    bool pod = facts->pod_entries_kib != BALLAST_NONE && facts->pod_entries_kib > 0;
    if (pod && facts->pod_cache_kib != BALLAST_NONE && facts->pod_cache_kib > 0)
        return BALLAST_STOP_POD;
    if (!facts->has_balloon)
        return BALLAST_STOP_NO_BALLOON;
    uint64_t ram_kib = ballast_sub_floor(facts->tot_kib, facts->video_kib);
    if (facts->used_kib != BALLAST_NONE &&
        is_at_or_above(ballast_add_ceil(ram_kib, NEAR_KIB), facts->used_kib, 2 * NEAR_KIB))
        return BALLAST_STOP_USED;
    if (ram_kib <= BALLAST_IDLE_LINUX_KIB + NEAR_KIB / 2)
        return BALLAST_STOP_IDLE_FLOOR;
    return BALLAST_STOP_UNKNOWN;
}

enum ballast_stop ballast_stop_reason(const struct ballast_stop_facts *facts)
{
    if (facts->dying)
        return BALLAST_STOP_DYING;
    if (facts->paused)
        return BALLAST_STOP_PAUSED;
    uint64_t low_kib = ballast_min_u64(facts->target_kib, facts->goal_kib);
    if (facts->target_kib > 0 &&
        ballast_max_u64(facts->target_kib, facts->goal_kib) - low_kib >= BALLAST_PAGE_KIB)
        return BALLAST_STOP_TARGET;
    return facts->tot_kib < facts->goal_kib ? why_not_up(facts) : why_not_down(facts);
}

static const char *const words[BALLAST_STOPS] = {
    [BALLAST_STOP_DYING] = "dying",           [BALLAST_STOP_PAUSED] = "paused",
    [BALLAST_STOP_TARGET] = "target",         [BALLAST_STOP_MAXIMUM] = "maximum",
    [BALLAST_STOP_HOST_FULL] = "host-full",   [BALLAST_STOP_POD] = "pod",
    [BALLAST_STOP_NO_BALLOON] = "no-balloon", [BALLAST_STOP_USED] = "used",
    [BALLAST_STOP_IDLE_FLOOR] = "idle-floor", [BALLAST_STOP_UNKNOWN] = "unknown",
};

const char *ballast_stop_name(enum ballast_stop reason)
{
    return (unsigned)reason < BALLAST_STOPS ? words[reason] : NULL;
}

/* The sentence of a reason, with a hole for its size where it has one. */
static const char *const patterns[BALLAST_STOPS] = {
    [BALLAST_STOP_DYING] = "it is dying",
    [BALLAST_STOP_PAUSED] = "it is paused, so its balloon does not run",
    [BALLAST_STOP_TARGET] = "its target is now {target_kib}",
    [BALLAST_STOP_MAXIMUM] = "its xen maximum is {maximum_kib}",
    [BALLAST_STOP_HOST_FULL] = "the host has {free_kib} free, and it needs {wanted_kib} more",
    [BALLAST_STOP_POD] =
        "it is populated on demand, and Xen keeps {cache_kib} for it until its balloon runs",
    [BALLAST_STOP_NO_BALLOON] = "it shows no balloon driver: it still boots, or has none",
    [BALLAST_STOP_USED] = "it reports {used_kib} in use",
    [BALLAST_STOP_IDLE_FLOOR] = "even an idle Linux frees nothing below about {idle_kib}",
    [BALLAST_STOP_UNKNOWN] = "no cause is visible from outside the guest",
};

size_t ballast_stop_text(enum ballast_stop reason, const struct ballast_stop_facts *facts,
                         char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    const struct pattern_figure figures[] = {
        {.name = "target_kib", .value = facts->target_kib},
        {.name = "maximum_kib", .value = facts->maximum_kib},
        {.name = "free_kib", .value = facts->free_kib},
        {.name = "wanted_kib", .value = wanted_kib(facts)},
        {.name = "cache_kib", .value = facts->pod_cache_kib},
        {.name = "used_kib", .value = facts->used_kib},
        {.name = "idle_kib", .value = BALLAST_IDLE_LINUX_KIB},
    };
    if ((unsigned)reason >= BALLAST_STOPS)
        reason = BALLAST_STOP_UNKNOWN;
    pattern_fill(&text, patterns[reason], figures, sizeof(figures) / sizeof(figures[0]));
    return text.length;
}
