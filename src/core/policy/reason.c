/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "core/base/pattern.h"
#include "core/base/text.h"
#include "core/policy/balancer.h"

#define FIGURE(member) PATTERN_MEMBER(struct balancer_figures, member)

/* Each reason: its name, its sentence, and its figures. */
static const struct {
    const char *name;
    const char *pattern;
    struct pattern_member figures[BALANCER_FIGURES];
} reasons[BALANCER_REASONS] = {
    [BALANCER_RECLAIMED_FOR_START] =
        {"reclaimed-for-start",
         "it does not use all of its memory, and {missing_kib} are missing to start {detail}",
         {FIGURE(missing_kib), FIGURE(current_kib)}},
    [BALANCER_SQUEEZED_FOR_START] =
        {"squeezed-for-start",
         "the memory that no domain uses does not suffice, and {missing_kib} are missing to start {detail}",
         {FIGURE(missing_kib), FIGURE(current_kib)}},
    [BALANCER_RECLAIM_STOPPED] = {"stop",
                                  "enough is free; it keeps its current {current_kib}",
                                  {FIGURE(current_kib)}},
    [BALANCER_NEEDS_MORE] = {"needs-more",
                             "it needs {needed_kib} and has {current_kib}",
                             {FIGURE(needed_kib), FIGURE(current_kib)}},
    [BALANCER_UNDER_PRESSURE] =
        {"under-pressure",
         "its pressure shows that it lacks memory; it needs {needed_kib} and has {current_kib}",
         {FIGURE(needed_kib), FIGURE(current_kib)}},
    [BALANCER_SHARE_OF_SURPLUS] = {"share-of-surplus",
                                   "its share of the free memory is {share_kib}",
                                   {FIGURE(share_kib), FIGURE(current_kib)}},
    [BALANCER_RECLAIMED_FOR_OTHERS] =
        {"reclaimed-for-others",
         "it does not use all of its memory, and other domains need {missing_kib} more",
         {FIGURE(missing_kib), FIGURE(current_kib)}},
    [BALANCER_PROBED] =
        {"probed",
         "it reports {used_kib} in use, other domains lack memory, and its next report shows whether it needs this",
         {FIGURE(used_kib), FIGURE(current_kib)}},
    [BALANCER_RECLAIMED_FOR_HEADROOM] =
        {"reclaimed-for-headroom",
         "it does not use all of its memory, and {missing_kib} of the headroom are missing",
         {FIGURE(missing_kib), FIGURE(current_kib)}},
    [BALANCER_RULE] = {"rule", "the policy moves it from {current_kib}", {FIGURE(current_kib)}},
    [BALANCER_PINNED] = {"pinned",
                         "its target is pinned at {pinned_kib}",
                         {FIGURE(pinned_kib), FIGURE(current_kib)}},
    [BALANCER_BELOW_PIN] =
        {"below-pin",
         "it goes below its pinned target of {pinned_kib}, since other domains cannot free enough to start {detail}",
         {FIGURE(pinned_kib), FIGURE(current_kib)}},
    [BALANCER_BACKOFF] =
        {"backoff",
         "its balloon stopped at {current_kib}; it is in backoff and not asked for less",
         {FIGURE(current_kib)}},
    [BALANCER_MAXIMUM_LOWERED] = {"maximum-lowered",
                                  "it could grow by {change_kib} without being asked",
                                  {FIGURE(change_kib), FIGURE(current_kib)}},
    [BALANCER_MAXIMUM_RAISED] = {"maximum-raised",
                                 "it was {change_kib} below the target",
                                 {FIGURE(change_kib), FIGURE(current_kib)}},
    [BALANCER_FITS] = {"fits",
                       "{needed_kib} are free for it, {left_kib} stay free",
                       {FIGURE(needed_kib), FIGURE(left_kib)}},
    [BALANCER_NEVER_FITS] =
        {"never-fits",
         "it needs {needed_kib}; with every domain at its minimum {possible_kib} would be free",
         {FIGURE(needed_kib), FIGURE(possible_kib)}},
    [BALANCER_DONORS_STUCK] =
        {"donors-stuck",
         "{missing_kib} are missing, and no donor frees memory any more; they are {held_kib} above their minima",
         {FIGURE(missing_kib), FIGURE(held_kib)}},
    [BALANCER_TOO_LATE] = {"too-late",
                           "its deadline passed with {missing_kib} missing",
                           {FIGURE(missing_kib)}},
    [BALANCER_REPORT_FOLLOWS] =
        {"report-follows",
         "its report fell with its memory, to {used_kib} in use of {current_kib}: it is not counted as need",
         {FIGURE(used_kib), FIGURE(current_kib)}},
    [BALANCER_REPORT_UNUSED] =
        {"report-unused",
         "neither its pressure nor its swap rises with {current_kib}: the {used_kib} that it reports in use are not counted as need",
         {FIGURE(used_kib), FIGURE(current_kib)}},
    [BALANCER_REPORT_STAYS] =
        {"report-stays",
         "it reports {used_kib} in use with {current_kib}, too: this counts as need, and its memory is returned",
         {FIGURE(used_kib), FIGURE(current_kib)}},
    [BALANCER_REPORT_FREES] =
        {"report-frees",
         "it reports memory free, with {used_kib} in use of {current_kib}: this counts as need",
         {FIGURE(used_kib), FIGURE(current_kib)}},
    [BALANCER_PROBE_PRESSED] =
        {"probe-pressed",
         "its pressure or its swap rose with {current_kib}: the {used_kib} that it reports in use count as need, and its memory is returned",
         {FIGURE(used_kib), FIGURE(current_kib)}},
    [BALANCER_PROBE_STOPPED] =
        {"probe-stopped",
         "its balloon stopped at {current_kib}: the {used_kib} that it reports in use count as need",
         {FIGURE(used_kib), FIGURE(current_kib)}},
    [BALANCER_PROBE_UNANSWERED] =
        {"probe-unanswered",
         "no report came with {current_kib}: the {used_kib} that it reports in use count as before, and its memory is returned",
         {FIGURE(used_kib), FIGURE(current_kib)}},
    [BALANCER_REPORT_FORGIVEN] = {"report-forgiven",
                                  "its report counts again: {used_kib} in use of {current_kib}",
                                  {FIGURE(used_kib), FIGURE(current_kib)}},
    [BALANCER_DISTRESS] =
        {"distress",
         "its pressure shows that it lacks memory with {current_kib}; other domains are asked first",
         {FIGURE(current_kib)}},
    [BALANCER_DISTRESS_OVER] =
        {"distress-over",
         "its pressure has shown no lack of memory for 30 s with {current_kib}",
         {FIGURE(current_kib)}},
};

void balancer_reason_figures(enum balancer_reason reason, const struct balancer_figures *figures,
                             struct pattern_figure out[BALANCER_FIGURES])
{
    static const struct pattern_member none[BALANCER_FIGURES];
    bool known = (unsigned)reason < BALANCER_REASONS;
    pattern_read(figures, known ? reasons[reason].figures : none, BALANCER_FIGURES, out);
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
    balancer_reason_figures(set->reason, &set->figures, holes + 5);
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
    balancer_reason_figures(verdict->reason, &verdict->figures, holes + 1);
    (void)balancer_verdict_pattern(verdict->reason, pattern, sizeof(pattern));
    pattern_fill(&text, pattern, holes, sizeof(holes) / sizeof(holes[0]));
    return text.length;
}
