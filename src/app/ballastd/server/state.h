/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sockets, who is connected, and in whose turn it is: what the files of this room share. Who is
 * not in it has server.h.
 */
#ifndef APP_BALLASTD_SERVER_STATE_H
#define APP_BALLASTD_SERVER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "app/ballastd/rpc/session.h"

struct engine;
struct places_user;
struct rpc;
struct server;
struct wire_decoder;

struct listener {
    uv_pipe_t pipe; /* data: the listener */
    struct server *server;
    bool control;
    bool waits;     /* a connection waits to be accepted until the loop's next turn */
    unsigned taken; /* in this turn of the loop */
    size_t clients;
    size_t others; /* of them, those that are not trusted */
    struct places_user *users;
    char path[256];
};

struct server {
    uv_loop_t *loop;
    struct engine *engine;
    struct rpc *rpc;
    const struct rpc_session_ops *session_ops;
    const char *run_dir;
    int run_fd;  /* the run directory, that the sockets are in; -1 */
    gid_t group; /* whose members may change things, since the configuration was read */
    bool has_group;
    struct listener listeners[2];
    struct connection *connections;
    uv_idle_t pump;               /* runs while a connection has more to say than one turn allows */
    void (*on_pump)(uv_idle_t *); /* its callback */
    uint64_t turn; /* of those who have more to say: it ends when each has had its part */
    bool ending;
    uint64_t told_free_kib; /* what was free when those that wait were told last */
    uint64_t told_usec;     /* the last `tick` notification */
};

enum {
    CONNECTION_MADE = 1024 /* reservations that a connection is told of because it made them */
};

struct connection {
    struct rpc_session session; /* first */
    uv_pipe_t pipe;             /* data: the connection */
    struct server *server;
    struct listener *listener;
    struct connection *next;
    struct connection *prev;
    gid_t gid;
    bool trusted; /* root, the daemon's own user or a member of its group: a kept place will do */
    bool placed;  /* it takes one of the places of others */
    struct places_user *user;
    bool subscribed;      /* else the default: what it made itself */
    bool more;            /* the decoder may have a whole message */
    bool ended;           /* it has closed its half for writing */
    bool close_scheduled; /* closed in the loop's next turn: nobody who walks the list is surprised
                           */
    bool closing;
    bool last;           /* nothing more is taken from it; closed when all is sent */
    int64_t credit_usec; /* of work in its turns; below 0: it sits out */
    uint64_t turn;       /* of the server's: the last that it had, or sat out */
    unsigned events;
    uint64_t *made; /* ids, rising */
    size_t made_count;
    uint64_t *owned; /* ids that go with it; see owned_reservations.h */
    size_t owned_count;
    uint64_t heard_usec; /* real clock: when something whole, or the first of something, came */
    uint64_t read_usec;  /* real clock: when it had read all, or read something, last */
    size_t unread;       /* what it had not read then, as the kernel counts it */
    struct wire_decoder *decoder;
};

#endif
