/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/rpc/dispatch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/ballastd/rpc/build.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/rpc/encode.h"
#include "app/ballastd/server/subscriptions.h"

static const struct {
    const char *name;
    method_fn *call;
} calls[] = {
    {"hello", method_hello},
    {"ping", method_ping},
    {"subscribe", method_subscribe},
    {"status", method_status},
    {"host", method_host},
    {"host-profile", method_host_profile},
    {"domains", method_domains},
    {"reservations", method_reservations},
    {"decisions", method_decisions},
    {"history", method_history},
    {"why", method_why},
    {"policy", method_policy},
    {"plan", method_plan},
    {"login", method_login},
    {"reserve", method_reserve},
    {"attach", method_attach},
    {"release", method_release},
    {"cancel", method_release},
    {"bind", method_bind},
    {"free", method_free},
    {"set-target", method_set_target},
    {"set-max", method_set_max},
    {"set-range", method_set_range},
    {"set-shares", method_set_shares},
    {"opt-out", method_opt_out},
    {"set-policy", method_set_policy},
    {"pause", method_pause},
    {"resume", method_resume},
};

void call_fail(struct call *call, int code, const char *format, ...)
{
    va_list args;
    call->code = code;
    va_start(args, format);
    (void)vsnprintf(call->text, sizeof(call->text), format, args);
    va_end(args);
}

void call_refuse(struct call *call, const struct ledger_verdict *verdict)
{
    bool unknown = verdict->reason == LEDGER_UNKNOWN;
    call->code = unknown ? WIRE_NOT_FOUND : WIRE_REFUSED;
    ledger_reason_text(verdict->reason, verdict->a_kib, verdict->b_kib, call->text,
                       sizeof(call->text));
    call->data =
        encode_refusal(verdict->reason, verdict->a_kib, verdict->b_kib, unknown ? 0 : verdict->id);
}

void call_unavailable(struct call *call, int rc, const struct ballast_error *err)
{
    call_fail(call, rc == -EINVAL ? WIRE_INVALID_PARAMS : WIRE_UNAVAILABLE, "%s", err->text);
}

struct ledger *call_ledger(struct call *call)
{
    struct ledger *ledger = reservations_ledger(call->daemon->reservations);
    const char *trouble = reservations_trouble(call->daemon->reservations);
    if (!ledger || !call->daemon->tick) {
        call_fail(call, WIRE_UNAVAILABLE, "%s",
                  trouble ? trouble : "the host could not be read yet");
        return NULL;
    }
    return ledger;
}

static bool is_called(struct daemon *daemon, size_t i, const struct wire_domain_name *name,
                      const uint8_t *uuid)
{
    const struct ballast_domain *domain = &overlay_snapshot(daemon->overlay)->domains[i];
    const struct overlay_record *record = overlay_domain(daemon->overlay, i);
    if (name->is_number)
        return domain->id == name->domid;
    if (uuid)
        return memcmp(record->uuid, uuid, LEDGER_UUID) == 0;
    return strcmp(domain->name, name->name) == 0;
}

bool call_domain(struct call *call, size_t *out)
{
    struct wire_domain_name name;
    uint8_t uuid[LEDGER_UUID];
    struct daemon *daemon = call->daemon;
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    size_t found = 0;
    if (!host || !wire_param_domain(call->params, "domain", &name)) {
        call_fail(call, WIRE_UNAVAILABLE, "the host could not be read yet");
        return false;
    }
    bool by_uuid = !name.is_number && wire_uuid_parse(name.name, uuid) == 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (!is_called(daemon, i, &name, by_uuid ? uuid : NULL))
            continue;
        *out = i;
        found++;
    }
    if (found == 1)
        return true;
    if (name.is_number)
        call_fail(call, WIRE_NOT_FOUND, "there is no domain %" PRIu32, name.domid);
    else
        call_fail(call, WIRE_NOT_FOUND, found ? "several domains are named %s" : "no domain is %s",
                  name.name);
    return false;
}

const char *call_owner(const struct call *call)
{
    const struct connection *connection = call->connection;
    const char *given = wire_param_string(call->params, "owner", NULL);
    if (given)
        return given;
    /* Root is the operator: who has named nobody acts for all. */
    return connection->uid == 0 && !connection->logged_in ? NULL : connection->owner;
}

static void send_answer(struct connection *connection, const struct wire_message *message,
                        struct call *call)
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
    /* A notification is obeyed and never answered. */
    if (rc == 0 && (!message || message->kind != WIRE_NOTIFICATION))
        connection_send(connection, line, length);
    else if (rc == 0)
        free(line);
    else
        connection_schedule_close(connection);
}

static const struct wire_method *find_method(const struct connection *connection, const char *name,
                                             method_fn **out)
{
    const struct wire_method *method = wire_method_find(name);
    if (!method)
        return engine_host_is_sim(connection->daemon->host) ? methods_sim_find(name, out) : NULL;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(calls[i].name, name) == 0) {
            *out = calls[i].call;
            return method;
        }
    }
    return NULL;
}

static void take_call(struct call *call, const char *name)
{
    struct ballast_error err;
    method_fn *function = NULL;
    const struct wire_method *method = find_method(call->connection, name, &function);
    if (!method) {
        call_fail(call, WIRE_METHOD_NOT_FOUND, "there is no method %s", name);
    } else if (method->changes && !call->connection->may_change) {
        call_fail(call, WIRE_FORBIDDEN,
                  call->connection->listener->control
                      ? "%s: only for root and the daemon's group"
                      : "%s: changes something; the control socket takes it",
                  name);
    } else if (wire_params_check(method, call->params, &err) < 0) {
        call_fail(call, WIRE_INVALID_PARAMS, "%s", err.text);
    } else {
        function(call);
    }
}

void dispatch_message(struct connection *connection, struct wire_message *message)
{
    struct call call = {.daemon = connection->daemon,
                        .connection = connection,
                        .params = message->params,
                        .id = message->id,
                        .failures = build_failures()};
    switch (message->kind) {
    case WIRE_RESPONSE: /* nobody asked it anything */
        return;
    case WIRE_BROKEN:
        if (!message->answer)
            return;
        call_fail(&call, message->error_code, "%s", message->error_text);
        break;
    case WIRE_REQUEST:
    case WIRE_NOTIFICATION:
        take_call(&call, message->method);
        break;
    }
    if (!call.later)
        send_answer(connection, message, &call);
    if (connection->daemon->tick)
        engine_settle(connection->daemon);
}

void reply_decided(struct connection *connection, struct json_object *id, uint64_t reservation,
                   bool is_free)
{
    struct daemon *daemon = connection->daemon;
    struct ledger *ledger = reservations_ledger(daemon->reservations);
    const struct ledger_reservation *record = ledger_find(ledger, reservation);
    struct call call = {
        .daemon = daemon, .connection = connection, .id = id, .failures = build_failures()};
    const char *unwritten = reservations_unwritten(daemon->reservations, reservation);
    bool yes = record && record->granted_kib > 0;
    if (!record) {
        call_fail(&call, WIRE_INTERNAL_ERROR, "reservation %" PRIu64 " is not remembered any more",
                  reservation);
    } else if (!yes && unwritten) {
        call_fail(&call, WIRE_UNAVAILABLE, "%s", unwritten);
    } else if (!yes) {
        struct ledger_verdict verdict = {.reason = record->reason,
                                         .a_kib = record->a_kib,
                                         .b_kib = record->b_kib,
                                         .id = record->id};
        call_refuse(&call, &verdict);
    } else if (is_free) {
        call.result = build_object();
        encode_u64(call.result, "free_kib", record->granted_kib);
        encode_u64(call.result, "missing_kib", 0);
        encode_u64(call.result, "id", BALLAST_NONE);
    } else {
        call.result = encode_reservation(daemon, record, 0);
    }
    send_answer(connection, NULL, &call);
}
