/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The readers of the event stream (text/event-stream): each receives the last state, and then each
 * change when it has read the previous one; a slow reader that missed one receives a full state.
 * When the daemon goes away each reader is notified once; a comment from time to time detects
 * readers that are gone.
 */
#ifndef APP_WEB_EVENTS_H
#define APP_WEB_EVENTS_H

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

#include "app/web/collector.h"

enum { EVENTS_MOST = 32 };

/* The longest silence, and the longest time that a reader may take for one message. */
#define EVENTS_BEAT_USEC  UINT64_C(10000000)
#define EVENTS_STUCK_USEC UINT64_C(20000000)

struct events;

struct events *events_new(struct collector *collector); /* NULL: out of memory */
/* Call it after the HTTP daemon was stopped, which frees the readers. NULL is allowed. */
void events_free(struct events *events);
size_t events_count(const struct events *events);
/* Ends every stream after what is being sent, so that the daemon can be stopped. */
void events_end(struct events *events);

/* Answers the request with a stream; `known` is the sequence that the reader already has. */
enum MHD_Result events_answer(struct events *events, struct MHD_Connection *connection,
                              uint64_t known, uint64_t now_usec);
/* Wakes readers for which there is something to send, and drops those that do not read. */
void events_turn(struct events *events, uint64_t now_usec);

#endif
