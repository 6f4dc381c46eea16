/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who follows the event stream (text/event-stream): each is sent the last state, and then what has
 * changed as soon as it has read the one before; a slow reader that missed one is sent a whole
 * state. When the daemon goes away each reader is sent that once; a comment from time to time finds
 * readers that have gone.
 */
#ifndef APP_WEB_EVENTS_H
#define APP_WEB_EVENTS_H

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

#include "app/web/collector.h"

enum { EVENTS_MOST = 32 };

/* How long without a word, and how long a reader may take for one message. */
#define EVENTS_BEAT_USEC  UINT64_C(10000000)
#define EVENTS_STUCK_USEC UINT64_C(20000000)

struct events;

struct events *events_new(struct collector *collector); /* NULL: out of memory */
/* After the HTTP daemon was stopped: it frees its readers. NULL is allowed. */
void events_free(struct events *events);
size_t events_count(const struct events *events);
/* Every one is sent its last word and ends, so that the daemon can be stopped. */
void events_end(struct events *events);

/* Answers the request with a stream; `known` is the sequence that the reader has already seen. */
enum MHD_Result events_answer(struct events *events, struct MHD_Connection *connection,
                              uint64_t known, uint64_t now_usec);
/* Wakes readers for which there is something, and drops those that do not read. */
void events_turn(struct events *events, uint64_t now_usec);

#endif
