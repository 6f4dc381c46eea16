/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reservations. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/ballastd/rpc/methods.h"
#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/rpc/build.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/rpc/encode.h"
#include "app/ballastd/rpc/waiters.h"
#include "app/tick/book.h"
#include "core/base/units.h"
#include "core/base/uuid.h"

/*
 * Memory that `free` has freed is kept from other uses for this long, or until a toolstack starts
 * to build, so that its caller still finds it.
 */
#define FREE_HOLD_USEC (10 * BALLAST_SEC_USEC)

static uint64_t now_of(const struct call *call)
{
    return engine_ledger_now_usec(call->engine);
}

static void answer_reservation(struct call *call, uint64_t id)
{
    const struct ledger_reservation *record = ledger_find(engine_ledger(call->engine), id);
    if (record)
        call->result =
            encode_reservation(call->engine, record, encode_missing_kib(call->engine, record));
    else
        call_fail(call, WIRE_INTERNAL_ERROR, "reservation %" PRIu64 " is no longer in the ledger",
                  id);
}

void method_login(struct call *call)
{
    struct ledger *ledger = call_ledger(call);
    struct ballast_error err;
    size_t count = 0;
    const char *owner = wire_param_string(call->params, "owner", "");
    if (!ledger)
        return;
    int rc = ledger_login(ledger, owner, now_of(call), &count, &err);
    if (rc < 0) {
        call_unavailable(call, rc, &err);
        return;
    }
    call->session->logged_in = true;
    (void)snprintf(call->session->owner, sizeof(call->session->owner), "%s", owner);
    call->result = build_object();
    encode_u64(call->result, "released", count);
}

/*
 * Of its user; false: none. Root and the daemon's own user could change it, and services start
 * guests for root.
 */
static bool quota_of(const struct call *call, struct ledger_quota *out)
{
    const struct engine_config *config = engine_config(call->engine);
    const struct rpc_session *session = call->session;
    *out = (struct ledger_quota){config->quota_reservations, config->quota_kib};
    return session->service == 0 && session->uid != 0 && session->uid != geteuid();
}

static int ask_ledger(struct call *call, struct ledger *ledger,
                      const struct ledger_request *request, struct ledger_verdict *out,
                      struct ballast_error *err)
{
    struct ledger_quota quota;
    struct ledger_request made = *request;
    made.user = call->session->service > 0 ? call->session->service : call->session->uid;
    made.quota = quota_of(call, &quota) ? &quota : NULL;
    int rc = ledger_ask(ledger, &made, now_of(call), out, err);
    if (rc == 0 && (out->reason == LEDGER_QUOTA_RESERVATIONS || out->reason == LEDGER_QUOTA_MEMORY))
        engine_count_refusal(call->engine, out->reason);
    return rc;
}

/* Makes the request and runs a tick: what is free is granted now. false: the call has failed. */
static bool make_request(struct call *call, const struct ledger_request *request, uint64_t *id)
{
    struct ledger *ledger = call_ledger(call);
    struct ledger_verdict verdict;
    struct ballast_error err;
    /* Time during which the clock stood still must not count as waiting. */
    if (!ledger)
        return false;
    if (!engine_catch_up(call->engine)) {
        call_fail(call, WIRE_UNAVAILABLE, "simulated host: it has failed: see the log of ballastd");
        return false;
    }
    bool own;
    size_t most = requests_full(&call->rpc->requests, ledger, call->session->uid, &own);
    if (most > 0) {
        call_fail(call, WIRE_BUSY,
                  "%zu requests of %s wait for memory already: release some, or ask again when "
                  "they are decided",
                  most, own ? "this user" : "all users");
        return false;
    }
    int rc = ask_ledger(call, ledger, request, &verdict, &err);
    if (rc < 0) {
        call_unavailable(call, rc, &err);
        return false;
    }
    if (verdict.reason != LEDGER_OK) {
        call_refuse(call, &verdict);
        return false;
    }
    *id = verdict.id;
    if (wire_param_bool(call->params, "starts", false))
        engine_start_follows(call->engine, verdict.id);
    requests_add(&call->rpc->requests, verdict.id, call->session->uid);
    call->session->ops->note_made(call->session, verdict.id);
    engine_sample(call->engine);
    return true;
}

static uint64_t deadline_of(const struct call *call)
{
    uint64_t usec = wire_param_u64(call->params, "deadline_usec", BALLAST_NONE);
    return usec == BALLAST_NONE ? usec : ballast_add_ceil(now_of(call), usec);
}

/* Answers with the result, now or later. */
static void answer_asked(struct call *call, uint64_t id)
{
    const struct ledger_reservation *record = ledger_find(engine_ledger(call->engine), id);
    bool waits =
        record && (record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING);
    const char *unwritten = reservations_unwritten(engine_reservations(call->engine), id);
    if (unwritten) {
        call_fail(call, WIRE_UNAVAILABLE, "%s", unwritten);
    } else if (record && record->state == LEDGER_REFUSED) {
        struct ledger_verdict verdict = {
            .reason = record->reason, .figures = record->figures, .id = id};
        call_refuse(call, &verdict);
    } else if (waits && wire_param_bool(call->params, "wait", false)) {
        call->later = true;
    } else {
        answer_reservation(call, id);
    }
}

/* The call waits; if that is impossible the request is withdrawn. */
static void wait_for_decision(struct call *call, uint64_t id, bool is_free)
{
    struct ledger_verdict verdict;
    if (waiters_add(call, id, is_free) == 0)
        return;
    call->later = false;
    (void)ledger_release(engine_ledger(call->engine), id, NULL, now_of(call), &verdict, NULL);
    call_fail(call, WIRE_BUSY, "%d calls of this connection wait already", WAITERS_MOST);
}

/* Ties it to the connection. false, with the error: it cannot. */
static bool own_reservation(struct call *call, uint64_t id)
{
    const struct rpc_session_ops *ops = call->session->ops;
    if (ops->own && ops->own(call->session, id) == 0)
        return true;
    call_fail(call, WIRE_BUSY, "%d reservations go with this connection already",
              RPC_SESSION_OWNED);
    return false;
}

/* The same for a request, which is withdrawn where it cannot. */
static bool own_or_release(struct call *call, uint64_t id)
{
    struct ledger_verdict verdict;
    if (own_reservation(call, id))
        return true;
    (void)ledger_release(engine_ledger(call->engine), id, NULL, now_of(call), &verdict, NULL);
    return false;
}

static bool read_reservation_node(struct call *call, struct ledger_request *request)
{
    uint64_t nodes = hv_nodes(engine_host(call->engine));
    uint64_t node = wire_param_u64(call->params, "node", BALLAST_NONE);
    if (node == BALLAST_NONE)
        return true;
    request->node = node + 1;
    if (request->pool)
        call_fail(call, WIRE_INVALID_PARAMS, "node: a pool has none: leave it out");
    else if (nodes == 0)
        call_fail(call, WIRE_INVALID_PARAMS,
                  "node: this host claims memory of any node alone: leave it out");
    else if (node >= nodes)
        call_fail(call, WIRE_INVALID_PARAMS, "node: the last one is %" PRIu64 ": use that or less",
                  nodes - 1);
    return !request->pool && node < nodes;
}

void method_reserve(struct call *call)
{
    uint64_t min_kib = wire_param_u64(call->params, "min_kib", 0);
    const char *given = wire_param_string(call->params, "uuid", NULL);
    uint8_t uuid[LEDGER_UUID] = {0};
    if (given)
        (void)ballast_uuid_parse(given, uuid);
    struct ledger_request request = {
        .owner = wire_param_string(call->params, "owner", call->session->owner),
        .label = wire_param_string(call->params, "label", NULL),
        .name = wire_param_string(call->params, "name", NULL),
        .uuid = given ? uuid : NULL,
        .pool = wire_param_bool(call->params, "pool", false),
        .min_kib = min_kib,
        .max_kib = wire_param_u64(call->params, "max_kib", min_kib),
        .lease_usec =
            wire_param_u64(call->params, "lease_usec", engine_config(call->engine)->lease_usec),
        .deadline_usec = deadline_of(call),
    };
    uint64_t id;
    if (!read_reservation_node(call, &request))
        return;
    if (request.pool && (request.name || request.uuid)) {
        call_fail(call, WIRE_INVALID_PARAMS,
                  "pool: it pays any new domain: leave name and uuid out");
        return;
    }
    if (!make_request(call, &request, &id) ||
        (wire_param_bool(call->params, "with_connection", false) && !own_or_release(call, id)))
        return;
    answer_asked(call, id);
    if (call->later)
        wait_for_decision(call, id, false);
}

/* The reservation of a call that only its owner may make; false: the call has failed. */
static bool find_owned(struct call *call, uint64_t *id)
{
    struct ledger *ledger = call_ledger(call);
    *id = wire_param_u64(call->params, "id", 0);
    const struct ledger_reservation *record = ledger ? ledger_find(ledger, *id) : NULL;
    const char *owner = call_owner(call);
    struct ledger_verdict verdict = {.reason = LEDGER_UNKNOWN, .id = *id};
    if (!ledger)
        return false;
    if (record && owner && strcmp(owner, record->owner) != 0)
        verdict.reason = LEDGER_NOT_OWNER;
    if (record && verdict.reason != LEDGER_NOT_OWNER)
        return true;
    call_refuse(call, &verdict);
    return false;
}

void method_attach(struct call *call)
{
    uint64_t id;
    if (!find_owned(call, &id))
        return;
    if (own_reservation(call, id))
        answer_reservation(call, id);
}

void method_detach(struct call *call)
{
    uint64_t id;
    if (!find_owned(call, &id))
        return;
    if (call->session->ops->disown)
        call->session->ops->disown(call->session, id);
    answer_reservation(call, id);
}

void method_release(struct call *call)
{
    struct ledger *ledger = call_ledger(call);
    struct ledger_verdict verdict;
    struct ballast_error err;
    uint64_t id = wire_param_u64(call->params, "id", 0);
    if (!ledger)
        return;
    int rc = ledger_release(ledger, id, call_owner(call), now_of(call), &verdict, &err);
    if (rc < 0)
        call_unavailable(call, rc, &err);
    else if (verdict.reason != LEDGER_OK && verdict.reason != LEDGER_BY_OWNER)
        call_refuse(call, &verdict);
    else
        answer_reservation(call, id);
    engine_lower_claim(call->engine);
}

static bool find_domain(struct call *call, struct ledger_domain *life, size_t *at)
{
    uint8_t uuid[LEDGER_UUID];
    struct ballast_error err;
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(engine_overlay(call->engine));
    const char *given = wire_param_string(call->params, "uuid", NULL);
    life->domid = (uint32_t)wire_param_u64(call->params, "domid", 0);
    if (hv->ops->refresh(hv, &host, &err) < 0) {
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
        return false;
    }
    if (overlay_find(engine_overlay(call->engine), life->domid, at) < 0) {
        call_fail(call, WIRE_NOT_FOUND, "there is no domain %" PRIu32, life->domid);
        return false;
    }
    memcpy(life->uuid, overlay_domain(engine_overlay(call->engine), *at)->uuid, LEDGER_UUID);
    if (!given || (ballast_uuid_parse(given, uuid) == 0 && memcmp(uuid, life->uuid, 16) == 0))
        return true;
    call_fail(call, WIRE_REFUSED, "domain %" PRIu32 " has another uuid", life->domid);
    return false;
}

/* Whether reservation `id` was kept for a domain that rebooted, and is bound to the one after it.
 */
static bool is_kept_for_next(const struct ledger *ledger, uint64_t id)
{
    const struct ledger_reservation *kept = ledger_find(ledger, id);
    return kept && strcmp(kept->owner, TICK_REBOOT_OWNER) == 0 && !ledger_is_rebooting(kept);
}

/* As ledger_bind(); a domain for which its toolstack asks needs nothing that was kept for it. */
static int bind_instead_of_kept(struct call *call, uint64_t id, const struct ledger_domain *life,
                                uint64_t base_kib, uint64_t held_kib, struct ledger_verdict *out,
                                struct ballast_error *err)
{
    struct ledger *ledger = engine_ledger(call->engine);
    struct ledger_verdict released;
    int rc =
        ledger_bind(ledger, id, call_owner(call), life, base_kib, held_kib, now_of(call), out, err);
    if (rc < 0 || out->reason != LEDGER_DOMAIN_TAKEN ||
        !is_kept_for_next(ledger, out->figures.reservation))
        return rc;
    rc = ledger_release(ledger, out->figures.reservation, NULL, now_of(call), &released, err);
    return rc < 0 ? rc
                  : ledger_bind(ledger, id, call_owner(call), life, base_kib, held_kib,
                                now_of(call), out, err);
}

void method_bind_to(struct call *call, uint64_t id, const struct ledger_domain *life, size_t at)
{
    struct ledger_verdict verdict;
    struct ballast_error err;
    struct ballast_domain domain = overlay_snapshot(engine_overlay(call->engine))->domains[at];
    uint64_t held_kib = ballast_add_ceil(domain.tot_kib, domain.overhead_kib);
    /* A domain that already runs grows by it; its present memory is not from the reservation. */
    uint64_t base_kib = domain.state == BALLAST_DOMAIN_BUILD ? 0 : held_kib;
    int rc = bind_instead_of_kept(call, id, life, base_kib, held_kib, &verdict, &err);
    if (rc < 0) {
        call_unavailable(call, rc, &err);
    } else if (verdict.reason != LEDGER_OK) {
        call_refuse(call, &verdict);
    } else {
        answer_reservation(call, id);
        engine_sample(call->engine);
    }
}

void method_bind(struct call *call)
{
    struct ledger_domain life = {0};
    size_t at;
    if (call_ledger(call) && find_domain(call, &life, &at))
        method_bind_to(call, wire_param_u64(call->params, "id", 0), &life, at);
}

/* A size beyond the host is valid, but cannot fit. */
static bool refuse_beyond_host(struct call *call, uint64_t kib)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(call->engine));
    if (!host || kib <= host->total_kib)
        return false;
    call_refuse(call, &(struct ledger_verdict){
                          .reason = LEDGER_CANNOT_FIT,
                          .figures = {.needed_kib = kib, .possible_kib = host->total_kib}});
    return true;
}

void method_free(struct call *call)
{
    struct engine *engine = call->engine;
    char owner[LEDGER_OWNER];
    uint64_t kib = wire_param_u64(call->params, "kib", 0);
    if (refuse_beyond_host(call, kib))
        return;
    (void)snprintf(owner, sizeof(owner), ENGINE_FREE "uid-%u", (unsigned)call->session->uid);
    struct ledger_request request = {.owner = owner,
                                     .label = "free",
                                     .min_kib = kib,
                                     .max_kib = kib,
                                     .lease_usec = FREE_HOLD_USEC,
                                     .deadline_usec = deadline_of(call)};
    uint64_t id;
    if (!make_request(call, &request, &id))
        return;
    answer_asked(call, id);
    if (call->later) {
        wait_for_decision(call, id, true);
    } else if (call->code == 0) {
        const struct ledger_reservation *record = ledger_find(engine_ledger(engine), id);
        bool free_now = record && record->granted_kib > 0;
        json_object_put(call->result);
        call->result = build_object();
        encode_u64(call->result, "free_kib",
                   free_now ? kib : ballast_sub_floor(kib, encode_missing_kib(engine, record)));
        encode_u64(call->result, "missing_kib", free_now ? 0 : encode_missing_kib(engine, record));
        encode_u64(call->result, "id", free_now ? BALLAST_NONE : id);
    }
}
