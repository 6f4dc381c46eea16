/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call that is being answered, and helpers of the methods. */
#ifndef APP_BALLASTD_RPC_CALL_H
#define APP_BALLASTD_RPC_CALL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/rpc/requests.h"
#include "app/ballastd/rpc/session.h"
#include "core/ledger/ledger.h"
#include "edge/wire/wire.h"

struct waiter;

struct rpc {
    struct engine *engine;
    struct waiter *waiters; /* see waiters.h */
    struct requests requests;
};

struct call {
    struct rpc *rpc;
    struct engine *engine;
    struct rpc_session *session;
    struct json_object *params; /* checked; NULL: none */
    struct json_object *id;
    uint64_t failures; /* of build_failures() before it */
    /* The answer: result, or a code with a text and data. */
    struct json_object *result;
    int code;
    char text[BALLAST_ERROR_TEXT];
    struct json_object *data;
    bool later; /* it is answered when its reservation is decided */
};

/* The call fails. */
__attribute__((format(printf, 3, 4))) void call_fail(struct call *call, int code,
                                                     const char *format, ...);
/* Refuses the call, with the verdict's figures. */
void call_refuse(struct call *call, const struct ledger_verdict *verdict);
/* The ledger or the host failed: rc says whose fault it is. */
void call_unavailable(struct call *call, int rc, const struct ballast_error *err);
/* The ledger; NULL: it has not been read yet, and the call has failed. */
struct ledger *call_ledger(struct call *call);
/* The domain of a parameter by its place in the last refresh; false: the call has failed. */
bool call_domain(struct call *call, size_t *out);
/* The owner whose reservations the call is about; NULL: any. */
const char *call_owner(const struct call *call);

#endif
