/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events. A target that is moved step by step for one reason is one event, from where it began to
 * where it is; it goes on as long as the next step follows within a minute.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/event_text.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/state.h"
#include "app/ballastd/engine/recorder_internal.h"
#include "core/base/array.h"
#include "core/base/error.h"
#include "core/base/pattern.h"
#include "core/base/units.h"
#include "core/policy/floor.h"

#define GOES_ON_USEC (60 * BALLAST_SEC_USEC)

static void copy_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text ? text : "");
}

static bool goes_on(const struct history_event *open, const struct history_event *event)
{
    bool up = event->to_kib >= event->from_kib;
    return open->number > 0 && strcmp(open->what, event->what) == 0 &&
           strcmp(open->reason, event->reason) == 0 && open->reservation == event->reservation &&
           (open->to_kib >= open->from_kib) == up &&
           event->time_usec <= open->until_usec + GOES_ON_USEC;
}

static void log_event(const struct history_event *event)
{
    char text[512];
    (void)event_text(event, text, sizeof(text));
    engine_log(strstr(event->what, "-failed") ? LOG_WARNING : LOG_INFO, "%s%s%s", event->name,
               *event->name ? ": " : "", text);
}

/* A move is logged when it begins. */
static void take_step(struct engine *engine, struct recorder_guest *guest,
                      const struct history_event *event)
{
    struct recorder *recorder = engine->recorder;
    struct history_event *open = &guest->open;
    bool begins = !goes_on(open, event);
    if (!begins) {
        open->until_usec = event->time_usec;
        open->to_kib = event->to_kib;
        open->floor_kib = event->floor_kib;
        copy_text(open->floor_reason, sizeof(open->floor_reason), event->floor_reason);
        open->steps++;
    } else {
        if (guest->dirty)
            recorder_add(recorder, open);
        *open = *event;
        open->number = recorder_number(recorder, engine_now_usec(engine));
        open->has_guest = true;
        memcpy(open->uuid, guest->uuid, HISTORY_UUID);
        copy_text(open->name, sizeof(open->name), guest->name);
    }
    guest->dirty = true;
    guest->last = *open;
    if (begins || engine->options.verbose)
        log_event(open);
    engine->observer.event(engine->observer.context, open);
}

/* A domain may have come since the last sample: what is decided about it must not be lost. */
static struct recorder_guest *find_or_meet(struct engine *engine, uint64_t domid)
{
    struct recorder_guest *guest = recorder_guest(engine->recorder, domid);
    if (!guest && overlay_snapshot(engine->overlay)) {
        recorder_begin(engine);
        guest = recorder_guest(engine->recorder, domid);
    }
    return guest;
}

static bool is_open_reservation(const struct ledger_reservation *record)
{
    return record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING;
}

/* The request that memory is being freed for now: the first that waits. */
static void name_start(struct engine *engine, struct history_event *event)
{
    struct ledger *ledger = reservations_ledger(engine->reservations);
    struct ledger_sums sums = ledger_sums(ledger);
    const struct ledger_reservation *at = NULL;
    if (sums.in_state[LEDGER_REQUESTED] + sums.in_state[LEDGER_RECLAIMING] == 0)
        return;
    while ((at = ledger_next(ledger, at)) && !is_open_reservation(at))
        ;
    if (!at)
        return;
    event->reservation = at->id;
    copy_text(event->detail, sizeof(event->detail), *at->label ? at->label : at->owner);
}

static struct history_event event_for(enum balancer_reason reason,
                                      const struct balancer_figures *values, uint64_t now_usec)
{
    struct history_event event = history_event_new(now_usec, "balancer", "");
    struct pattern_figure figures[BALANCER_FIGURES];
    balancer_reason_figures(reason, values, figures);
    for (int i = 0; i < BALANCER_FIGURES; i++) {
        int at = figures[i].name ? history_figure_find(figures[i].name) : -ENOENT;
        if (at >= 0)
            event.figure_kib[at] = figures[i].value;
    }
    copy_text(event.reason, sizeof(event.reason), balancer_reason_name(reason));
    return event;
}

static void name_move(struct history_event *event, bool target, enum tick_outcome outcome)
{
    static const char *const names[2][2] = {{"maximum", "maximum-failed"},
                                            {"target", "target-failed"}};
    copy_text(event->what, sizeof(event->what), names[target][outcome == TICK_FAILED]);
}

/* From what it was when the host was sampled last, which was before this tick. */
void recorder_set(struct engine *engine, const struct balancer_set *set, enum tick_outcome outcome,
                  uint64_t now_usec)
{
    struct recorder_guest *guest = find_or_meet(engine, set->id);
    struct history_event event = event_for(set->reason, &set->figures, now_usec);
    bool target = set->target_kib != BALLAST_NONE;
    if (!guest || outcome == TICK_SKIPPED)
        return;
    name_move(&event, target, outcome);
    event.from_kib = target ? guest->target_kib : guest->maxmem_kib;
    event.to_kib = target ? set->target_kib : set->maxmem_kib;
    if (set->reason == BALANCER_RECLAIMED_FOR_START || set->reason == BALANCER_SQUEEZED_FOR_START ||
        set->reason == BALANCER_BELOW_PIN)
        name_start(engine, &event);
    if (target && set->floor.reason != FLOOR_NONE && set->reason != BALANCER_BACKOFF) {
        event.floor_kib = set->floor.kib;
        copy_text(event.floor_reason, sizeof(event.floor_reason),
                  floor_reason_name(set->floor.reason));
    }
    take_step(engine, guest, &event);
}

void recorder_verdict(struct engine *engine, const struct balancer_verdict *verdict,
                      uint64_t now_usec)
{
    struct history_event event = event_for(verdict->reason, &verdict->figures, now_usec);
    const struct ledger_reservation *record =
        ledger_find(reservations_ledger(engine->reservations), verdict->request);
    event.reservation = verdict->request;
    copy_text(event.what, sizeof(event.what), verdict->granted ? "grant" : "refuse");
    if (record)
        copy_text(event.detail, sizeof(event.detail),
                  *record->label ? record->label : record->owner);
    recorder_publish(engine, NULL, &event);
    log_event(&event);
}

void recorder_finding(struct engine *engine, const struct balancer_finding *finding,
                      uint64_t now_usec)
{
    struct recorder_guest *guest = find_or_meet(engine, finding->id);
    struct history_event event = event_for(finding->reason, &finding->figures, now_usec);
    bool of_pressure =
        finding->reason == BALANCER_DISTRESS || finding->reason == BALANCER_DISTRESS_OVER;
    copy_text(event.what, sizeof(event.what), of_pressure ? "pressure" : "report");
    if (guest)
        recorder_publish(engine, guest, &event);
}

void recorder_reservation(struct engine *engine, const struct ledger_reservation *record)
{
    if (record->state != LEDGER_BOUND)
        return;
    struct recorder_guest *guest = find_or_meet(engine, record->domid);
    struct history_event event = history_event_new(record->changed_usec, record->owner,
                                                   ledger_is_rebooting(record) ? "kept" : "bound");
    event.to_kib = record->granted_kib;
    event.reservation = record->id;
    copy_text(event.detail, sizeof(event.detail), record->label);
    if (guest)
        recorder_publish(engine, guest, &event);
}

static bool is_of_target(const char *what)
{
    return strcmp(what, "pinned") == 0 || strcmp(what, "unpinned") == 0 ||
           strcmp(what, "foreign-target") == 0;
}

void recorder_news(struct engine *engine, const struct recorder_news *news)
{
    struct recorder_guest *guest =
        news->domid == BALLAST_NONE ? NULL : recorder_guest(engine->recorder, news->domid);
    struct history_event event =
        history_event_new(engine_now_usec(engine), news->who ? news->who : "", news->what);
    event.from_kib = news->from_kib;
    event.to_kib = news->to_kib;
    copy_text(event.reason, sizeof(event.reason), news->reason);
    copy_text(event.detail, sizeof(event.detail), news->detail);
    recorder_publish(engine, guest, &event);
    if (guest && is_of_target(event.what))
        guest->last = event;
}

/* Asking for them */

struct found {
    struct history_event *events;
    size_t count;
    size_t room;
    bool lacks; /* out of memory */
};

static void found_add(void *context, const struct history_event *event)
{
    struct found *found = context;
    if (array_reserve(&found->events, &found->room, found->count + 1, sizeof(*found->events)))
        found->events[found->count++] = *event;
    else
        found->lacks = true;
}

/* What is in memory is newer than what has been written under the same number. */
static void found_put(struct found *found, const struct history_event *event)
{
    for (size_t i = 0; i < found->count; i++) {
        if (found->events[i].number != event->number)
            continue;
        found->events[i] = *event;
        return;
    }
    found_add(found, event);
}

static int compare_event_numbers(const void *a, const void *b)
{
    uint64_t x = ((const struct history_event *)a)->number;
    uint64_t y = ((const struct history_event *)b)->number;
    return (x > y) - (x < y);
}

/* Only the last `most` and one more, which shows that there are others. */
static void found_cut(struct found *found, size_t most)
{
    if (found->count > 1)
        qsort(found->events, found->count, sizeof(found->events[0]), compare_event_numbers);
    if (found->count <= most + 1)
        return;
    memmove(found->events, found->events + (found->count - most - 1),
            (most + 1) * sizeof(found->events[0]));
    found->count = most + 1;
}

static bool is_wanted(const struct history_event *event, const struct history_wanted *wanted)
{
    return event->number < wanted->before && event->number > wanted->after &&
           event->until_usec >= wanted->since_usec &&
           (!wanted->reason || strcmp(event->reason, wanted->reason) == 0);
}

static void find_in_memory(const struct recorder *recorder, const struct recorder_whom *whom,
                           const struct history_wanted *wanted, struct found *found)
{
    for (size_t i = 0; i < recorder->guest_count; i++) {
        const struct recorder_guest *guest = recorder->guests[i];
        if (guest->dirty && (whom->all || recorder_is(whom, guest)) &&
            is_wanted(&guest->open, wanted))
            found_put(found, &guest->open);
    }
    for (size_t i = 0; i < recorder->event_count; i++) {
        const struct history_event *event = recorder_event(recorder, i);
        if (recorder_is_about(whom, event) && is_wanted(event, wanted))
            found_put(found, event);
    }
}

int recorder_events(struct recorder *recorder, const struct recorder_whom *whom,
                    const struct history_wanted *asked, struct history_event **out, bool *more,
                    struct ballast_error *err)
{
    struct history_wanted wanted = *asked;
    struct found found = {0};
    size_t lives = whom->all ? 1 : whom->count;
    int rc = 0;
    wanted.most = asked->most + 1;
    /* The latest life first: what is before it is older, and enough is enough. */
    for (size_t i = 0; i < lives && rc == 0 && recorder->history && found.count <= asked->most;
         i++) {
        wanted.guest = whom->all ? BALLAST_NONE : whom->ids[i];
        rc = history_events(recorder->history, &wanted, found_add, &found, err);
        found_cut(&found, asked->most);
    }
    find_in_memory(recorder, whom, &wanted, &found);
    found_cut(&found, asked->most);
    if (rc == 0 && found.lacks)
        rc = ballast_fail(err, -ENOMEM, "out of memory");
    if (rc < 0) {
        free(found.events);
        return rc;
    }
    *more = found.count > asked->most;
    if (*more)
        memmove(found.events, found.events + 1, --found.count * sizeof(found.events[0]));
    *out = found.events;
    return (int)found.count;
}
