/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/calls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/ballastd/build.h"
#include "app/ballastd/log.h"
#include "app/ballastd/manager.h"
#include "app/ballastd/shape.h"
#include "app/ballastd/tell.h"

static const struct {
    const char *name;
    call_fn *call;
} calls[] = {
    {"hello", call_hello},
    {"ping", call_ping},
    {"subscribe", call_subscribe},
    {"status", call_status},
    {"host", call_host},
    {"host-profile", call_host_profile},
    {"domains", call_domains},
    {"reservations", call_reservations},
    {"decisions", call_decisions},
    {"history", call_history},
    {"why", call_why},
    {"policy", call_policy},
    {"plan", call_plan},
    {"login", call_login},
    {"reserve", call_reserve},
    {"attach", call_attach},
    {"release", call_release},
    {"cancel", call_release},
    {"bind", call_bind},
    {"free", call_free},
    {"set-target", call_set_target},
    {"set-max", call_set_max},
    {"set-range", call_set_range},
    {"set-shares", call_set_shares},
    {"opt-out", call_opt_out},
    {"set-policy", call_set_policy},
    {"pause", call_pause},
    {"resume", call_resume},
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
        shape_refusal(verdict->reason, verdict->a_kib, verdict->b_kib, unknown ? 0 : verdict->id);
}

void call_unavailable(struct call *call, int rc, const struct ballast_error *err)
{
    call_fail(call, rc == -EINVAL ? WIRE_INVALID_PARAMS : WIRE_UNAVAILABLE, "%s", err->text);
}

struct ledger *call_ledger(struct call *call)
{
    struct ledger *ledger = promises_ledger(call->daemon->promises);
    const char *trouble = promises_trouble(call->daemon->promises);
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
    const struct ballast_domain *domain = &daemon_view_host(daemon->view)->domains[i];
    const struct daemon_domain *record = daemon_view_domain(daemon->view, i);
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
    const struct ballast_host *host = daemon_view_host(daemon->view);
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
    const struct conn *conn = call->conn;
    const char *given = wire_param_string(call->params, "owner", NULL);
    if (given)
        return given;
    /* Root is the operator: who has named nobody acts for all. */
    return conn->uid == 0 && !conn->logged_in ? NULL : conn->owner;
}

static void answer(struct conn *conn, const struct wire_message *message, struct call *call)
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
        conn_send(conn, line, length);
    else if (rc == 0)
        free(line);
    else
        conn_end(conn);
}

static const struct wire_method *find(const struct conn *conn, const char *name, call_fn **out)
{
    const struct wire_method *method = wire_method_find(name);
    if (!method)
        return daemon_host_is_sim(conn->daemon->host) ? calls_sim_find(name, out) : NULL;
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
    call_fn *function = NULL;
    const struct wire_method *method = find(call->conn, name, &function);
    if (!method) {
        call_fail(call, WIRE_METHOD_NOT_FOUND, "there is no method %s", name);
    } else if (method->changes && !call->conn->may_change) {
        call_fail(call, WIRE_FORBIDDEN,
                  call->conn->door->control ? "%s: only for root and the daemon's group"
                                            : "%s: changes something; the control socket takes it",
                  name);
    } else if (wire_params_check(method, call->params, &err) < 0) {
        call_fail(call, WIRE_INVALID_PARAMS, "%s", err.text);
    } else {
        function(call);
    }
}

void calls_take(struct conn *conn, struct wire_message *message)
{
    struct call call = {.daemon = conn->daemon,
                        .conn = conn,
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
        answer(conn, message, &call);
    if (conn->daemon->tick)
        manager_settle(conn->daemon);
}

void calls_decided(struct conn *conn, struct json_object *id, uint64_t reservation, bool is_free)
{
    struct daemon *daemon = conn->daemon;
    struct ledger *ledger = promises_ledger(daemon->promises);
    const struct ledger_reservation *record = ledger_find(ledger, reservation);
    struct call call = {.daemon = daemon, .conn = conn, .id = id, .failures = build_failures()};
    const char *unwritten = promises_unwritten(daemon->promises, reservation);
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
        shape_u64(call.result, "free_kib", record->granted_kib);
        shape_u64(call.result, "missing_kib", 0);
        shape_u64(call.result, "id", BALLAST_NONE);
    } else {
        call.result = shape_reservation(daemon, record, 0);
    }
    answer(conn, NULL, &call);
}
