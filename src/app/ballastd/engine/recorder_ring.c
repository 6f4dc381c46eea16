/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The events in memory: those that wait to be written, at most RECORDER_EVENTS of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/recorder_internal.h"

uint64_t recorder_number(struct recorder *recorder)
{
    return ++recorder->number;
}

static struct recorder_event *room_for_one(struct recorder *recorder)
{
    if (recorder->event_count == RECORDER_EVENTS) {
        recorder->event_count--;
        memmove(recorder->events, recorder->events + 1,
                recorder->event_count * sizeof(recorder->events[0]));
    }
    if (recorder->event_count == recorder->event_room) {
        size_t room = recorder->event_room ? 2 * recorder->event_room : 8;
        struct recorder_event *events = reallocarray(recorder->events, room, sizeof(*events));
        if (!events)
            return NULL;
        recorder->events = events;
        recorder->event_room = room;
    }
    return &recorder->events[recorder->event_count++];
}

void recorder_add(struct recorder *recorder, const struct recorder_guest *guest,
                  const struct history_event *event)
{
    struct recorder_event *entry = recorder->off ? NULL : room_for_one(recorder);
    if (!entry)
        return;
    *entry = (struct recorder_event){.event = *event, .of_guest = guest != NULL};
    if (event->number == 0)
        entry->event.number = recorder_number(recorder);
    if (guest) {
        memcpy(entry->uuid, guest->uuid, HISTORY_UUID);
        (void)snprintf(entry->event.name, sizeof(entry->event.name), "%s", guest->name);
    }
}
