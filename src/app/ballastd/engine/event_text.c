/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/event_text.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/units.h"
#include "core/model/host.h"

/* A piece of a sentence in which %a, %b, %f and %t are sizes, %d the detail and %w who did it. */
static void add_pattern(struct ballast_text *text, const struct history_event *event,
                        const char *pattern)
{
    for (const char *at = pattern; *at; at++) {
        if (*at != '%') {
            ballast_text_add(text, "%c", *at);
            continue;
        }
        at++;
        if (*at == 'd')
            ballast_text_add(text, "%s", event->detail);
        else if (*at == 'w')
            ballast_text_add(text, "%s", event->who);
        else
            ballast_text_add_size(text, *at == 'a'   ? event->a_kib
                                        : *at == 'b' ? event->b_kib
                                        : *at == 'f' ? event->from_kib
                                                     : event->to_kib);
    }
}

struct pattern {
    const char *word;
    const char *text;
};

static const struct pattern reasons[] = {
    {"reclaimed-for-start", "it does not use all of its memory, and %a were missing to start "},
    {"squeezed-for-start", "what is idle did not suffice, and %a were missing to start "},
    {"stop", "enough is free; it keeps the %a that it holds"},
    {"needs-more", "it needs %a and held %b"},
    {"share-of-surplus", "its share of what is free is %a"},
    {"reclaimed-for-others", "it does not use all of its memory, and others are short of %a"},
    {"pinned", "it is pinned at %a"},
    {"below-pin",
     "pinned at %a, it is squeezed below that, since nobody else has enough, to start "},
    {"backoff", "its balloon stopped at %a; in backoff it is not asked for less"},
    {"rule", "by the rule of the policy, from %a"},
    {"limit-held", "it must not grow by itself; room of %a is taken away"},
    {"limit-raised", "it was below its target, by %a"},
    {"fits", "%a are free for it, %b stay free"},
    {"never-fits", "it needs %a, and if every domain gave down to its minimum %b would be free"},
    {"donors-stuck", "%a are missing and nobody gives any more; those who could still hold %b "
                     "above their minima"},
    {"too-late", "its time is over with %a still missing"},
    {NULL, NULL},
};

/* What stands alone. */
static const struct pattern others[] = {
    {"bound", "started by %w with %t promised to it"},
    {"suspend-not-believed",
     "it says that it is being suspended and is not; it is asked like any other"},
    {"foreign-target", "target set from %f to %t by somebody else"},
    {"unpinned", "target given back to the balancer by %w; it was pinned at %f"},
    {"appeared", "came, with %t"},
    {"gone", "is gone; it held %t"},
    {NULL, NULL},
};

static const char *find_pattern(const struct pattern *patterns, const char *word)
{
    for (; patterns->word; patterns++) {
        if (strcmp(patterns->word, word) == 0)
            return patterns->text;
    }
    return NULL;
}

static void add_reservation(struct ballast_text *text, const struct history_event *event)
{
    if (event->reservation != BALLAST_NONE)
        ballast_text_add(text, " (reservation %" PRIu64 ")", event->reservation);
}

static void add_reason(struct ballast_text *text, const struct history_event *event)
{
    const char *pattern = find_pattern(reasons, event->reason);
    if (!pattern) {
        ballast_text_add(text, "%s", event->reason);
        return;
    }
    add_pattern(text, event, pattern);
    if (pattern[strlen(pattern) - 1] == ' ')
        ballast_text_add(text, "%s", *event->detail ? event->detail : "a guest");
}

static void add_steps(struct ballast_text *text, const struct history_event *event)
{
    uint64_t tenths = (event->until_usec - event->time_usec) / (BALLAST_SEC_USEC / 10);
    if (event->steps < 2)
        return;
    ballast_text_add(text, " in %" PRIu64 " steps", event->steps);
    if (tenths > 0 && event->until_usec > event->time_usec)
        ballast_text_add(text, " over %" PRIu64 ".%" PRIu64 " s", tenths / 10, tenths % 10);
}

static void add_move(struct ballast_text *text, const struct history_event *event)
{
    bool limit = strncmp(event->what, "limit", 5) == 0;
    bool failed = strstr(event->what, "-failed") != NULL;
    bool known = event->from_kib != BALLAST_NONE && event->to_kib != BALLAST_NONE;
    ballast_text_add(text, limit ? "limit" : "target");
    if (failed)
        ballast_text_add(text, " could not be");
    ballast_text_add(text, !known || event->to_kib == event->from_kib ? " set"
                           : event->to_kib < event->from_kib          ? " lowered"
                                                                      : " raised");
    if (known)
        add_pattern(text, event, event->to_kib == event->from_kib ? " to %t" : " from %f to %t");
    add_steps(text, event);
    ballast_text_add(text, ": ");
    add_reason(text, event);
    add_reservation(text, event);
}

/* The difference is told apart: beside the size of a guest it would be rounded away. */
static void add_built(struct ballast_text *text, const struct history_event *event)
{
    uint64_t more_kib = ballast_sub_floor(event->to_kib, event->from_kib);
    uint64_t less_kib = ballast_sub_floor(event->from_kib, event->to_kib);
    add_pattern(text, event, "has cost the host %t, ");
    if (more_kib == 0 && less_kib == 0) {
        ballast_text_add(text, "as was predicted");
        return;
    }
    ballast_text_add_size(text, ballast_max_u64(more_kib, less_kib));
    ballast_text_add(text, " %s than was predicted: %s its bound", more_kib > 0 ? "more" : "less",
                     event->reason);
}

static void add_verdict(struct ballast_text *text, const struct history_event *event, bool granted)
{
    ballast_text_add(text, "%s %s start", *event->detail ? event->detail : "a guest",
                     granted ? "may" : "cannot");
    add_reservation(text, event);
    ballast_text_add(text, ": ");
    add_reason(text, event);
}

size_t event_text(const struct history_event *event, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    const char *pattern = find_pattern(others, event->what);
    if (strncmp(event->what, "target", 6) == 0 || strncmp(event->what, "limit", 5) == 0) {
        add_move(&text, event);
    } else if (strcmp(event->what, "grant") == 0 || strcmp(event->what, "refuse") == 0) {
        add_verdict(&text, event, event->what[0] == 'g');
    } else if (strcmp(event->what, "built") == 0) {
        add_built(&text, event);
    } else if (strncmp(event->what, "alert", 5) == 0) {
        ballast_text_add(&text, "%s%s: %s", event->reason,
                         strcmp(event->what, "alert") == 0 ? "" : " is over", event->detail);
    } else if (strcmp(event->what, "setting") == 0) {
        ballast_text_add(&text, "%s set %s: %s", event->who, event->reason, event->detail);
    } else if (strcmp(event->what, "pinned") == 0) {
        add_pattern(&text, event, "target pinned at %t by %w");
        if (event->from_kib != BALLAST_NONE)
            add_pattern(&text, event, ", from %f");
    } else if (pattern) {
        add_pattern(&text, event, pattern);
        add_reservation(&text, event);
    } else {
        ballast_text_add(&text, "%s: %s %s", event->who, event->what, event->reason);
    }
    return text.length;
}
