/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The toolstack of a simulated host, which has no other: methods that exist only with `--host sim`,
 * for `ballast run` and for tests. See ballastd(8).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "app/ballastd/rpc/methods.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/rpc/build.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/rpc/encode.h"
#include "core/base/units.h"
#include "core/base/uuid.h"
#include "edge/hv/sim_live.h"

static const struct wire_param start_params[] = {
    {.name = "name", .type = WIRE_STRING, .required = true, .help = "of the guest"},
    {.name = "need_kib",
     .type = WIRE_KIB,
     .required = true,
     .least = 4,
     .help = "all that it takes from the host, overhead included"},
    {.name = "overhead_kib", .type = WIRE_KIB, .help = "of need_kib; default: 0"},
    {.name = "min_kib", .type = WIRE_KIB, .help = "dynamic minimum; default: half"},
    {.name = "max_kib", .type = WIRE_KIB, .help = "dynamic and static maximum; default: all"},
    {.name = "rate_kib", .type = WIRE_KIB, .least = 1, .help = "of its build, a second"},
    {.name = "uuid", .type = WIRE_UUID, .help = "of the guest; default: one made of its name"},
    {.name = "wait_usec",
     .type = WIRE_USEC,
     .help = "its domain exists for so long before it takes memory; default: 0"},
    {.name = "node", .type = WIRE_COUNT, .help = "whose memory it takes; default: 0"},
    {.name = "vcpus",
     .type = WIRE_COUNT,
     .least = 1,
     .help = "what it costs is predicted as that of a PVH guest with so many; default: it is not"},
    {.name = "reservation",
     .type = WIRE_COUNT,
     .least = 1,
     .help = "that it is bound to at once; default: none"},
    {.name = "owner", .type = WIRE_STRING, .help = "of the reservation"},
    {.name = NULL},
};

static const struct wire_param destroy_params[] = {
    {.name = "domain", .type = WIRE_DOMAIN, .required = true, .help = "which"},
    {.name = NULL},
};

static const struct wire_param target_params[] = {
    {.name = "domain", .type = WIRE_DOMAIN, .required = true, .help = "which"},
    {.name = "target_kib", .type = WIRE_KIB, .required = true, .least = 4, .help = "to what"},
    {.name = NULL},
};

static const struct {
    struct wire_method method;
    method_fn *call;
} sim_calls[] = {
    {{"sim-start", true, "build a guest as a toolstack does", start_params}, method_sim_start},
    {{"sim-destroy", true, "destroy a domain", destroy_params}, method_sim_destroy},
    {{"sim-set-target", true, "set a target behind the daemon's back", target_params},
     method_sim_set_target},
};

const struct wire_method *methods_sim_find(const char *name, method_fn **out)
{
    for (size_t i = 0; i < sizeof(sim_calls) / sizeof(sim_calls[0]); i++) {
        if (strcmp(sim_calls[i].method.name, name) == 0) {
            *out = sim_calls[i].call;
            return &sim_calls[i].method;
        }
    }
    return NULL;
}

static bool read_build(struct call *call, struct sim_build *out)
{
    uint64_t need_kib = wire_param_u64(call->params, "need_kib", 0);
    uint64_t overhead_kib = wire_param_u64(call->params, "overhead_kib", 0);
    uint64_t memory_kib = ballast_sub_floor(need_kib, overhead_kib);
    uint64_t max_kib = wire_param_u64(call->params, "max_kib", memory_kib);
    uint64_t min_kib = wire_param_u64(call->params, "min_kib", memory_kib / 2);
    if (memory_kib < BALLAST_PAGE_KIB || max_kib < memory_kib || min_kib > memory_kib) {
        call_fail(call, WIRE_INVALID_PARAMS,
                  "need_kib: with overhead_kib taken off it must be a page at least, and between "
                  "min_kib and max_kib");
        return false;
    }
    *out =
        (struct sim_build){.name = wire_param_string(call->params, "name", ""),
                           .memory_kib = memory_kib,
                           .overhead_kib = overhead_kib,
                           .min_kib = min_kib,
                           .max_kib = max_kib,
                           .static_max_kib = max_kib,
                           .rate_kib = wire_param_u64(call->params, "rate_kib", SIM_BUILD_RATE_KIB),
                           .wait_usec = wire_param_u64(call->params, "wait_usec", 0),
                           .node = wire_param_u64(call->params, "node", 0),
                           .vcpus = wire_param_u64(call->params, "vcpus", 0)};
    if (out->node > 0 && out->node >= hv_nodes(engine_host(call->engine))) {
        call_fail(call, WIRE_INVALID_PARAMS, "node: there is no node %" PRIu64, out->node);
        return false;
    }
    const char *uuid = wire_param_string(call->params, "uuid", NULL);
    if (uuid)
        (void)ballast_uuid_parse(uuid, out->uuid);
    return true;
}

static void answer_domid(struct call *call, uint32_t domid)
{
    json_object_put(call->result);
    call->result = build_object();
    encode_u64(call->result, "domid", domid);
}

/* A guest that cannot be bound to its reservation is not built. */
static void bind_new(struct call *call, uint64_t id, uint32_t domid)
{
    struct ledger_domain life = {.domid = domid};
    struct ballast_error err;
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(engine_overlay(call->engine));
    size_t at;
    if (hv->ops->refresh(hv, &host, &err) < 0) {
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
    } else if (overlay_find(engine_overlay(call->engine), domid, &at) < 0) {
        call_fail(call, WIRE_UNAVAILABLE, "domain %" PRIu32 ": it is gone", domid);
    } else {
        memcpy(life.uuid, overlay_domain(engine_overlay(call->engine), at)->uuid, LEDGER_UUID);
        method_bind_to(call, id, &life, at);
    }
    if (call->code != 0)
        (void)sim_destroy(sim_live_sim(engine_host(call->engine)), domid, NULL);
}

void method_sim_start(struct call *call)
{
    struct engine *engine = call->engine;
    struct sim_build build;
    struct ballast_error err;
    uint64_t id = wire_param_u64(call->params, "reservation", 0);
    uint32_t domid;
    if (!call_ledger(call) || !read_build(call, &build))
        return;
    int rc = sim_live_build(engine_host(engine), &build, &domid, &err);
    if (rc < 0) {
        call_fail(call, rc == -EINVAL ? WIRE_INVALID_PARAMS : WIRE_REFUSED, "%s", err.text);
        return;
    }
    if (id != 0)
        bind_new(call, id, domid);
    else
        engine_meet_domain(engine);
    if (call->code == 0)
        answer_domid(call, domid);
    engine_note_move(engine);
    engine_save_host(engine);
}

void method_sim_destroy(struct call *call)
{
    struct ballast_error err;
    size_t at;
    if (!call_ledger(call) || !call_domain(call, &at))
        return;
    uint32_t domid = overlay_domain(engine_overlay(call->engine), at)->id;
    if (domid == 0)
        call_fail(call, WIRE_REFUSED, "domain 0: it runs the host: name a guest");
    else if (sim_destroy(sim_live_sim(engine_host(call->engine)), domid, &err) < 0)
        call_fail(call, WIRE_NOT_FOUND, "%s", err.text);
    else
        answer_domid(call, domid);
    if (call->code == 0)
        engine_sample(call->engine);
}

void method_sim_set_target(struct call *call)
{
    struct ballast_error err;
    struct hv *below = engine_host(call->engine);
    size_t at;
    if (!call_ledger(call) || !call_domain(call, &at))
        return;
    uint32_t domid = overlay_domain(engine_overlay(call->engine), at)->id;
    uint64_t kib = wire_param_u64(call->params, "target_kib", 0);
    if (below->ops->set(below, domid, kib, BALLAST_NONE, &err) < 0)
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
    else
        answer_domid(call, domid);
}
