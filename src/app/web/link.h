/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one connection to the daemon's status.sock. It never blocks: the loop polls its descriptor
 * and calls it in turn. If the daemon goes away, or does not answer for LINK_PATIENCE_USEC, the
 * link reconnects without limit.
 */
#ifndef APP_WEB_LINK_H
#define APP_WEB_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "edge/wire/wire.h"

#define LINK_PATIENCE_USEC UINT64_C(5000000)
#define LINK_RETRY_USEC    UINT64_C(500000)

struct link;

/* None of them may free the link; all may call link_ask(). */
struct link_events {
    void (*up)(void *context); /* hello has been answered */
    /*
     * The link is down, and no request will be answered; `why` is a text for people. Once per loss.
     */
    void (*down)(void *context, const char *why);
    void (*answered)(void *context, uint64_t id, const struct wire_message *answer);
    void (*notified)(void *context, const char *method, struct json_object *params);
};

/* `run_dir` must outlive it. NULL: out of memory. */
struct link *link_new(const char *run_dir, const struct link_events *events, void *context);
void link_free(struct link *link);

bool link_is_up(const struct link *link);
/* The result of hello, owned by the link; NULL while it is down. */
struct json_object *link_hello(const struct link *link);
/*
 * Sends a request, and owns params (NULL: none). Returns its id, above 0, or 0: the link is down,
 * or too much is waiting to be sent.
 */
uint64_t link_ask(struct link *link, const char *method, struct json_object *params,
                  uint64_t now_usec);
/* Bytes received from the daemon so far, over all connections. */
uint64_t link_received(const struct link *link);
/* To poll; -1 while there is none. */
int link_fd(const struct link *link, short *events);
/* The latest time of the next turn, readable or not. */
uint64_t link_due_usec(const struct link *link);
/* Connects, writes, reads and delivers what can be done at once. */
void link_turn(struct link *link, uint64_t now_usec);

#endif
