/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The events in memory: those that wait to be written, at most RECORDER_EVENTS of them. */
#include <stdio.h>
#include <string.h>

#include "app/ballastd/engine/recorder_internal.h"
#include "app/ballastd/engine/state.h"
#include "core/base/array.h"
#include "core/base/units.h"

/*
 * Those of earlier runs may have been lost before they were written, or the file cannot be read
 * yet; each is the time of the first event of its run at least, so none of them reaches this one's.
 */
uint64_t recorder_number(struct recorder *recorder, uint64_t now_usec)
{
    recorder->number++;
    if (recorder->first == 0)
        recorder->first = recorder->number = ballast_max_u64(recorder->number, now_usec);
    return recorder->number;
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
    if (!array_reserve(&recorder->events, &recorder->event_room, recorder->event_count + 1,
                       sizeof(*recorder->events)))
        return NULL;
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
    event->number = recorder_number(engine->recorder, engine_now_usec(engine));
    event->has_guest = guest != NULL;
    if (guest) {
        memcpy(event->uuid, guest->uuid, HISTORY_UUID);
        (void)snprintf(event->name, sizeof(event->name), "%s", guest->name);
    }
    recorder_add(engine->recorder, event);
    engine->observer.event(engine->observer.context, event);
}
