/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client as the methods see it: who it is and what it may, and the few things that they ask of
 * whoever holds its connection. It begins whatever the server's connection is.
 */
#ifndef APP_BALLASTD_RPC_SESSION_H
#define APP_BALLASTD_RPC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/ledger/ledger.h"

struct json_object;
struct rpc_session;

/* Reservations that go with one session at once. */
enum { RPC_SESSION_OWNED = 64 };

struct rpc_session_ops {
    /* Takes over the line. */
    void (*send)(struct rpc_session *session, char *line, size_t length);
    /* There is something that it cannot be told: it is closed, soon. */
    void (*close)(struct rpc_session *session);
    /* Which events it is told of from now on, a bit each, in the order of wire_event_at(). */
    void (*subscribe)(struct rpc_session *session, unsigned events);
    /* It has made that reservation: of those it is told where it subscribes to nothing. */
    void (*note_made)(struct rpc_session *session, uint64_t id);
    /*
     * That reservation goes with this session from now on, and with no other: when it ends and the
     * reservation is not bound, it is released. -EBUSY: RPC_SESSION_OWNED do; -ENOMEM.
     */
    int (*own)(struct rpc_session *session, uint64_t id);
    /* All are told what it has set; `answer` is what it was answered, and stays the caller's. */
    void (*announce)(struct rpc_session *session, const char *what, uint64_t domid,
                     struct json_object *answer);
    /* How many there are. */
    size_t (*count)(const struct rpc_session *session);
};

struct rpc_session {
    const struct rpc_session_ops *ops;
    uid_t uid;
    pid_t pid;
    bool control; /* it came by the socket for changes */
    bool may_change;
    bool logged_in;
    char owner[LEDGER_OWNER];
    size_t waits; /* calls that are not answered yet */
};

#endif
