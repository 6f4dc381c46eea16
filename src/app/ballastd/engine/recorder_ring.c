/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The events in memory: those that wait to be written, at most RECORDER_EVENTS of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/recorder_internal.h"
#include "app/ballastd/engine/state.h"

uint64_t recorder_number(struct recorder *recorder)
{
    return ++recorder->number;
}

struct history_event *recorder_event(const struct recorder *recorder, size_t at)
{
    return &recorder->events[(recorder->event_first + at) % recorder->event_room];
}

/* Only a full ring, which does not grow any more, loses its oldest one. */
static struct history_event *room_for_one(struct recorder *recorder)
{
    if (recorder->event_count == RECORDER_EVENTS) {
        recorder->event_first = (recorder->event_first + 1) % recorder->event_room;
        recorder->event_count--;
        return recorder_event(recorder, recorder->event_count++);
    }
    if (recorder->event_count == recorder->event_room) {
        /* 8, 16, ... RECORDER_EVENTS, a power of 2 */
        size_t room = recorder->event_room ? 2 * recorder->event_room : 8;
        struct history_event *events = reallocarray(recorder->events, room, sizeof(*events));
        if (!events)
            return NULL;
        recorder->events = events;
        recorder->event_room = room;
    }
    return recorder_event(recorder, recorder->event_count++);
}

bool recorder_is_about(const struct recorder_whom *whom, const struct history_event *event)
{
    if (whom->all || !event->has_guest)
        return whom->all;
    return whom->uuid ? memcmp(event->uuid, whom->uuid, HISTORY_UUID) == 0
                      : strcmp(event->name, whom->name) == 0;
}

void recorder_add(struct recorder *recorder, const struct history_event *event)
{
    struct history_event *entry = room_for_one(recorder);
    if (entry)
        *entry = *event;
}

void recorder_publish(struct engine *engine, const struct recorder_guest *guest,
                      struct history_event *event)
{
    event->number = recorder_number(engine->recorder);
    event->has_guest = guest != NULL;
    if (guest) {
        memcpy(event->uuid, guest->uuid, HISTORY_UUID);
        (void)snprintf(event->name, sizeof(event->name), "%s", guest->name);
    }
    recorder_add(engine->recorder, event);
    engine->observer.event(engine->observer.context, event);
}
