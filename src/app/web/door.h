/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The HTTP side: who is connected, what they may ask, and for how long. A client costs only itself:
 * connections, headers, time for a request and for its answer, and followers are bounded, and what
 * is not read is not collected.
 */
#ifndef APP_WEB_DOOR_H
#define APP_WEB_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/web/events.h"
#include "app/web/link.h"
#include "app/web/look.h"
#include "app/web/request.h"

enum {
    DOOR_CONNECTIONS = 128, /* at once */
    DOOR_HEADERS = 16384,   /* bytes that a connection may take for its request */
    DOOR_WAITING = 64,      /* requests that wait for the daemon */
    /* Bytes of what it has said to them and they have not taken; who comes then is refused. */
    DOOR_ANSWERS_MOST = 16 << 20,
};

/* For a whole request to come, for its answer to be taken, and for the daemon to say it. */
#define DOOR_REQUEST_USEC UINT64_C(10000000)
#define DOOR_ANSWER_USEC  UINT64_C(30000000)
#define DOOR_DAEMON_USEC  UINT64_C(4000000)
/* What is shown to who asks once is no older than this. */
#define DOOR_FRESH_USEC UINT64_C(1000000)

struct door;

/* Takes over `listener`, also on failure. -ENOMEM, -EIO. */
int door_open(int listener, const struct request_address *ours, struct link *link,
              struct look *look, struct door **out, struct ballast_error *err);
void door_close(struct door *door); /* NULL is allowed */

/* To poll for reading. */
int door_fd(const struct door *door);
uint64_t door_due_usec(const struct door *door, uint64_t now_usec);
/* Serves what can be served at once. */
void door_turn(struct door *door, uint64_t now_usec);
/* There is a new look, or none to be had: who waits for one is answered in the next turn. */
void door_looked(struct door *door);
/* An answer that door_turn() asked the link for; false: it was not. */
bool door_answered(struct door *door, uint64_t id, const struct wire_message *answer);
/* Whether anybody follows. */
bool door_is_watched(const struct door *door);

#endif
