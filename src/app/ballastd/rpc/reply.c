/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/rpc/reply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/rpc/build.h"
#include "app/ballastd/rpc/call.h"
#include "app/ballastd/rpc/encode.h"

void reply_send(struct call *call, bool is_notification)
{
    char *line;
    size_t length;
    int rc;
    if (call->failures != build_failures()) {
        json_object_put(call->result);
        json_object_put(call->data);
        rc = -ENOMEM;
    } else if (call->code != 0) {
        json_object_put(call->result);
        rc = wire_error(call->id, call->code, call->text, call->data, &line, &length, NULL);
    } else {
        json_object_put(call->data);
        rc = wire_result(call->id, call->result, &line, &length, NULL);
    }
    if (rc < 0)
        rc = wire_error(call->id, WIRE_INTERNAL_ERROR,
                        rc == -ENOMEM ? "out of memory: what was asked may have been done"
                                      : "the answer cannot be made",
                        NULL, &line, &length, NULL);
    /* A notification is carried out and never answered. */
    if (rc == 0 && !is_notification)
        call->session->ops->send(call->session, line, length);
    else if (rc == 0)
        free(line);
    else
        call->session->ops->close(call->session);
}

void reply_decided(struct rpc *rpc, struct rpc_session *session, struct json_object *id,
                   uint64_t reservation, bool is_free)
{
    struct engine *engine = rpc->engine;
    struct ledger *ledger = engine_ledger(engine);
    const struct ledger_reservation *record = ledger_find(ledger, reservation);
    struct call call = {
        .rpc = rpc, .engine = engine, .session = session, .id = id, .failures = build_failures()};
    const char *unwritten = reservations_unwritten(engine_reservations(engine), reservation);
    bool yes = record && record->granted_kib > 0;
    if (!record) {
        call_fail(&call, WIRE_INTERNAL_ERROR, "reservation %" PRIu64 " is no longer in the ledger",
                  reservation);
    } else if (!yes && unwritten) {
        call_fail(&call, WIRE_UNAVAILABLE, "%s", unwritten);
    } else if (!yes) {
        struct ledger_verdict verdict = {
            .reason = record->reason, .figures = record->figures, .id = record->id};
        call_refuse(&call, &verdict);
    } else if (is_free) {
        call.result = build_object();
        encode_u64(call.result, "free_kib", record->granted_kib);
        encode_u64(call.result, "missing_kib", 0);
        encode_u64(call.result, "id", BALLAST_NONE);
    } else {
        call.result = encode_reservation(engine, record, 0);
    }
    reply_send(&call, false);
}
