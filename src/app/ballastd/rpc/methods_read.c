/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods that change nothing. */
#include <string.h>
#include <unistd.h>

#include "app/ballastd/rpc/methods.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/rpc/build.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/rpc/encode.h"
#include "core/base/units.h"
#include "edge/hv/hv.h"

/* The most entries in an answer: 512 of the largest, domains, fill two thirds of a line. */
enum { MOST = 512 };

static uint64_t page_size_of(const struct call *call)
{
    return ballast_min_u64(wire_param_u64(call->params, "most", 256), MOST);
}

void method_hello(struct call *call)
{
    call->result = build_object();
    encode_u64(call->result, "version", WIRE_VERSION);
    encode_text(call->result, "daemon", "ballastd " BALLAST_VERSION);
    encode_text(call->result, "host", engine_host(call->engine)->name);
    encode_u64(call->result, "pid", (uint64_t)getpid());
    engine_log(LOG_DEBUG, "client %d of user %u is %s", (int)call->session->pid,
               (unsigned)call->session->uid, wire_param_string(call->params, "client", "unnamed"));
}

void method_ping(struct call *call)
{
    call->result = build_object();
}

void method_subscribe(struct call *call)
{
    struct json_object *events = wire_param_array(call->params, "events");
    struct json_object *now = build_array();
    unsigned chosen = 0;
    for (size_t i = 0; i < json_object_array_length(events); i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(events, i));
        for (unsigned event = 0; wire_event_at(event); event++) {
            if (strcmp(wire_event_at(event), name) == 0)
                chosen |= 1U << event;
        }
    }
    for (unsigned event = 0; wire_event_at(event); event++) {
        if (chosen & (1U << event))
            build_append(now, build_text(wire_event_at(event)));
    }
    if (call->session->ops->subscribe)
        call->session->ops->subscribe(call->session, chosen);
    call->result = build_object();
    build_add(call->result, "events", now);
}

void method_status(struct call *call)
{
    call->result = encode_status(call->engine, call->session->ops->count(call->session));
}

void method_host(struct call *call)
{
    if (!call_ledger(call))
        return;
    call->result = encode_host(call->engine);
    if (!call->result)
        call_fail(call, WIRE_UNAVAILABLE, "host: its parts exceed 64 bits of KiB");
}

void method_host_profile(struct call *call)
{
    call->result = encode_host_profile(call->engine);
}

static struct json_object *answer_listing(struct call *call, const char *name,
                                          struct json_object *array, bool more)
{
    call->result = build_object();
    build_add(call->result, name, array);
    encode_bool(call->result, "more", more);
    return call->result;
}

void method_domains(struct call *call)
{
    struct wire_domain_name name;
    struct engine *engine = call->engine;
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    uint64_t most = page_size_of(call);
    uint64_t after = wire_param_u64(call->params, "after", BALLAST_NONE);
    bool more = false;
    size_t only = SIZE_MAX;
    if (!call_ledger(call) ||
        (wire_param_domain(call->params, "domain", &name) && !call_domain(call, &only)))
        return;
    struct json_object *array = build_array();
    for (size_t i = 0; i < host->domain_count && !more; i++) {
        bool wanted = (only == SIZE_MAX || i == only) &&
                      (after == BALLAST_NONE || host->domains[i].id > after);
        more = wanted && build_length(array) == most;
        if (wanted && !more)
            build_append(array, encode_domain(engine, i));
    }
    answer_listing(call, "domains", array, more);
}

/* What requests lack increases along the line, so it is summed on the way. */
void method_reservations(struct call *call)
{
    struct ledger *ledger = call_ledger(call);
    const struct ledger_reservation *at = NULL;
    uint64_t only = wire_param_u64(call->params, "id", 0);
    uint64_t after = wire_param_u64(call->params, "after", 0);
    uint64_t most = page_size_of(call);
    const char *owner = wire_param_string(call->params, "owner", NULL);
    bool open = wire_param_bool(call->params, "open", false);
    bool more = false;
    if (!ledger)
        return;
    if (only != 0 && !ledger_find(ledger, only)) {
        call_fail(call, WIRE_NOT_FOUND, "there is no reservation %llu", (unsigned long long)only);
        return;
    }
    uint64_t available_kib = engine_available_kib(call->engine);
    uint64_t wanted_kib = 0;
    struct json_object *array = build_array();
    while (!more && (at = ledger_next(ledger, at))) {
        if (at->state == LEDGER_REQUESTED || at->state == LEDGER_RECLAIMING)
            wanted_kib += at->min_kib;
        bool wanted = (only == 0 || at->id == only) && at->id > after &&
                      (!owner || strcmp(at->owner, owner) == 0) &&
                      (!open || ledger_state_is_open(at->state));
        more = wanted && build_length(array) == most;
        if (wanted && !more)
            build_append(array, encode_reservation(call->engine, at,
                                                   ballast_sub_floor(wanted_kib, available_kib)));
    }
    answer_listing(call, "reservations", array, more);
}

void method_policy(struct call *call)
{
    struct json_object *names = build_array();
    for (size_t i = 0; policy_at(i); i++)
        build_append(names, build_text(policy_at(i)->name));
    call->result = build_object();
    encode_text(call->result, "name", engine_policy(call->engine)->name);
    build_add(call->result, "policies", names);
}
