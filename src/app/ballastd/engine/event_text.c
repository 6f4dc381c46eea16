/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/event_text.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/pattern.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "core/policy/balancer.h"
#include "core/policy/floor.h"

struct event_pattern {
    const char *word;
    const char *text;
};

/* What stands alone. */
static const struct event_pattern others[] = {
    {"bound", "started by {who} with {to_kib} reserved for it"},
    {"unreserved", "started without a reservation, with {from_kib}"},
    {"took-reserved",
     "started without a reservation, with {from_kib}; {to_kib} of it were reserved for others and are reclaimed"},
    {"made-good", "the {to_kib} that it took of reserved memory are free again"},
    {"kept", "shut down to reboot; {to_kib} are kept for it"},
    {"suspend-not-believed",
     "it reports that it is being suspended and is not; it is balanced like any other"},
    {"foreign-target", "target set from {from_kib} to {to_kib} by another program"},
    {"unpinned", "target given back to the balancer by {who}; it was pinned at {from_kib}"},
    {"host-state", "memory of the host was {detail} and is {reason}: {to_kib} of it are unneeded"},
    {"appeared", "appeared with {to_kib}"},
    {"gone", "is gone; it had {to_kib}"},
    {NULL, NULL},
};

static const char *find_pattern(const struct event_pattern *patterns, const char *word)
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
        ballast_text_add(text, " (reservation {reservation})");
}

/* The hole for the start, where there is one. */
static const char *start_of(const struct history_event *event)
{
    return *event->detail ? "{detail}" : "a guest";
}

static void add_reason(struct ballast_text *text, const struct history_event *event)
{
    int reason = balancer_reason_find(event->reason);
    if (reason < 0)
        ballast_text_add(text, "{reason}");
    else
        balancer_reason_add(text, (enum balancer_reason)reason, start_of(event));
}

static void add_steps(struct ballast_text *text, const struct history_event *event)
{
    uint64_t tenths = (event->until_usec - event->time_usec) / (BALLAST_SEC_USEC / 10);
    if (event->steps < 2)
        return;
    ballast_text_add(text, " in {steps} steps");
    if (tenths > 0 && event->until_usec > event->time_usec)
        ballast_text_add(text, " over %" PRIu64 ".%" PRIu64 " s", tenths / 10, tenths % 10);
}

static void add_held_floor(struct ballast_text *text, const struct history_event *event)
{
    static const char *const whys[FLOOR_REASONS] = {
        [FLOOR_MINIMAL_KERNEL] = ", what a minimal kernel needs",
        [FLOOR_BOOT] = ", what a kernel needs to boot",
        [FLOOR_REPORTED_USE] = ", its reported use",
        [FLOOR_LAST_STOP] = ", where its balloon last stopped",
    };
    int reason = floor_reason_find(event->floor_reason);
    if (event->floor_kib == BALLAST_NONE)
        return;
    ballast_text_add(text, "; not below its floor of {floor_kib}%s",
                     reason >= 0 && whys[reason] ? whys[reason] : "");
}

static void add_move(struct ballast_text *text, const struct history_event *event)
{
    bool maximum = strncmp(event->what, "maximum", 7) == 0;
    bool failed = strstr(event->what, "-failed") != NULL;
    bool known = event->from_kib != BALLAST_NONE && event->to_kib != BALLAST_NONE;
    ballast_text_add(text, maximum ? "xen maximum" : "target");
    if (failed)
        ballast_text_add(text, " could not be");
    ballast_text_add(text, !known || event->to_kib == event->from_kib ? " set"
                           : event->to_kib < event->from_kib          ? " lowered"
                                                                      : " raised");
    if (known)
        ballast_text_add(text, event->to_kib == event->from_kib ? " to {to_kib}"
                                                                : " from {from_kib} to {to_kib}");
    add_steps(text, event);
    ballast_text_add(text, ": ");
    add_reason(text, event);
    add_reservation(text, event);
    add_held_floor(text, event);
}

/* The difference is told apart: beside the size of a guest it would be rounded away. */
static void add_built(struct ballast_text *text, const struct history_event *event)
{
    ballast_text_add(text, "cost the host {to_kib}, ");
    if (event->to_kib == event->from_kib)
        ballast_text_add(text, "as predicted");
    else
        ballast_text_add(text, "{difference_kib} %s than predicted: {reason} its bound",
                         event->to_kib > event->from_kib ? "more" : "less");
}

uint64_t event_difference_kib(const struct history_event *event)
{
    if (strcmp(event->what, "built") != 0)
        return BALLAST_NONE;
    return event->to_kib > event->from_kib ? event->to_kib - event->from_kib
                                           : event->from_kib - event->to_kib;
}

static void add_verdict(struct ballast_text *text, const struct history_event *event, bool granted)
{
    ballast_text_add(text, "%s %s start", start_of(event), granted ? "may" : "cannot");
    add_reservation(text, event);
    ballast_text_add(text, ": ");
    add_reason(text, event);
}

size_t event_pattern(const struct history_event *event, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    const char *pattern = find_pattern(others, event->what);
    if (strncmp(event->what, "target", 6) == 0 || strncmp(event->what, "maximum", 7) == 0) {
        add_move(&text, event);
    } else if (strcmp(event->what, "grant") == 0 || strcmp(event->what, "refuse") == 0) {
        add_verdict(&text, event, event->what[0] == 'g');
    } else if (strcmp(event->what, "built") == 0) {
        add_built(&text, event);
    } else if (strcmp(event->what, "report") == 0 || strcmp(event->what, "pressure") == 0) {
        add_reason(&text, event);
    } else if (strncmp(event->what, "alert", 5) == 0) {
        ballast_text_add(&text, "{reason}%s: {detail}",
                         strcmp(event->what, "alert") == 0 ? "" : " is over");
    } else if (strcmp(event->what, "setting") == 0) {
        ballast_text_add(&text, "{who} set {reason}: {detail}");
    } else if (strcmp(event->what, "pinned") == 0) {
        ballast_text_add(&text, "target pinned at {to_kib} by {who}");
        if (event->from_kib != BALLAST_NONE)
            ballast_text_add(&text, ", from {from_kib}");
    } else if (pattern) {
        ballast_text_add(&text, "%s", pattern);
        add_reservation(&text, event);
    } else {
        ballast_text_add(&text, "{who}: {what} {reason}");
    }
    return text.length;
}

size_t event_text(const struct history_event *event, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    char pattern[EVENT_PATTERN];
    const struct pattern_figure others_of[] = {
        {.name = "from_kib", .value = event->from_kib},
        {.name = "to_kib", .value = event->to_kib},
        {.name = "difference_kib", .value = event_difference_kib(event)},
        {.name = "floor_kib", .value = event->floor_kib},
        {.name = "reservation", .value = event->reservation},
        {.name = "steps", .value = event->steps},
        {.name = "who", .text = event->who},
        {.name = "what", .text = event->what},
        {.name = "reason", .text = event->reason},
        {.name = "detail", .text = event->detail},
    };
    enum { OTHERS = sizeof(others_of) / sizeof(others_of[0]) };
    struct pattern_figure figures[OTHERS + HISTORY_FIGURES];
    memcpy(figures, others_of, sizeof(others_of));
    for (int i = 0; i < HISTORY_FIGURES; i++)
        figures[OTHERS + i] = (struct pattern_figure){
            .name = history_figure_name((enum history_figure)i), .value = event->figure_kib[i]};
    (void)event_pattern(event, pattern, sizeof(pattern));
    pattern_fill(&text, pattern, figures, OTHERS + HISTORY_FIGURES);
    return text.length;
}
