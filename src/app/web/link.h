/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one connection to the daemon's status.sock. It never waits: the loop polls its descriptor and
 * gives it a turn. A daemon that goes away, or does not answer for LINK_PATIENCE_USEC, is tried
 * again for ever.
 */
#ifndef APP_WEB_LINK_H
#define APP_WEB_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "edge/wire/wire.h"

#define LINK_PATIENCE_USEC UINT64_C(5000000)
#define LINK_RETRY_USEC    UINT64_C(500000)

struct link;

/* None of them may free the link; all may ask. */
struct link_events {
    void (*up)(void *context); /* hello has been answered */
    /* It is gone and nothing that was asked will be answered; `why` is for people. Once a loss. */
    void (*down)(void *context, const char *why);
    void (*answered)(void *context, uint64_t id, const struct wire_message *answer);
    void (*notified)(void *context, const char *method, struct json_object *params);
};

/* `run_dir` must outlive it. NULL: out of memory. */
struct link *link_new(const char *run_dir, const struct link_events *events, void *context);
void link_free(struct link *link);

bool link_is_up(const struct link *link);
/* Result of hello, the link's; NULL while it is down. */
struct json_object *link_hello(const struct link *link);
/*
 * Sends a request; params (NULL: none) are taken over. Its id, above 0, or 0: the link is down, or
 * too much is waiting to be sent.
 */
uint64_t link_ask(struct link *link, const char *method, struct json_object *params,
                  uint64_t now_usec);
/* Bytes that have come from the daemon so far, over all connections. */
uint64_t link_received(const struct link *link);
/* To poll; -1 while there is none. */
int link_fd(const struct link *link, short *events);
/* When a turn is due at the latest, readable or not. */
uint64_t link_due_usec(const struct link *link);
/* Connects, writes, reads and delivers what can be done at once. */
void link_turn(struct link *link, uint64_t now_usec);

#endif
