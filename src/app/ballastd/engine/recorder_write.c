/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing, once a minute, and what becomes of it when that fails. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/state.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/recorder_internal.h"
#include "core/base/units.h"

/* One transaction without an fsync; also how soon a failure is tried again. */
#define WRITE_USEC (60 * BALLAST_SEC_USEC)

/* Logged when trouble begins, changes and ends. */
static void set_trouble(struct recorder *recorder, const char *why)
{
    if (why && strncmp(recorder->trouble, why, sizeof(recorder->trouble) - 1) != 0)
        engine_log(LOG_WARNING, "history: %s; continuing without it", why);
    else if (!why && *recorder->trouble)
        engine_log(LOG_NOTICE, "history: it can be written again");
    (void)snprintf(recorder->trouble, sizeof(recorder->trouble), "%s", why ? why : "");
}

/* Only where the clock was set back: what was given before the file was read is in use there. */
static void renumber_events(struct recorder *recorder, uint64_t by)
{
    for (size_t i = 0; i < recorder->event_count; i++)
        recorder_event(recorder, i)->number += by;
    for (size_t i = 0; i < recorder->guest_count; i++) {
        struct recorder_guest *guest = recorder->guests[i];
        guest->open.number += guest->open.number > 0 ? by : 0;
        guest->last.number += guest->last.number > 0 ? by : 0;
    }
    recorder->first += by;
    recorder->number += by;
}

static void go_behind(struct recorder *recorder, uint64_t last)
{
    if (recorder->first == 0)
        recorder->number = last;
    else if (recorder->first <= last)
        renumber_events(recorder, last - recorder->first + 1);
    recorder->numbered = true;
}

static int open_history(struct recorder *recorder, uint64_t most_kib, struct ballast_error *err)
{
    uint64_t last = 0;
    if (recorder->history)
        return 0;
    int rc = history_open(recorder->state_dir, most_kib, &recorder->history, err);
    if (rc == 1)
        engine_log(LOG_WARNING, "history: %s; starting a new one", err->text);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < recorder->guest_count; i++)
        recorder->guests[i]->id = 0;
    rc = history_last(recorder->history, &last, err);
    if (rc == 0 && !recorder->numbered)
        go_behind(recorder, last);
    /* Opened again later, or the numbers would never follow those in the file. */
    if (rc < 0 && rc != -EUCLEAN) {
        history_close(recorder->history);
        recorder->history = NULL;
    }
    return rc;
}

static int write_guest(struct recorder *recorder, struct recorder_guest *guest, uint64_t now_sec,
                       struct ballast_error *err)
{
    if (guest->waiting_count == 0 && !guest->dirty)
        return 0;
    int rc =
        history_guest_of(recorder->history, guest->uuid, guest->name, now_sec, &guest->id, err);
    if (rc == 0 && guest->waiting_count > 0)
        rc = history_add(recorder->history, guest->id, guest->waiting, guest->waiting_count, err);
    if (rc == 0 && guest->dirty) {
        guest->open.guest = guest->id;
        rc = history_note(recorder->history, &guest->open, err);
    }
    return rc;
}

static int write_event(struct recorder *recorder, struct history_event *event, uint64_t now_sec,
                       struct ballast_error *err)
{
    int rc = 0;
    event->guest = 0;
    if (event->has_guest)
        rc = history_guest_of(recorder->history, event->uuid, event->name, now_sec, &event->guest,
                              err);
    return rc < 0 ? rc : history_note(recorder->history, event, err);
}

static int write_pending(struct recorder *recorder, uint64_t now_sec, struct ballast_error *err)
{
    int rc = history_begin(recorder->history, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < recorder->guest_count && rc == 0; i++)
        rc = write_guest(recorder, recorder->guests[i], now_sec, err);
    for (size_t i = 0; i < recorder->event_count && rc == 0; i++)
        rc = write_event(recorder, recorder_event(recorder, i), now_sec, err);
    return history_end(recorder->history, rc, err);
}

/*
 * Of those that are gone `most` stay, the last ones. What was decided about one and is not written
 * stays in any case.
 */
static void forget_gone(struct recorder *recorder, size_t most)
{
    size_t kept = recorder->here_count;
    for (size_t i = recorder->here_count; i < recorder->guest_count; i++) {
        struct recorder_guest *guest = recorder->guests[i];
        if (recorder->guest_count - i <= most) {
            recorder->guests[kept++] = guest;
            continue;
        }
        if (guest->dirty)
            recorder_add(recorder, &guest->open);
        free(guest);
    }
    recorder->guest_count = kept;
}

static void forget_samples(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->guest_count; i++)
        recorder->guests[i]->waiting_count = 0;
    forget_gone(recorder, 0);
}

static void forget_written(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->guest_count; i++)
        recorder->guests[i]->dirty = false;
    forget_samples(recorder);
    free(recorder->events);
    recorder->events = NULL;
    recorder->event_first = recorder->event_count = recorder->event_room = 0;
}

static void note_failure(struct recorder *recorder, int rc, const struct ballast_error *err)
{
    set_trouble(recorder, err->text);
    /* Their last buckets may still be written. */
    forget_gone(recorder, 64);
    if (rc != -EUCLEAN || !recorder->history)
        return;
    engine_log(LOG_WARNING, "history: set aside; starting a new one");
    history_set_aside(recorder->history);
    recorder->history = NULL;
    recorder->due_usec = 0;
}

void recorder_write(struct recorder *recorder, uint64_t most_kib, uint64_t now_usec)
{
    struct ballast_error err;
    int rc = open_history(recorder, most_kib, &err);
    if (rc == 0)
        rc = write_pending(recorder, now_usec / BALLAST_SEC_USEC, &err);
    if (rc == 0) {
        forget_written(recorder);
        set_trouble(recorder, NULL);
    }
    if (rc == 0 || rc == -ENOSPC)
        recorder->ages = recorder->history != NULL;
    if (rc < 0)
        note_failure(recorder, rc, &err);
}

static void age_history(struct recorder *recorder, uint64_t now_usec)
{
    struct ballast_error err;
    int rc = history_age(recorder->history, now_usec / BALLAST_SEC_USEC, &err);
    recorder->ages = rc == 1;
    recorder->size_kib = rc < 0 ? recorder->size_kib : history_size_kib(recorder->history);
    if (rc < 0)
        note_failure(recorder, rc, &err);
}

/* It is opened again, at its place and with its present bound. */
static void close_history(struct recorder *recorder)
{
    history_close(recorder->history);
    recorder->history = NULL;
    recorder->size_kib = 0;
    recorder->ages = false;
    recorder->due_usec = 0;
}

static void take_bound(struct engine *engine)
{
    struct recorder *recorder = engine->recorder;
    uint64_t most_kib = engine->config.history_kib;
    recorder->off = most_kib == 0;
    if (most_kib != recorder->most_kib)
        close_history(recorder);
    recorder->most_kib = most_kib;
}

void recorder_open(struct engine *engine)
{
    struct recorder *recorder = engine->recorder;
    struct ballast_error err;
    take_bound(engine);
    if (!recorder->off)
        (void)open_history(recorder, recorder->most_kib, &err);
}

void recorder_work(struct engine *engine)
{
    struct recorder *recorder = engine->recorder;
    uint64_t now_usec = engine_now_usec(engine);
    take_bound(engine);
    if (recorder->off) {
        forget_samples(recorder);
        return;
    }
    if (recorder->ages && recorder->history)
        age_history(recorder, now_usec);
    if (now_usec < recorder->due_usec)
        return;
    recorder->due_usec = now_usec + WRITE_USEC;
    recorder_write(recorder, recorder->most_kib, now_usec);
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    /* What has begun is summed with the rest of it later. */
    for (size_t i = 0; i < recorder->guest_count; i++)
        recorder_close(recorder->guests[i]);
    if (recorder->history)
        recorder_write(recorder, recorder->most_kib, recorder->sampled_usec);
    history_close(recorder->history);
    for (size_t i = 0; i < recorder->guest_count; i++)
        free(recorder->guests[i]);
    free(recorder->guests);
    free(recorder->events);
    free(recorder);
}
