/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

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

const char *balancer_reason_figure(enum balancer_reason reason, size_t which)
{
    return (unsigned)reason < BALANCER_REASONS && which < 2 ? figures[reason][which] : NULL;
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

static const char *reason_verb(enum balancer_reason reason)
{
    switch (reason) {
    case BALANCER_RECLAIMED_FOR_START:
        return "gives what it does not use to a waiting start, which still misses";
    case BALANCER_SQUEEZED_FOR_START:
        return "is squeezed for a waiting start, which still misses";
    case BALANCER_RECLAIM_STOPPED:
        return "stays at what it holds,";
    case BALANCER_NEEDS_MORE:
        return "gets more, because it needs";
    case BALANCER_SHARE_OF_SURPLUS:
        return "gets its share of what is free,";
    case BALANCER_RECLAIMED_FOR_OTHERS:
        return "gives to others, who are short of";
    case BALANCER_LIMIT_HELD:
        return "must not grow by itself any more; room taken away:";
    case BALANCER_LIMIT_RAISED:
        return "had a limit below its target; raised by";
    case BALANCER_PINNED:
        return "is kept at its pinned target,";
    case BALANCER_BELOW_PIN:
        return "is squeezed for a waiting start, below its pinned target of";
    case BALANCER_BACKOFF:
        return "has stopped: in backoff at";
    case BALANCER_RULE:
    case BALANCER_FITS:
    case BALANCER_NEVER_FITS:
    case BALANCER_DONORS_STUCK:
    case BALANCER_TOO_LATE:
    case BALANCER_REASONS:
        break;
    }
    return "is moved by the rule of the policy from";
}

size_t balancer_set_text(const struct balancer_set *set, const char *name, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    ballast_text_add(&text, "%s %s %" PRIu64 " KiB", name, reason_verb(set->reason), set->a_kib);
    if (set->target_kib != UINT64_MAX)
        ballast_text_add(&text, ": target %" PRIu64 " KiB", set->target_kib);
    else if (set->maxmem_kib != UINT64_MAX)
        ballast_text_add(&text, ": maximum %" PRIu64 " KiB", set->maxmem_kib);
    if (set->floor.reason != FLOOR_NONE && set->reason != BALANCER_BACKOFF) {
        char why[256];
        (void)floor_text(&set->floor, why, sizeof(why));
        ballast_text_add(&text, "; not below its floor of %" PRIu64 " KiB, %s", set->floor.kib,
                         why);
    }
    return text.length;
}

size_t balancer_verdict_text(const struct balancer_verdict *verdict, const char *name, char *buf,
                             size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    uint64_t a = verdict->a_kib;
    uint64_t b = verdict->b_kib;
    switch (verdict->reason) {
    case BALANCER_FITS:
        ballast_text_add(&text,
                         "%s may start: %" PRIu64 " KiB are free for it, %" PRIu64 " KiB stay free",
                         name, a, b);
        break;
    case BALANCER_NEVER_FITS:
        ballast_text_add(&text,
                         "%s cannot start: it needs %" PRIu64
                         " KiB, and if every domain gave down to its minimum %" PRIu64
                         " KiB would be free",
                         name, a, b);
        break;
    case BALANCER_DONORS_STUCK:
        ballast_text_add(
            &text,
            "%s cannot start: %" PRIu64
            " KiB are missing, and nobody gives any more; those who could still hold %" PRIu64
            " KiB above their minima",
            name, a, b);
        break;
    case BALANCER_TOO_LATE:
        ballast_text_add(
            &text, "%s cannot start: its time is over with %" PRIu64 " KiB still missing", name, a);
        break;
    default:
        break;
    }
    return text.length;
}
