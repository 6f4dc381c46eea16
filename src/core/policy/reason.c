/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "core/base/pattern.h"
#include "core/base/text.h"
#include "core/policy/balancer.h"

static const char *const words[BALANCER_REASONS] = {
    [BALANCER_RECLAIMED_FOR_START] = "reclaimed-for-start",
    [BALANCER_SQUEEZED_FOR_START] = "squeezed-for-start",
    [BALANCER_RECLAIM_STOPPED] = "stop",
    [BALANCER_NEEDS_MORE] = "needs-more",
    [BALANCER_SHARE_OF_SURPLUS] = "share-of-surplus",
    [BALANCER_RECLAIMED_FOR_OTHERS] = "reclaimed-for-others",
    [BALANCER_RULE] = "rule",
    [BALANCER_PINNED] = "pinned",
    [BALANCER_BELOW_PIN] = "below-pin",
    [BALANCER_BACKOFF] = "backoff",
    [BALANCER_LIMIT_HELD] = "limit-held",
    [BALANCER_LIMIT_RAISED] = "limit-raised",
    [BALANCER_FITS] = "fits",
    [BALANCER_NEVER_FITS] = "never-fits",
    [BALANCER_DONORS_STUCK] = "donors-stuck",
    [BALANCER_TOO_LATE] = "too-late",
};

static const char *const figures[BALANCER_REASONS][2] = {
    [BALANCER_RECLAIMED_FOR_START] = {"missing_kib", "current_kib"},
    [BALANCER_SQUEEZED_FOR_START] = {"missing_kib", "current_kib"},
    [BALANCER_RECLAIM_STOPPED] = {"current_kib"},
    [BALANCER_NEEDS_MORE] = {"needed_kib", "current_kib"},
    [BALANCER_SHARE_OF_SURPLUS] = {"share_kib", "current_kib"},
    [BALANCER_RECLAIMED_FOR_OTHERS] = {"missing_kib", "current_kib"},
    [BALANCER_RULE] = {"current_kib"},
    [BALANCER_PINNED] = {"pinned_kib", "current_kib"},
    [BALANCER_BELOW_PIN] = {"pinned_kib", "current_kib"},
    [BALANCER_BACKOFF] = {"current_kib"},
    [BALANCER_LIMIT_HELD] = {"change_kib", "current_kib"},
    [BALANCER_LIMIT_RAISED] = {"change_kib", "current_kib"},
    [BALANCER_FITS] = {"needed_kib", "left_kib"},
    [BALANCER_NEVER_FITS] = {"needed_kib", "possible_kib"},
    [BALANCER_DONORS_STUCK] = {"missing_kib", "held_kib"},
    [BALANCER_TOO_LATE] = {"missing_kib"},
};

void balancer_reason_figures(enum balancer_reason reason, uint64_t a_kib, uint64_t b_kib,
                             struct pattern_figure out[BALANCER_FIGURES])
{
    bool known = (unsigned)reason < BALANCER_REASONS;
    out[0] = (struct pattern_figure){.name = known ? figures[reason][0] : NULL, .value = a_kib};
    out[1] = (struct pattern_figure){.name = known ? figures[reason][1] : NULL, .value = b_kib};
}

int balancer_reason_find(const char *name)
{
    for (int i = 0; i < BALANCER_REASONS; i++) {
        if (strcmp(words[i], name) == 0)
            return i;
    }
    return -ENOENT;
}

const char *balancer_reason_name(enum balancer_reason reason)
{
    return (unsigned)reason < BALANCER_REASONS ? words[reason] : NULL;
}

static const char *const status_names[BALLOON_STATUSES] = {
    [BALLOON_UNKNOWN] = "unknown", [BALLOON_FOLLOWS] = "follows",     [BALLOON_SLOW] = "slow",
    [BALLOON_STUCK] = "stuck",     [BALLOON_NO_DRIVER] = "no-driver",
};

const char *balloon_status_name(enum balloon_status status)
{
    return (unsigned)status < BALLOON_STATUSES ? status_names[status] : NULL;
}

/* What is said of a domain or a start, behind its name, and why alone, as an event has it. */
static const struct {
    const char *about;
    const char *why;
} patterns[BALANCER_REASONS] = {
    [BALANCER_RECLAIMED_FOR_START] =
        {"gives what it does not use to a waiting start, which still misses {missing_kib}",
         "it does not use all of its memory, and {missing_kib} were missing to start {detail}"},
    [BALANCER_SQUEEZED_FOR_START] =
        {"is squeezed for a waiting start, which still misses {missing_kib}",
         "what is idle did not suffice, and {missing_kib} were missing to start {detail}"},
    [BALANCER_RECLAIM_STOPPED] = {"stays at what it holds, {current_kib}",
                                  "enough is free; it keeps the {current_kib} that it holds"},
    [BALANCER_NEEDS_MORE] = {"gets more, because it needs {needed_kib}",
                             "it needs {needed_kib} and held {current_kib}"},
    [BALANCER_SHARE_OF_SURPLUS] = {"gets its share of what is free, {share_kib}",
                                   "its share of what is free is {share_kib}"},
    [BALANCER_RECLAIMED_FOR_OTHERS] =
        {"gives to others, who are short of {missing_kib}",
         "it does not use all of its memory, and others are short of {missing_kib}"},
    [BALANCER_RULE] = {"is moved by the rule of the policy from {current_kib}",
                       "by the rule of the policy, from {current_kib}"},
    [BALANCER_PINNED] = {"is kept at its pinned target, {pinned_kib}",
                         "it is pinned at {pinned_kib}"},
    [BALANCER_BELOW_PIN] =
        {"is squeezed for a waiting start, below its pinned target of {pinned_kib}",
         "pinned at {pinned_kib}, it is squeezed below that, since nobody else has enough, to start {detail}"},
    [BALANCER_BACKOFF] =
        {"has stopped: in backoff at {current_kib}",
         "its balloon stopped at {current_kib}; in backoff it is not asked for less"},
    [BALANCER_LIMIT_HELD] = {"must not grow by itself any more; room taken away: {change_kib}",
                             "it must not grow by itself; room of {change_kib} is taken away"},
    [BALANCER_LIMIT_RAISED] = {"had a limit below its target; raised by {change_kib}",
                               "it was below its target, by {change_kib}"},
    [BALANCER_FITS] = {"may start: {needed_kib} are free for it, {left_kib} stay free",
                       "{needed_kib} are free for it, {left_kib} stay free"},
    [BALANCER_NEVER_FITS] =
        {"cannot start: it needs {needed_kib}, and if every domain gave down to its minimum {possible_kib} would be free",
         "it needs {needed_kib}, and if every domain gave down to its minimum {possible_kib} would be free"},
    [BALANCER_DONORS_STUCK] =
        {"cannot start: {missing_kib} are missing, and nobody gives any more; those who could still hold {held_kib} above their minima",
         "{missing_kib} are missing and nobody gives any more; those who could still hold {held_kib} above their minima"},
    [BALANCER_TOO_LATE] = {"cannot start: its time is over with {missing_kib} still missing",
                           "its time is over with {missing_kib} still missing"},
};

const char *balancer_reason_pattern(enum balancer_reason reason)
{
    return (unsigned)reason < BALANCER_REASONS ? patterns[reason].why : NULL;
}

size_t balancer_set_pattern(const struct balancer_set *set, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    if ((unsigned)set->reason >= BALANCER_REASONS)
        return 0;
    ballast_text_add(&text, "{name} %s", patterns[set->reason].about);
    if (set->target_kib != UINT64_MAX)
        ballast_text_add(&text, ": target {target_kib}");
    else if (set->maxmem_kib != UINT64_MAX)
        ballast_text_add(&text, ": maximum {xen_maximum_kib}");
    if (set->floor.reason != FLOOR_NONE && set->reason != BALANCER_BACKOFF)
        ballast_text_add(&text, "; not below its floor of {floor_kib}, {floor_why}");
    return text.length;
}

size_t balancer_set_text(const struct balancer_set *set, const char *name, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    char pattern[256];
    char why[256] = "";
    struct pattern_figure holes[BALANCER_FIGURES + 5] = {
        {.name = "name", .text = name},
        {.name = "target_kib", .value = set->target_kib},
        {.name = "xen_maximum_kib", .value = set->maxmem_kib},
        {.name = "floor_kib", .value = set->floor.kib},
        {.name = "floor_why", .text = why},
    };
    if (set->floor.reason != FLOOR_NONE)
        (void)floor_text(&set->floor, why, sizeof(why));
    balancer_reason_figures(set->reason, set->a_kib, set->b_kib, holes + 5);
    (void)balancer_set_pattern(set, pattern, sizeof(pattern));
    pattern_fill(&text, pattern, holes, sizeof(holes) / sizeof(holes[0]), PATTERN_KIB);
    return text.length;
}

size_t balancer_verdict_pattern(enum balancer_reason reason, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    if (reason >= BALANCER_FITS && reason <= BALANCER_TOO_LATE)
        ballast_text_add(&text, "{name} %s", patterns[reason].about);
    return text.length;
}

size_t balancer_verdict_text(const struct balancer_verdict *verdict, const char *name, char *buf,
                             size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    char pattern[256];
    struct pattern_figure holes[BALANCER_FIGURES + 1] = {{.name = "name", .text = name}};
    balancer_reason_figures(verdict->reason, verdict->a_kib, verdict->b_kib, holes + 1);
    (void)balancer_verdict_pattern(verdict->reason, pattern, sizeof(pattern));
    pattern_fill(&text, pattern, holes, sizeof(holes) / sizeof(holes[0]), PATTERN_KIB);
    return text.length;
}
