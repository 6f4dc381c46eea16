/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sockets, connections and turns: shared by the files of this room. Other rooms use server.h.
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
    int run_fd;  /* the run directory, with the sockets; -1 */
    gid_t group; /* whose members may change things, from the configuration */
    bool has_group;
    struct listener listeners[2];
    struct connection *connections;
    uv_idle_t pump; /* runs while a connection has more messages than one turn allows */
    void (*on_pump)(uv_idle_t *); /* its callback */
    uint64_t turn;                /* ends when each connection with messages has had its part */
    bool ending;
    uint64_t sent_free_kib; /* free memory at the last notification of waiting requests */
    uint64_t sent_usec;     /* the last `tick` notification */
};

enum {
    CONNECTION_MADE = 1024 /* reservations of a connection that it is notified of by default */
};

struct connection {
    struct rpc_session session; /* first */
    uv_pipe_t pipe;             /* data: the connection */
    struct server *server;
    struct listener *listener;
    struct connection *next;
    struct connection *prev;
    gid_t gid;
    bool trusted; /* root, the daemon's own user or a member of its group: may use a kept place */
    bool placed;  /* it occupies a common place */
    struct places_user *user;
    bool subscribed;      /* else the default: its own reservations */
    bool more;            /* the decoder may have a whole message */
    bool ended;           /* it has closed its half for writing */
    bool close_scheduled; /* closed in the loop's next turn, so that loops over the list are safe */
    bool closing;
    bool last;           /* nothing more is read from it; closed when all is sent */
    int64_t credit_usec; /* of work in its turns; below 0: it skips turns */
    uint64_t turn;       /* the last turn of the server that it had or skipped */
    unsigned events;
    uint64_t *made; /* ids, ascending */
    size_t made_count;
    uint64_t *owned; /* ids tied to it; see owned_reservations.h */
    size_t owned_count;
    uint64_t received_usec; /* real clock: of the last complete message, or the start of one */
    uint64_t read_usec;     /* real clock: when it last read something, or had read all */
    size_t unread;          /* unread bytes at that time, as the kernel counts them */
    struct wire_decoder *decoder;
};

#endif
