/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client as the methods see it: its user and rights, and the few operations that they need from
 * its connection. The server's connection starts with it.
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

/* The most reservations tied to one session. */
enum { RPC_SESSION_OWNED = 64 };

/* subscribe, announce, own and disown may be NULL: nothing is told or tied then, own() is -EBUSY.
 */
struct rpc_session_ops {
    /* Owns the line. */
    void (*send)(struct rpc_session *session, char *line, size_t length);
    /* A message to it was lost: closes it soon. */
    void (*close)(struct rpc_session *session);
    /* Sets its notifications, one bit each, in the order of wire_event_at(). */
    void (*subscribe)(struct rpc_session *session, unsigned events);
    /* It made that reservation: the default notifications without a subscription. */
    void (*note_made)(struct rpc_session *session, uint64_t id);
    /*
     * Ties that reservation to this session only: when it ends and the reservation is not bound,
     * the reservation is released. -EBUSY: it has RPC_SESSION_OWNED already; -ENOMEM.
     */
    int (*own)(struct rpc_session *session, uint64_t id);
    /* Unties it from whichever session it is tied to. */
    void (*disown)(struct rpc_session *session, uint64_t id);
    /* Notifies all of what it has set; `answer` is its answer, which the caller keeps. */
    void (*announce)(struct rpc_session *session, const char *what, uint64_t domid,
                     struct json_object *answer);
    /* The number of sessions. */
    size_t (*count)(const struct rpc_session *session);
};

/*
 * Whose quota a session's reservations count in: its user, or one of these for the clients of a
 * stand-in, which act for their service. No uid is so large.
 */
#define RPC_USER_SQUEEZED (UINT64_C(1) << 32)
#define RPC_USER_QMEMMAN  ((UINT64_C(1) << 32) + 1)

struct rpc_session {
    const struct rpc_session_ops *ops;
    uid_t uid;
    uint64_t service; /* one of these; 0: the user itself */
    pid_t pid;
    bool control; /* it uses the control socket */
    bool may_change;
    bool logged_in;
    char owner[LEDGER_OWNER];
    size_t waits; /* its calls without an answer yet */
};

#endif
