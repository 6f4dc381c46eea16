/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of methods, and the handling of a message. */
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/rpc/build.h"
#include "app/ballastd/rpc/call.h"
#include "app/ballastd/rpc/methods.h"
#include "app/ballastd/rpc/reply.h"
#include "app/ballastd/rpc/rpc.h"
#include "edge/hv/sim_live.h"

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
    {"history", method_history},
    {"events", method_events},
    {"policy", method_policy},
    {"plan", method_plan},
    {"login", method_login},
    {"reserve", method_reserve},
    {"attach", method_attach},
    {"detach", method_detach},
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

static const struct wire_method *find_method(const struct call *call, const char *name,
                                             method_fn **out)
{
    const struct wire_method *method = wire_method_find(name);
    if (!method)
        return sim_live_sim(engine_host(call->engine)) ? methods_sim_find(name, out) : NULL;
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
    const struct wire_method *method = find_method(call, name, &function);
    if (!method) {
        call_fail(call, WIRE_METHOD_NOT_FOUND, "there is no method %s", name);
    } else if (method->changes && !call->session->may_change) {
        call_fail(call, WIRE_FORBIDDEN,
                  call->session->control ? "%s: only for root and the daemon's group"
                                         : "%s: changes something; the control socket takes it",
                  name);
    } else if (wire_params_check(method, call->params, &err) < 0) {
        call_fail(call, WIRE_INVALID_PARAMS, "%s", err.text);
    } else {
        function(call);
    }
}

void rpc_take(struct rpc *rpc, struct rpc_session *session, struct wire_message *message)
{
    struct call call = {.rpc = rpc,
                        .engine = rpc->engine,
                        .session = session,
                        .params = message->params,
                        .id = message->id,
                        .failures = build_failures()};
    switch (message->kind) {
    case WIRE_RESPONSE: /* it was not asked anything */
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
        reply_send(&call, message->kind == WIRE_NOTIFICATION);
    engine_settle(rpc->engine);
}

struct rpc *rpc_new(struct engine *engine)
{
    struct rpc *rpc = calloc(1, sizeof(*rpc));
    if (rpc)
        rpc->engine = engine;
    return rpc;
}

void rpc_free(struct rpc *rpc)
{
    free(rpc);
}
