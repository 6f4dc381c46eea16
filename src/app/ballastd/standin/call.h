/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client of another daemon's protocol as a session of the rpc room: it asks for one thing at a
 * time, and the answer is kept until its owner goes on.
 */
#ifndef APP_BALLASTD_STANDIN_CALL_H
#define APP_BALLASTD_STANDIN_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/ballastd/rpc/session.h"
#include "app/ballastd/standin/peer.h"

struct engine;
struct json_object;
struct rpc;

struct standin_call {
    struct rpc_session session; /* first */
    struct rpc *rpc;
    size_t (*count)(const struct standin_call *call); /* how many there are */
    bool answered;                                    /* what was asked last */
    struct json_object *answer; /* of the rpc room; NULL: there was no memory for it, or none yet */
    uint64_t reservation;       /* that it made last, or 0 */
};

/* `count` is said to clients that ask for it; the owner fills in the session's. */
void standin_call_begin(struct standin_call *call, struct rpc *rpc, const struct standin_peer *peer,
                        size_t (*count)(const struct standin_call *call));
/*
 * Adds to the params of a call, and takes the value over; *params begins as a new object and
 * becomes NULL where there is no memory.
 */
void standin_param(struct json_object **params, const char *key, struct json_object *value);
/*
 * Calls a method of the rpc room; takes params over, NULL: out of memory. It is answered when
 * call->answered is true.
 */
void standin_call_ask(struct standin_call *call, const char *method, struct json_object *params);
/* Of its answer: the code of its error, 0: it is a result; its message. */
int standin_call_code(const struct standin_call *call);
const char *standin_call_message(const struct standin_call *call);
/* Ends it: what it still waits for is withdrawn, what it was granted is its owner's. */
void standin_call_end(struct standin_call *call);
/*
 * Releases a reservation, 0: none, unless it is bound or has ended. If that cannot be written now,
 * the lease ends the reservation.
 */
void standin_release(struct engine *engine, uint64_t reservation);

#endif
