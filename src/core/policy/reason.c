/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "core/base/pattern.h"
#include "core/base/text.h"
#include "core/policy/balancer.h"

/* Each reason: its name, its sentence, and the names of its figures. */
static const struct {
    const char *name;
    const char *pattern;
    const char *figures[BALANCER_FIGURES];
} reasons[BALANCER_REASONS] = {
    [BALANCER_RECLAIMED_FOR_START] =
        {"reclaimed-for-start",
         "it does not use all of its memory, and {missing_kib} are missing to start {detail}",
         {"missing_kib", "current_kib"}},
    [BALANCER_SQUEEZED_FOR_START] =
        {"squeezed-for-start",
         "the memory that no domain uses does not suffice, and {missing_kib} are missing to start {detail}",
         {"missing_kib", "current_kib"}},
    [BALANCER_RECLAIM_STOPPED] = {"stop",
                                  "enough is free; it keeps its current {current_kib}",
                                  {"current_kib"}},
    [BALANCER_NEEDS_MORE] = {"needs-more",
                             "it needs {needed_kib} and has {current_kib}",
                             {"needed_kib", "current_kib"}},
    [BALANCER_SHARE_OF_SURPLUS] = {"share-of-surplus",
                                   "its share of the free memory is {share_kib}",
                                   {"share_kib", "current_kib"}},
    [BALANCER_RECLAIMED_FOR_OTHERS] =
        {"reclaimed-for-others",
         "it does not use all of its memory, and other domains need {missing_kib} more",
         {"missing_kib", "current_kib"}},
    [BALANCER_RULE] = {"rule", "the policy moves it from {current_kib}", {"current_kib"}},
    [BALANCER_PINNED] = {"pinned",
                         "its target is pinned at {pinned_kib}",
                         {"pinned_kib", "current_kib"}},
    [BALANCER_BELOW_PIN] =
        {"below-pin",
         "it goes below its pinned target of {pinned_kib}, since other domains cannot free enough to start {detail}",
         {"pinned_kib", "current_kib"}},
    [BALANCER_BACKOFF] =
        {"backoff",
         "its balloon stopped at {current_kib}; it is in backoff and not asked for less",
         {"current_kib"}},
    [BALANCER_LIMIT_HELD] = {"limit-held",
                             "its maximum falls by {change_kib}, so that it cannot grow by itself",
                             {"change_kib", "current_kib"}},
    [BALANCER_LIMIT_RAISED] = {"limit-raised",
                               "its maximum was {change_kib} below its target",
                               {"change_kib", "current_kib"}},
    [BALANCER_FITS] = {"fits",
                       "{needed_kib} are free for it, {left_kib} stay free",
                       {"needed_kib", "left_kib"}},
    [BALANCER_NEVER_FITS] =
        {"never-fits",
         "it needs {needed_kib}; with every domain at its minimum {possible_kib} would be free",
         {"needed_kib", "possible_kib"}},
    [BALANCER_DONORS_STUCK] =
        {"donors-stuck",
         "{missing_kib} are missing, and no donor frees memory any more; they are {held_kib} above their minima",
         {"missing_kib", "held_kib"}},
    [BALANCER_TOO_LATE] = {"too-late",
                           "its deadline passed with {missing_kib} missing",
                           {"missing_kib"}},
};

void balancer_reason_figures(enum balancer_reason reason, uint64_t a_kib, uint64_t b_kib,
                             struct pattern_figure out[BALANCER_FIGURES])
{
    bool known = (unsigned)reason < BALANCER_REASONS;
    out[0] =
        (struct pattern_figure){.name = known ? reasons[reason].figures[0] : NULL, .value = a_kib};
    out[1] =
        (struct pattern_figure){.name = known ? reasons[reason].figures[1] : NULL, .value = b_kib};
}

int balancer_reason_find(const char *name)
{
    for (int i = 0; i < BALANCER_REASONS; i++) {
        if (strcmp(reasons[i].name, name) == 0)
            return i;
    }
    return -ENOENT;
}

const char *balancer_reason_name(enum balancer_reason reason)
{
    return (unsigned)reason < BALANCER_REASONS ? reasons[reason].name : NULL;
}

static const char *const status_names[BALLOON_STATUSES] = {
    [BALLOON_UNKNOWN] = "unknown", [BALLOON_FOLLOWS] = "follows",     [BALLOON_SLOW] = "slow",
    [BALLOON_STUCK] = "stuck",     [BALLOON_NO_DRIVER] = "no-driver",
};

const char *balloon_status_name(enum balloon_status status)
{
    return (unsigned)status < BALLOON_STATUSES ? status_names[status] : NULL;
}

const char *balancer_reason_pattern(enum balancer_reason reason)
{
    return (unsigned)reason < BALANCER_REASONS ? reasons[reason].pattern : NULL;
}

void balancer_reason_add(struct ballast_text *text, enum balancer_reason reason, const char *start)
{
    const char *pattern = balancer_reason_pattern(reason);
    const struct pattern_figure detail = {.name = "detail", .text = start};
    if (pattern)
        pattern_fill(text, pattern, &detail, 1);
}

size_t balancer_set_pattern(const struct balancer_set *set, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    if ((unsigned)set->reason >= BALANCER_REASONS)
        return 0;
    ballast_text_add(&text, "{name}: ");
    balancer_reason_add(&text, set->reason, "a guest");
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
    char pattern[BALANCER_PATTERN];
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
    pattern_fill(&text, pattern, holes, sizeof(holes) / sizeof(holes[0]));
    return text.length;
}

size_t balancer_verdict_pattern(enum balancer_reason reason, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    if (reason < BALANCER_FITS || reason > BALANCER_TOO_LATE)
        return 0;
    ballast_text_add(&text, "{name} %s: ", reason == BALANCER_FITS ? "may start" : "cannot start");
    balancer_reason_add(&text, reason, "a guest");
    return text.length;
}

size_t balancer_verdict_text(const struct balancer_verdict *verdict, const char *name, char *buf,
                             size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    char pattern[BALANCER_PATTERN];
    struct pattern_figure holes[BALANCER_FIGURES + 1] = {{.name = "name", .text = name}};
    balancer_reason_figures(verdict->reason, verdict->a_kib, verdict->b_kib, holes + 1);
    (void)balancer_verdict_pattern(verdict->reason, pattern, sizeof(pattern));
    pattern_fill(&text, pattern, holes, sizeof(holes) / sizeof(holes[0]));
    return text.length;
}
