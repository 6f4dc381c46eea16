/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/events.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "app/web/answer.h"
#include "core/base/units.h"

struct reader {
    struct events *events;
    struct reader *next;
    struct MHD_Connection *connection;
    bool sleeps;      /* suspended until there is something to send */
    uint64_t seen;    /* sequence of the last frame that was started */
    uint64_t has;     /* sequence of the last state that it received */
    struct frame *at; /* being sent; NULL: none */
    size_t offset;
    uint64_t since_usec; /* the start of `at`, or the end of the last one */
};

struct events {
    struct collector *collector;
    struct reader *readers;
    size_t count;
    bool ending;
    uint64_t now_usec; /* of the loop's turn */
};

enum { BLOCK = 32768 };
#define EVENTS_FRESH_USEC (2 * COLLECTOR_MOST_USEC)

struct events *events_new(struct collector *collector)
{
    struct events *events = calloc(1, sizeof(*events));
    if (events)
        events->collector = collector;
    return events;
}

void events_free(struct events *events)
{
    free(events);
}

size_t events_count(const struct events *events)
{
    return events->count;
}

/* The next frame for it: a reference, or NULL. */
static struct frame *next_frame(const struct reader *reader)
{
    struct collector *collector = reader->events->collector;
    struct frame *away = collector_away(collector);
    if (collector_seq(collector) > reader->seen) {
        struct frame *change = collector_change(collector, reader->has);
        struct frame *state = change ? change : collector_frame(collector);
        if (state)
            return frame_ref(state);
    }
    if (away && away->seq > reader->seen)
        return frame_ref(away);
    if (reader->events->now_usec >= reader->since_usec + EVENTS_BEAT_USEC)
        return frame_new_beat();
    return NULL;
}

/* MHD_ContentReaderCallback */
static ssize_t read_event_bytes(void *context, uint64_t position, char *out, size_t room)
{
    struct reader *reader = context;
    (void)position;
    if (!reader->at) {
        if (reader->events->ending)
            return MHD_CONTENT_READER_END_OF_STREAM;
        reader->at = next_frame(reader);
        if (!reader->at) {
            reader->sleeps = true;
            MHD_suspend_connection(reader->connection);
            return 0;
        }
        reader->offset = 0;
        reader->since_usec = reader->events->now_usec;
        if (reader->at->seq > 0)
            reader->seen = reader->at->seq;
        if (reader->at->seq == collector_seq(reader->events->collector))
            reader->has = reader->at->seq;
    }
    size_t length = ballast_min_u64(room, reader->at->length - reader->offset);
    memcpy(out, reader->at->bytes + reader->offset, length);
    reader->offset += length;
    if (reader->offset == reader->at->length) {
        frame_unref(reader->at);
        reader->at = NULL;
    }
    return (ssize_t)length;
}

/* MHD_ContentReaderFreeCallback: the connection is gone. */
static void forget_reader(void *context)
{
    struct reader *reader = context;
    struct reader **at = &reader->events->readers;
    while (*at && *at != reader)
        at = &(*at)->next;
    if (*at) {
        *at = reader->next;
        reader->events->count--;
    }
    frame_unref(reader->at);
    free(reader);
}

enum MHD_Result events_answer(struct events *events, struct MHD_Connection *connection,
                              uint64_t known, uint64_t now_usec)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return MHD_NO;
    *reader = (struct reader){.events = events,
                              .next = events->readers,
                              .connection = connection,
                              .seen = known,
                              .has = known,
                              .since_usec = now_usec};
    /* An old state is not sent as the present one until there is a new one. */
    if (collector_seq(events->collector) > 0 &&
        !collector_want(events->collector, EVENTS_FRESH_USEC, now_usec))
        reader->seen = collector_seq(events->collector);
    events->readers = reader;
    events->count++;
    return answer_stream(connection, BLOCK, read_event_bytes, reader, forget_reader);
}

static void wake_reader(struct reader *reader)
{
    reader->sleeps = false;
    MHD_resume_connection(reader->connection);
}

static void hang_up(const struct reader *reader)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(reader->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info)
        (void)shutdown(info->connect_fd, SHUT_RDWR);
}

void events_turn(struct events *events, uint64_t now_usec)
{
    events->now_usec = now_usec;
    for (struct reader *reader = events->readers; reader; reader = reader->next) {
        struct frame *next = reader->sleeps ? next_frame(reader) : NULL;
        if (next)
            wake_reader(reader);
        else if (!reader->sleeps && now_usec >= reader->since_usec + EVENTS_STUCK_USEC)
            hang_up(reader);
        frame_unref(next);
    }
}

void events_end(struct events *events)
{
    events->ending = true;
    for (struct reader *reader = events->readers; reader; reader = reader->next) {
        if (reader->sleeps)
            wake_reader(reader);
    }
}
