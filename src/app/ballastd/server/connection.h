/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two sockets and who is connected. A connection costs only itself: what it sends is answered
 * in turns of which each connection has as many, one whose calls took longer than a turn may sits
 * out as many as it took too much, what it does not read is bounded, and one that stops in the
 * middle of a line or stands in the way of others is closed.
 */
#ifndef APP_BALLASTD_SERVER_CONNECTION_H
#define APP_BALLASTD_SERVER_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "app/ballastd/daemon.h"
#include "edge/wire/wire.h"

enum {
    CONNECTION_EVENTS = 5, /* of wire_event_at() */
    CONNECTION_MADE = 1024 /* reservations that a connection is told of because it made them */
};

struct connection {
    uv_pipe_t pipe; /* data: the connection */
    struct daemon *daemon;
    struct listener *listener;
    struct connection *next;
    struct connection *prev;
    uid_t uid;
    gid_t gid;
    pid_t pid;
    bool may_change;
    bool trusted; /* root, the daemon's own user or a member of its group: a kept place will do */
    bool placed;  /* it takes one of the places of others */
    struct places_user *user;
    bool logged_in;
    bool subscribed; /* else the default: what it made itself */
    bool more;       /* the decoder may have a whole message */
    bool ended;      /* it has closed its half for writing */
    bool doomed;     /* closed in the loop's next turn: nobody who walks the list is surprised */
    bool closing;
    bool last;           /* nothing more is taken from it; closed when all is sent */
    int64_t credit_usec; /* of work in its turns; below 0: it sits out */
    uint64_t turn;       /* of the daemon's: the last that it had, or sat out */
    unsigned events;
    char owner[LEDGER_OWNER];
    uint64_t *made; /* ids, rising */
    size_t made_count;
    uint64_t *owned; /* ids that go with it; see owned_reservations.h */
    size_t owned_count;
    size_t waits;        /* calls that are not answered yet */
    uint64_t heard_usec; /* real clock: when something whole, or the first of something, came */
    uint64_t read_usec;  /* real clock: when it had read all, or read something, last */
    size_t unread;       /* what it had not read then, as the kernel counts it */
    struct wire_decoder *decoder;
};

/* Takes over the line; a connection that does not read is closed, in the loop's next turn. */
void connection_send(struct connection *connection, char *line, size_t length);
void connection_close(struct connection *connection);
/* Closes it in the loop's next turn: there is something that it cannot be told. */
void connection_schedule_close(struct connection *connection);
/* Says why, if it can be said at once, and closes it. */
void connection_turn_away(struct connection *connection, const char *why);
/* Accepts the connection that waits, or tells it why not. */
void connection_accept(struct listener *listener, struct daemon *daemon);
/* A turn for each connection that has more to say, as far as the loop's own turn allows. */
void connection_pump(uv_idle_t *idle);
void connection_note_made(struct connection *connection, uint64_t id);
bool connection_has_made(const struct connection *connection, uint64_t id);
/* Its peer is gone, and no whole line that it said is left to be done. */
bool connection_has_left(const struct connection *connection);
/* Those that stand in the way are closed; from time to time. */
void connection_sweep(struct daemon *daemon);

#endif
