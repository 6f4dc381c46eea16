/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/standin/call.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/rpc/rpc.h"
#include "edge/wire/wire.h"

/* The operations of a session of the rpc room. */

static struct standin_call *call_of(struct rpc_session *session)
{
    return (struct standin_call *)session;
}

/* What comes while others are answered is only kept: its owner goes on in the loop's next turn. */
static void keep_rpc_answer(struct rpc_session *session, char *line, size_t length)
{
    struct standin_call *call = call_of(session);
    (void)length;
    json_object_put(call->answer);
    call->answer = json_tokener_parse(line);
    call->answered = true;
    free(line);
}

static void keep_no_answer(struct rpc_session *session)
{
    call_of(session)->answered = true;
}

static void keep_reservation(struct rpc_session *session, uint64_t id)
{
    call_of(session)->reservation = id;
}

static size_t count_calls(const struct rpc_session *session)
{
    const struct standin_call *call = (const struct standin_call *)session;
    return call->count(call);
}

static const struct rpc_session_ops call_ops = {
    .send = keep_rpc_answer,
    .close = keep_no_answer,
    .note_made = keep_reservation,
    .count = count_calls,
};

void standin_call_begin(struct standin_call *call, struct rpc *rpc, const struct standin_peer *peer,
                        size_t (*count)(const struct standin_call *call))
{
    *call = (struct standin_call){.session = {.ops = &call_ops,
                                              .uid = peer->uid,
                                              .pid = peer->pid,
                                              .control = true,
                                              .may_change = true,
                                              .logged_in = true},
                                  .rpc = rpc,
                                  .count = count};
}

void standin_param(struct json_object **params, const char *key, struct json_object *value)
{
    if (*params && value && json_object_object_add(*params, key, value) == 0)
        return;
    json_object_put(value);
    json_object_put(*params);
    *params = NULL;
}

void standin_call_ask(struct standin_call *call, const char *method, struct json_object *params)
{
    struct wire_message message = {.kind = WIRE_REQUEST, .params = params};
    (void)snprintf(message.method, sizeof(message.method), "%s", method);
    json_object_put(call->answer);
    call->answer = NULL;
    call->answered = !params;
    if (params)
        rpc_take(call->rpc, &call->session, &message);
    wire_message_release(&message);
}

int standin_call_code(const struct standin_call *call)
{
    struct json_object *error;
    if (json_object_object_get_ex(call->answer, "error", &error))
        return json_object_get_int(json_object_object_get(error, "code"));
    return json_object_object_get_ex(call->answer, "result", NULL) ? 0 : WIRE_INTERNAL_ERROR;
}

const char *standin_call_message(const struct standin_call *call)
{
    struct json_object *error = json_object_object_get(call->answer, "error");
    struct json_object *message = error ? json_object_object_get(error, "message") : NULL;
    return message ? json_object_get_string(message) : "out of memory";
}

void standin_call_end(struct standin_call *call)
{
    if (call->rpc)
        rpc_forget(call->rpc, &call->session);
    json_object_put(call->answer);
    call->answer = NULL;
    call->rpc = NULL;
}

void standin_release(struct engine *engine, uint64_t reservation)
{
    struct ledger *ledger = engine_ledger(engine);
    struct ledger_verdict verdict;
    const struct ledger_reservation *record =
        ledger && reservation ? ledger_find(ledger, reservation) : NULL;
    if (record && record->state != LEDGER_BOUND && ledger_state_is_open(record->state))
        (void)ledger_release(ledger, reservation, NULL, engine_ledger_now_usec(engine), &verdict,
                             NULL);
}
