/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The result of possible starts: a separate balancer decides on the present host, and is discarded.
 */
#include <stdlib.h>

#include "app/ballastd/rpc/methods.h"
#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/headroom.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/rpc/build.h"
#include "app/ballastd/rpc/encode.h"
#include "core/base/units.h"
#include "core/policy/forecast.h"

struct outlook {
    struct engine *engine;
    const struct ballast_host *host;
    struct balancer *balancer;
    struct balancer_output output;
    struct json_object *starts;
    struct balancer_request *requests; /* the waiting requests, then the starts */
    size_t waiting;
    size_t count;
    struct forecast_donor *donors; /* the donors that are not stuck */
    size_t donor_count;
};

static uint64_t start_kib(const struct outlook *outlook, size_t i)
{
    return wire_param_u64(json_object_array_get_idx(outlook->starts, i), "min_kib", 0);
}

static bool make_requests(struct outlook *outlook)
{
    const struct balancer_request *waiting;
    struct tick_book book =
        tick_ledger_book(reservations_book(engine_reservations(outlook->engine)));
    size_t starts = json_object_array_length(outlook->starts);
    if (book.waiting(book.book, &waiting, &outlook->waiting, NULL) < 0)
        return false;
    outlook->count = outlook->waiting + starts;
    outlook->requests = calloc(outlook->count + 1, sizeof(*outlook->requests));
    outlook->donors = calloc(outlook->host->domain_count + 1, sizeof(*outlook->donors));
    if (!outlook->requests || !outlook->donors)
        return false;
    for (size_t i = 0; i < outlook->waiting; i++)
        outlook->requests[i] = waiting[i];
    for (size_t i = 0; i < starts; i++)
        outlook->requests[outlook->waiting + i] =
            (struct balancer_request){.id = UINT64_MAX - starts + i,
                                      .need_kib = start_kib(outlook, i),
                                      .arrived_usec = outlook->host->now_usec,
                                      .deadline_usec = BALLAST_NONE};
    return true;
}

static bool decide_outlook(struct outlook *outlook, struct ballast_error *err)
{
    struct policy policy = *engine_policy(outlook->engine);
    struct balancer_options options = {
        .inaccuracy_kib = engine_config(outlook->engine)->inaccuracy_kib,
        .headroom_kib = engine_headroom(outlook->engine)->kib,
        .settings = engine_config_settings(engine_config(outlook->engine))};
    struct tick_book book =
        tick_ledger_book(reservations_book(engine_reservations(outlook->engine)));
    struct balancer_input input = {.host = outlook->host,
                                   .requests = outlook->requests,
                                   .request_count = outlook->count,
                                   .reserved_kib = book.reserved_kib(book.book, outlook->host)};
    /* The question is what it would do now, not at its next interval. */
    policy.interval_usec = 0;
    outlook->balancer = balancer_new(&policy, &options);
    return outlook->balancer &&
           balancer_decide(outlook->balancer, &input, &outlook->output, err) == 0;
}

static uint64_t target_of(const struct outlook *outlook, const struct ballast_domain *domain)
{
    for (size_t i = 0; i < outlook->output.set_count; i++) {
        const struct balancer_set *set = &outlook->output.sets[i];
        if (set->id == domain->id && set->target_kib != BALLAST_NONE)
            return set->target_kib;
    }
    return domain->target_kib;
}

static struct json_object *find_donors(struct outlook *outlook)
{
    struct json_object *array = build_array();
    for (size_t i = 0; i < outlook->host->domain_count; i++) {
        const struct ballast_domain *domain = &outlook->host->domains[i];
        struct domain_estimate learned = {.balloon_status = BALLOON_UNKNOWN};
        struct domain_estimate estimate;
        uint64_t reclaim_kib = ballast_sub_floor(domain->tot_kib, target_of(outlook, domain));
        if (domain->state != BALLAST_DOMAIN_RUN || !domain->has_balloon || reclaim_kib == 0 ||
            balancer_estimate(outlook->balancer, domain->id, &estimate) < 0)
            continue;
        (void)balancer_estimate(engine_balancer(outlook->engine), domain->id, &learned);
        struct pace pace = learned.down.max_kib_per_sec ? learned.down : estimate.down;
        bool stuck = learned.balloon_status == BALLOON_STUCK;
        if (!stuck)
            outlook->donors[outlook->donor_count++] = (struct forecast_donor){reclaim_kib, pace};
        struct json_object *donor = build_object();
        encode_u64(donor, "domid", domain->id);
        encode_text(donor, "name", domain->name);
        encode_u64(donor, "reclaim_kib", reclaim_kib);
        encode_u64(donor, "rate_min_kib_per_sec", pace.min_kib_per_sec);
        encode_u64(donor, "rate_max_kib_per_sec", pace.max_kib_per_sec);
        encode_text(donor, "rate_basis", pace_basis_name(pace.basis));
        encode_bool(donor, "stuck", stuck);
        build_append(array, donor);
    }
    return array;
}

static const struct balancer_verdict *verdict_of(const struct outlook *outlook, uint64_t id)
{
    for (size_t i = 0; i < outlook->output.verdict_count; i++) {
        if (outlook->output.verdicts[i].request == id)
            return &outlook->output.verdicts[i];
    }
    return NULL;
}

static void encode_verdict(struct json_object *start, const struct balancer_verdict *verdict,
                           const char *label)
{
    char text[256];
    char pattern[BALANCER_PATTERN];
    balancer_verdict_text(verdict, label, text, sizeof(text));
    balancer_verdict_pattern(verdict->reason, pattern, sizeof(pattern));
    encode_text(start, "verdict", verdict->granted ? "fits" : "never");
    encode_text(start, "reason", balancer_reason_name(verdict->reason));
    encode_figures(start, verdict->reason, &verdict->figures);
    encode_text(start, "name", label);
    encode_text(start, "pattern", pattern);
    encode_text(start, "message", text);
    if (verdict->reason == BALANCER_FITS || verdict->reason == BALANCER_NEVER_FITS)
        encode_u64(start, "missing_kib",
                   verdict->granted ? 0
                                    : ballast_sub_floor(verdict->figures.needed_kib,
                                                        verdict->figures.possible_kib));
}

static void add_wait(const struct outlook *outlook, struct json_object *start, uint64_t missing_kib)
{
    char text[256];
    ledger_reason_text(LEDGER_NOT_FREE, &(struct ledger_figures){.needed_kib = missing_kib}, text,
                       sizeof(text));
    encode_text(start, "verdict", "waits");
    encode_text(start, "reason", "reclaimed-for-start");
    encode_text(start, "message", text);
    encode_u64(start, "missing_kib", missing_kib);
    struct forecast wait = forecast_of(outlook->donors, outlook->donor_count, missing_kib);
    /* UINT64_MAX, never, is BALLAST_NONE, which is null. */
    encode_u64(start, "wait_min_usec", wait.min_usec);
    encode_u64(start, "wait_max_usec", wait.max_usec);
}

static struct json_object *encode_starts(const struct outlook *outlook)
{
    struct json_object *array = build_array();
    uint64_t left_kib = outlook->output.available_kib;
    uint64_t wanted_kib = outlook->output.deficit_kib;
    for (size_t i = 0; i < outlook->count; i++) {
        const struct balancer_request *request = &outlook->requests[i];
        const struct balancer_verdict *verdict = verdict_of(outlook, request->id);
        if (verdict && verdict->granted)
            left_kib = ballast_sub_floor(left_kib, request->need_kib);
        else if (!verdict)
            wanted_kib = ballast_add_ceil(wanted_kib, request->need_kib);
        if (i < outlook->waiting)
            continue;
        struct json_object *given =
            json_object_array_get_idx(outlook->starts, i - outlook->waiting);
        struct json_object *start = build_object();
        const char *label = wire_param_string(given, "label", NULL);
        encode_text(start, "label", label);
        if (verdict)
            encode_verdict(start, verdict, label ? label : "start");
        else
            add_wait(outlook, start, ballast_sub_floor(wanted_kib, left_kib));
        build_append(array, start);
    }
    return array;
}

void method_plan(struct call *call)
{
    struct ballast_error err = {.text = "out of memory"};
    struct outlook outlook = {.engine = call->engine,
                              .host = overlay_snapshot(engine_overlay(call->engine)),
                              .starts = wire_param_array(call->params, "requests")};
    if (!call_ledger(call))
        return;
    if (make_requests(&outlook) && decide_outlook(&outlook, &err)) {
        struct json_object *donors = find_donors(&outlook);
        call->result = build_object();
        build_add(call->result, "requests", encode_starts(&outlook));
        build_add(call->result, "donors", donors);
    } else {
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
    }
    balancer_free(outlook.balancer);
    free(outlook.requests);
    free(outlook.donors);
}
