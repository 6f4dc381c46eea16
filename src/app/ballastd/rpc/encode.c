/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/rpc/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/headroom.h"
#include "app/ballastd/engine/costs.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/event_text.h"
#include "app/ballastd/engine/recorder.h"
#include "app/ballastd/engine/recorder.h"
#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/rpc/build.h"
#include "app/ballastd/rpc/session.h"
#include "core/base/units.h"
#include "core/base/uuid.h"
#include "core/model/breakdown.h"
#include "core/model/host_breakdown.h"
#include "edge/calibration/calibration.h"
#include "edge/hv/hv.h"
#include "edge/wire/methods.h"

enum { BACKOFF_MOST = 16 };

void encode_u64(struct json_object *object, const char *key, uint64_t value)
{
    build_add(object, key, value == BALLAST_NONE ? NULL : build_u64(value));
}

void encode_bool(struct json_object *object, const char *key, bool value)
{
    build_add(object, key, build_bool(value));
}

void encode_text(struct json_object *object, const char *key, const char *text)
{
    build_add(object, key, text && *text ? build_text(text) : NULL);
}

uint64_t encode_missing_kib(struct engine *engine, const struct ledger_reservation *record)
{
    struct ledger *ledger = engine_ledger(engine);
    const struct ledger_reservation *at = NULL;
    uint64_t wanted_kib = 0;
    if (record->state != LEDGER_REQUESTED && record->state != LEDGER_RECLAIMING)
        return 0;
    struct ledger_sums sums = ledger_sums(ledger);
    size_t left = sums.in_state[LEDGER_REQUESTED] + sums.in_state[LEDGER_RECLAIMING];
    while (left > 0 && (at = ledger_previous(ledger, at))) {
        bool waits = at->state == LEDGER_REQUESTED || at->state == LEDGER_RECLAIMING;
        left -= waits;
        const struct ledger_reservation *kept = ledger_kept_for(ledger, at);
        if (waits && at->id <= record->id)
            wanted_kib += ballast_sub_floor(at->min_kib, kept ? kept->granted_kib : 0);
    }
    return ballast_sub_floor(wanted_kib, engine_available_kib(engine));
}

static void add_figures(struct json_object *object, const struct pattern_figure *figures,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (figures[i].name && figures[i].text)
            encode_text(object, figures[i].name, figures[i].text);
        else if (figures[i].name)
            encode_u64(object, figures[i].name, figures[i].value);
    }
}

static void add_ledger_figures(struct json_object *object, enum ledger_reason reason,
                               const struct ledger_figures *figures)
{
    struct pattern_figure named[LEDGER_FIGURES];
    ledger_reason_figures(reason, figures, named);
    add_figures(object, named, LEDGER_FIGURES);
}

void encode_figures(struct json_object *object, enum balancer_reason reason,
                    const struct balancer_figures *figures)
{
    struct pattern_figure named[BALANCER_FIGURES];
    balancer_reason_figures(reason, figures, named);
    add_figures(object, named, BALANCER_FIGURES);
}

static void add_words(struct json_object *object, const struct ledger_reservation *record)
{
    char text[256];
    ledger_reason_text(record->reason, &record->figures, text, sizeof(text));
    encode_text(object, "state", ledger_state_name(record->state));
    encode_text(object, "reason", ledger_reason_name(record->reason));
    add_ledger_figures(object, record->reason, &record->figures);
    encode_text(object, "pattern", ledger_reason_pattern(record->reason));
    encode_text(object, "message", text);
}

static void add_uuid(struct json_object *object, const uint8_t uuid[LEDGER_UUID])
{
    static const uint8_t nil[LEDGER_UUID];
    char text[37];
    ballast_uuid_text(uuid, text);
    encode_text(object, "uuid", memcmp(uuid, nil, LEDGER_UUID) != 0 ? text : NULL);
}

static void encode_user(struct json_object *object, uint64_t user)
{
    const char *service = user == RPC_USER_SQUEEZED  ? "squeezed"
                          : user == RPC_USER_QMEMMAN ? "qmemman"
                                                     : NULL;
    encode_u64(object, "uid", service ? BALLAST_NONE : user);
    encode_text(object, "service", service);
}

struct json_object *encode_reservation(const struct engine *engine,
                                       const struct ledger_reservation *record,
                                       uint64_t missing_kib)
{
    struct json_object *object = build_object();
    bool has_domain = record->state == LEDGER_BOUND || record->state == LEDGER_USED;
    bool waits = record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING;
    encode_u64(object, "id", record->id);
    encode_text(object, "owner", record->owner);
    encode_user(object, record->user);
    encode_text(object, "label", record->label);
    encode_text(object, "name", record->guest_name);
    encode_text(object, "kind", ledger_kind_name(record->kind));
    encode_u64(object, "node", record->node > 0 ? record->node - 1 : BALLAST_NONE);
    encode_u64(object, "min_kib", record->min_kib);
    encode_u64(object, "max_kib", record->max_kib);
    encode_u64(object, "granted_kib", record->granted_kib);
    encode_u64(object, "used_kib", record->used_kib);
    add_words(object, record);
    const char *unwritten = reservations_unwritten(engine_reservations(engine), record->id);
    if (unwritten) {
        encode_text(object, "pattern", NULL);
        encode_text(object, "message", unwritten);
    }
    encode_u64(object, "requested_usec", record->requested_usec);
    encode_u64(object, "changed_usec", record->changed_usec);
    encode_u64(object, "lease_usec", record->lease_usec);
    encode_u64(object, "deadline_usec", record->deadline_usec);
    if (record->reason != LEDGER_DONORS_STUCK && record->reason != LEDGER_DEADLINE_OVER)
        encode_u64(object, "missing_kib", waits ? missing_kib : 0);
    encode_u64(object, "domid", has_domain ? record->domid : BALLAST_NONE);
    add_uuid(object, has_domain ? record->uuid : record->guest_uuid);
    return object;
}

struct json_object *encode_refusal(const struct ledger_verdict *verdict)
{
    struct json_object *data = build_object();
    const struct ledger_figures *figures = &verdict->figures;
    bool never = verdict->reason == LEDGER_CANNOT_FIT;
    encode_text(data, "reason", ledger_reason_name(verdict->reason));
    add_ledger_figures(data, verdict->reason, figures);
    encode_text(data, "pattern", ledger_reason_pattern(verdict->reason));
    if (never || verdict->reason == LEDGER_NOT_FREE)
        encode_u64(data, "missing_kib",
                   ballast_sub_floor(figures->needed_kib,
                                     never ? figures->possible_kib : figures->available_kib));
    if (verdict->id != 0 && verdict->reason != LEDGER_UNKNOWN)
        encode_u64(data, "id", verdict->id);
    return data;
}

struct json_object *encode_event(const struct history_event *event)
{
    char text[512];
    char pattern[EVENT_PATTERN];
    struct json_object *object = build_object();
    event_text(event, text, sizeof(text));
    event_pattern(event, pattern, sizeof(pattern));
    encode_u64(object, "number", event->number);
    encode_u64(object, "time_usec", event->time_usec);
    encode_u64(object, "until_usec", event->until_usec);
    if (event->has_guest)
        add_uuid(object, event->uuid);
    else
        encode_text(object, "uuid", NULL);
    encode_text(object, "name", event->name);
    encode_text(object, "who", event->who);
    encode_text(object, "what", event->what);
    encode_text(object, "reason", event->reason);
    encode_u64(object, "from_kib", event->from_kib);
    encode_u64(object, "to_kib", event->to_kib);
    for (int i = 0; i < HISTORY_FIGURES; i++) {
        if (event->figure_kib[i] != BALLAST_NONE)
            encode_u64(object, history_figure_name((enum history_figure)i), event->figure_kib[i]);
    }
    encode_u64(object, "floor_kib", event->floor_kib);
    encode_text(object, "floor_reason", event->floor_reason);
    encode_u64(object, "reservation", event->reservation);
    encode_u64(object, "steps", event->steps);
    encode_text(object, "detail", event->detail);
    if (event_difference_kib(event) != BALLAST_NONE)
        encode_u64(object, "difference_kib", event_difference_kib(event));
    encode_text(object, "pattern", pattern);
    encode_text(object, "message", text);
    return object;
}

/* All segments of its type, or null if unknown. */
static void add_segments(struct engine *engine, struct json_object *object,
                         const struct ballast_domain *domain)
{
    struct ballast_breakdown breakdown;
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    if (hv_breakdown(engine_host(engine), domain, &host->caps, &breakdown, NULL) < 0) {
        build_add(object, "segments", NULL);
        return;
    }
    struct json_object *segments = build_object();
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        enum ballast_segment segment = (enum ballast_segment)i;
        if (ballast_segment_applies(segment, breakdown.type))
            encode_u64(segments, ballast_segment_name(segment), breakdown.segment_kib[i]);
    }
    build_add(object, "segments", segments);
}

/* Its predicted and its measured cost, if both are known. */
static void add_cost(struct engine *engine, struct json_object *object, uint32_t domid)
{
    size_t at;
    const struct drift_compared *is = NULL;
    if (overlay_find(engine_overlay(engine), domid, &at) == 0)
        is = costs_find(engine_costs(engine), domid,
                        overlay_domain(engine_overlay(engine), at)->uuid);
    struct json_object *cost = is ? build_object() : NULL;
    if (is) {
        encode_u64(cost, "settled_kib", is->settled_kib);
        encode_u64(cost, "fresh_max_kib", is->fresh_max_kib);
        build_add(cost, "actual_kib", build_i64(is->actual_kib));
        build_add(cost, "difference_kib", build_i64(is->difference_kib));
        encode_text(cost, "verdict", drift_verdict_name(is->verdict));
    }
    build_add(object, "cost", cost);
}

static struct json_object *pressure_object(const struct ballast_pressure *pressure)
{
    struct json_object *object = pressure->known != 0 ? build_object() : NULL;
    for (int i = 0; i < BALLAST_PRESSURES && object; i++) {
        enum ballast_pressure_kind kind = (enum ballast_pressure_kind)i;
        encode_u64(object, ballast_pressure_name(kind), ballast_pressure_value(pressure, kind));
    }
    if (object)
        encode_u64(object, "age_usec", pressure->age_usec);
    return object;
}

static void add_report(struct engine *engine, struct json_object *object,
                       const struct ballast_domain *domain)
{
    const struct hv_domain *is = hv_find_domain(engine_host(engine), domain->id);
    encode_text(object, "report_source", ballast_report_source_name(domain->report_source));
    encode_u64(object, "used_kib", domain->used_kib);
    encode_u64(object, "reported_free_kib", domain->reported_free_kib);
    encode_u64(object, "reported_swap_kib", domain->reported_swap_kib);
    encode_u64(object, "report_age_usec", domain->report_age_usec);
    build_add(object, "pressure", pressure_object(&domain->pressure));
    encode_text(object, "malformed_node", is ? is->malformed : NULL);
}

static void add_sizes(struct engine *engine, struct json_object *object,
                      const struct ballast_domain *domain, const struct overlay_record *record)
{
    uint64_t extra_internal_kib =
        hv_extra_internal_kib(engine_host(engine), domain->id, domain->maxmem_kib);
    encode_u64(object, "current_kib", domain->tot_kib);
    encode_u64(object, "target_kib", domain->target_kib);
    encode_u64(object, "xen_maximum_kib", ballast_add_ceil(domain->maxmem_kib, extra_internal_kib));
    encode_u64(object, "dynamic_min_kib", domain->dynamic_min_kib);
    encode_u64(object, "dynamic_max_kib", domain->dynamic_max_kib);
    encode_u64(object, "static_max_kib", domain->static_max_kib);
    encode_u64(object, "booted_max_kib",
               record->booted_max_kib > 0 ? record->booted_max_kib : BALLAST_NONE);
    encode_bool(object, "hotplugs", record->hotplugs);
    encode_u64(object, "overhead_kib", domain->overhead_kib);
    encode_u64(object, "pod_entries_kib", domain->pod_entries_kib);
    encode_u64(object, "pod_cache_kib", domain->pod_cache_kib);
    add_segments(engine, object, domain);
    add_cost(engine, object, domain->id);
}

/* The lowest target for a change that only the domain itself pays for. */
static void add_floor(struct json_object *object, const struct domain_estimate *estimate)
{
    char why[256] = "";
    const struct floor *floor = &estimate->report_floor;
    if (floor->reason != FLOOR_NONE)
        (void)floor_text(floor, why, sizeof(why));
    encode_u64(object, "floor_kib", floor->kib);
    encode_text(object, "floor_reason", floor_reason_name(floor->reason));
    encode_text(object, "floor_why", *why ? why : NULL);
    encode_bool(object, "backoff", estimate->in_backoff);
}

static void add_estimate(struct engine *engine, struct json_object *object, uint32_t domid)
{
    struct domain_estimate estimate = {.reclaim_kib_per_sec = BALLAST_NONE,
                                       .grow_kib_per_sec = BALLAST_NONE};
    if (engine_balancer(engine))
        (void)balancer_estimate(engine_balancer(engine), domid, &estimate);
    encode_text(object, "balloon_status", balloon_status_name(estimate.balloon_status));
    encode_u64(object, "need_kib", estimate.need_kib);
    add_floor(object, &estimate);
    encode_u64(object, "reclaim_kib_per_sec", estimate.reclaim_kib_per_sec);
    encode_u64(object, "grow_kib_per_sec", estimate.grow_kib_per_sec);
    encode_u64(object, "trust_permyriad", estimate.trust_permyriad);
}

static void add_bound(struct engine *engine, struct json_object *object,
                      const struct overlay_record *record)
{
    struct ledger_domain life = {.domid = record->id};
    struct ledger *ledger = engine_ledger(engine);
    memcpy(life.uuid, record->uuid, sizeof(life.uuid));
    const struct ledger_reservation *bound = ledger ? ledger_find_domain(ledger, &life) : NULL;
    encode_u64(object, "reservation", bound ? bound->id : BALLAST_NONE);
}

void encode_pin(struct json_object *object, const struct overlay_pin *pin)
{
    bool is = pin->kib > 0;
    encode_u64(object, "pinned_kib", is ? pin->kib : BALLAST_NONE);
    encode_text(object, "pinned_by", is ? pin->who : NULL);
    encode_u64(object, "pinned_since_usec", is ? pin->usec : BALLAST_NONE);
}

struct json_object *encode_domain(struct engine *engine, size_t i)
{
    const struct ballast_domain *domain = &overlay_snapshot(engine_overlay(engine))->domains[i];
    const struct overlay_record *record = overlay_domain(engine_overlay(engine), i);
    const struct history_event *why = recorder_last(engine_recorder(engine), domain->id, i);
    const struct engine_config_guest *guest =
        engine_config_guest(engine_config(engine), domain->name);
    struct json_object *object = build_object();
    encode_u64(object, "domid", domain->id);
    add_uuid(object, record->uuid);
    encode_text(object, "name", domain->name);
    encode_text(object, "type", ballast_domain_kind_name(domain->kind));
    encode_text(object, "state", ballast_domain_state_name(domain->state));
    encode_bool(object, "dom0", domain->is_dom0);
    encode_bool(object, "balloon", domain->has_balloon);
    add_sizes(engine, object, domain, record);
    add_report(engine, object, domain);
    encode_u64(object, "shares", record->shares);
    encode_bool(object, "opted_out", record->set.opt_out || (guest && guest->opt_out));
    encode_bool(object, "paused", record->paused || engine_is_paused(engine));
    encode_pin(object, &record->set.pin);
    add_estimate(engine, object, domain->id);
    build_add(object, "why", why ? encode_event(why) : NULL);
    add_bound(engine, object, record);
    return object;
}

struct json_object *encode_alert(enum alert_kind name, const struct alert *alert)
{
    struct json_object *object = build_object();
    encode_text(object, "name", alert_name(name));
    encode_bool(object, "on", alert->on);
    encode_u64(object, "since_usec", alert->since_usec);
    encode_text(object, "message", alert->message);
    return object;
}

static void encode_headroom(struct json_object *object, struct engine *engine)
{
    const struct headroom *headroom = engine_headroom(engine);
    encode_u64(object, "headroom_kib", headroom->kib);
    encode_u64(object, "headroom_missing_kib",
               ballast_sub_floor(headroom->kib, engine_available_kib(engine)));
    encode_text(object, "headroom_for", *headroom->guest ? headroom->guest : NULL);
}

static void encode_outlook(struct json_object *object, const struct engine *engine)
{
    struct host_outlook outlook = engine_outlook(engine);
    encode_text(object, "state", outlook.is_known ? host_state_name(outlook.state) : NULL);
    encode_u64(object, "unneeded_kib", outlook.is_known ? outlook.unneeded_kib : BALLAST_NONE);
}

/* What Xen itself consists of; null where that is not known. */
static struct json_object *xen_parts_object(const struct ballast_host_breakdown *breakdown)
{
    struct json_object *object = breakdown->xen_is_known ? build_object() : NULL;
    for (int i = 0; i < BALLAST_XEN_PARTS && object; i++)
        encode_u64(object, ballast_xen_part_about((enum ballast_xen_part)i)->word,
                   breakdown->xen_part_kib[i]);
    return object;
}

struct json_object *encode_host(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    struct ledger *ledger = engine_ledger(engine);
    struct ballast_host_breakdown breakdown;
    if (!host || !ledger ||
        ballast_host_divide(host, reservations_reserved_kib(engine_reservations(engine), host),
                            NULL, &breakdown, NULL, NULL) < 0)
        return NULL;
    struct json_object *object = build_object();
    struct json_object *parts = build_object();
    encode_u64(object, "now_usec", host->now_usec);
    encode_text(object, "xen_version", *host->xen_version ? host->xen_version : NULL);
    encode_text(object, "processor", *host->processor ? host->processor : NULL);
    encode_bool(object, "vmx", host->caps.vmx);
    if (host->caps.gnttab_known) {
        encode_u64(object, "gnttab_max_frames", host->caps.gnttab_max_frames);
        encode_u64(object, "gnttab_max_maptrack_frames", host->caps.gnttab_max_maptrack_frames);
    }
    encode_u64(object, "total_kib", host->total_kib);
    encode_u64(object, "available_kib", engine_available_kib(engine));
    encode_headroom(object, engine);
    encode_outlook(object, engine);
    for (int part = 0; part < BALLAST_PARTS; part++)
        encode_u64(parts, ballast_host_part_name((enum ballast_host_part)part),
                   breakdown.part_kib[part]);
    build_add(object, "parts", parts);
    build_add(object, "xen_parts", xen_parts_object(&breakdown));
    encode_u64(object, "unexplained_most_kib",
               breakdown.unexplained_most_kib > 0 ? breakdown.unexplained_most_kib : BALLAST_NONE);
    encode_u64(object, "reserved_claim_kib", engine_claimed_kib(engine));
    encode_u64(object, "parked_kib", host->parked_kib);
    encode_u64(object, "overcounted_kib", breakdown.overcounted_kib);
    encode_u64(object, "deficit_kib", breakdown.deficit_kib);
    return object;
}

static struct json_object *encode_ledger(struct engine *engine)
{
    struct ledger *ledger = engine_ledger(engine);
    const char *trouble = reservations_trouble(engine_reservations(engine));
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    struct json_object *object = build_object();
    encode_bool(object, "writable", ledger && !trouble);
    encode_u64(object, "open", ledger ? ledger_sums(ledger).open : BALLAST_NONE);
    encode_u64(object, "reserved_kib",
               ledger && host
                   ? tick_ledger_reserved_kib(reservations_book(engine_reservations(engine)), host)
                   : BALLAST_NONE);
    encode_text(object, "message", trouble);
    return object;
}

static void add_admission(struct json_object *array, const char *result, const char *reason,
                          uint64_t count)
{
    struct json_object *entry = build_object();
    encode_text(entry, "result", result);
    encode_text(entry, "reason", reason);
    encode_u64(entry, "count", count);
    build_append(array, entry);
}

static struct json_object *encode_prediction(const struct engine *engine)
{
    struct costs_sum sum = costs_sum(engine);
    struct json_object *object = build_object();
    encode_text(object, "profile", sum.profile);
    encode_text(object, "file", sum.calibration ? sum.calibration->path : NULL);
    encode_text(object, "refused", sum.refused);
    encode_u64(object, "guests", sum.guests);
    encode_u64(object, "outside", sum.outside);
    encode_u64(object, "above", sum.above);
    build_add(object, "worst_kib", build_i64(sum.worst_kib));
    return object;
}

/* As in its file; NULL for none, and if out of memory. */
static struct json_object *encode_calibration(const struct calibration *calibration)
{
    char *text = NULL;
    size_t length = 0;
    struct json_object *object = NULL;
    FILE *out = calibration ? open_memstream(&text, &length) : NULL;
    if (!out)
        return NULL;
    int rc = calibration_write(out, calibration, NULL);
    if (fclose(out) == 0 && rc == 0)
        object = json_tokener_parse(text);
    free(text);
    return object;
}

struct json_object *encode_host_profile(const struct engine *engine)
{
    struct costs_sum sum = costs_sum(engine);
    struct json_object *object = build_object();
    encode_text(object, "profile", sum.profile);
    encode_text(object, "file", sum.calibration ? sum.calibration->path : NULL);
    encode_text(object, "refused", sum.refused);
    build_add(object, "calibration", encode_calibration(sum.calibration));
    return object;
}

/* All reasons for refusals are present from the start, with 0. */
static void add_counts(struct engine *engine, struct json_object *object)
{
    static const enum ledger_reason reasons[] = {LEDGER_CANNOT_FIT, LEDGER_DONORS_STUCK,
                                                 LEDGER_DEADLINE_OVER, LEDGER_QUOTA_RESERVATIONS,
                                                 LEDGER_QUOTA_MEMORY};
    struct json_object *admissions = build_array();
    add_admission(admissions, "granted", ledger_reason_name(LEDGER_OK),
                  engine_counters(engine)->granted);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        add_admission(admissions, "refused", ledger_reason_name(reasons[i]),
                      engine_counters(engine)->refused[reasons[i]]);
    encode_u64(object, "moved_down_kib", engine_counters(engine)->moved_down_kib);
    encode_u64(object, "moved_up_kib", engine_counters(engine)->moved_up_kib);
    encode_u64(object, "unreserved_starts", engine_counters(engine)->unreserved);
    build_add(object, "admissions", admissions);
}

static struct json_object *encode_history(struct engine *engine)
{
    const char *trouble = recorder_trouble(engine_recorder(engine));
    struct json_object *object = build_object();
    encode_bool(object, "working", engine_config(engine)->history_kib > 0 && !trouble);
    encode_u64(object, "size_kib", recorder_size_kib(engine_recorder(engine)));
    encode_u64(object, "most_kib", engine_config(engine)->history_kib);
    encode_text(object, "message", trouble);
    return object;
}

/* The domains in backoff, and why; at most as many as people read. */
static struct json_object *encode_backoff(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    struct json_object *array = build_array();
    for (size_t i = 0; host && engine_balancer(engine) && i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct domain_estimate estimate;
        if (build_length(array) == BACKOFF_MOST ||
            balancer_estimate(engine_balancer(engine), domain->id, &estimate) < 0 ||
            !estimate.in_backoff)
            continue;
        char why[256];
        struct json_object *object = build_object();
        (void)floor_text(&estimate.floor, why, sizeof(why));
        encode_u64(object, "domid", domain->id);
        encode_text(object, "name", domain->name);
        encode_u64(object, "current_kib", domain->tot_kib);
        encode_u64(object, "floor_kib", estimate.floor.kib);
        encode_text(object, "why", why);
        build_append(array, object);
    }
    return array;
}

/* With the names of the file, followed by the unit as everywhere in the protocol. */
static struct json_object *encode_configuration(const struct engine *engine)
{
    static const char *const units[] = {
        [ENGINE_CONFIG_KIB] = "_kib", [ENGINE_CONFIG_USEC] = "_usec",
        [ENGINE_CONFIG_COUNT] = "",   [ENGINE_CONFIG_PERMYRIAD] = "_permyriad",
        [ENGINE_CONFIG_FLAG] = "",    [ENGINE_CONFIG_TEXT] = "",
    };
    struct json_object *object = build_object();
    struct engine_config_value value;
    for (size_t i = 0; engine_config_at(engine_config(engine), i, &value); i++) {
        char key[64];
        (void)snprintf(key, sizeof(key), "%s%s", value.key, units[value.unit]);
        for (char *at = key; *at; at++)
            *at = *at == '-' ? '_' : *at;
        if (value.unit == ENGINE_CONFIG_TEXT)
            encode_text(object, key, value.text);
        else if (value.unit == ENGINE_CONFIG_FLAG)
            encode_bool(object, key, value.number);
        else
            encode_u64(object, key, value.number);
    }
    return object;
}

struct json_object *encode_status(struct engine *engine, size_t clients)
{
    struct json_object *object = build_object();
    struct json_object *alerts = build_array();
    uint64_t now_usec = engine_now_usec(engine);
    encode_u64(object, "now_usec", now_usec);
    encode_u64(object, "uptime_usec",
               ballast_sub_floor(now_usec, engine_counters(engine)->started_usec));
    encode_text(object, "policy", engine_policy(engine)->name);
    encode_bool(object, "paused", engine_is_paused(engine));
    encode_text(object, "host", engine_host(engine)->name);
    encode_u64(object, "ticks", engine_counters(engine)->ticks);
    encode_u64(object, "late_ticks", engine_counters(engine)->late_ticks);
    encode_u64(object, "law_breaches",
               engine_checks_laws(engine) ? engine_counters(engine)->breaches : BALLAST_NONE);
    encode_u64(object, "law_checks",
               engine_checks_laws(engine) ? engine_counters(engine)->law_checks : BALLAST_NONE);
    encode_u64(object, "low_memory_events", engine_counters(engine)->low_count);
    encode_u64(object, "clients", clients);
    build_add(object, "ledger", encode_ledger(engine));
    build_add(object, "history", encode_history(engine));
    add_counts(engine, object);
    build_add(object, "prediction", encode_prediction(engine));
    build_add(object, "backoff", encode_backoff(engine));
    for (int name = 0; name < ALERTS; name++) {
        if (engine_alert(engine, (enum alert_kind)name)->on)
            build_append(alerts, encode_alert((enum alert_kind)name,
                                              engine_alert(engine, (enum alert_kind)name)));
    }
    build_add(object, "alerts", alerts);
    build_add(object, "configuration", encode_configuration(engine));
    return object;
}

struct json_object *encode_donors(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    struct json_object *donors = build_array();
    for (size_t i = 0; host && i < host->domain_count; i++) {
        const struct overlay_record *record = overlay_domain(engine_overlay(engine), i);
        const struct ballast_domain *domain = &host->domains[i];
        if (record->reclaim_from_kib == 0)
            continue;
        struct json_object *donor = build_object();
        uint64_t to_kib = ballast_min_u64(domain->target_kib, domain->tot_kib);
        encode_u64(donor, "domid", domain->id);
        encode_text(donor, "name", domain->name);
        encode_u64(donor, "reclaim_kib", ballast_sub_floor(record->reclaim_from_kib, to_kib));
        encode_u64(donor, "reclaimed_kib",
                   ballast_sub_floor(record->reclaim_from_kib, domain->tot_kib));
        build_append(donors, donor);
    }
    return donors;
}

struct json_object *encode_tick(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    struct json_object *object = encode_host(engine);
    struct json_object *domains = build_array();
    for (size_t i = 0; object && i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct json_object *entry = build_object();
        encode_u64(entry, "domid", domain->id);
        encode_u64(entry, "current_kib", domain->tot_kib);
        encode_u64(entry, "target_kib", domain->target_kib);
        encode_u64(entry, "xen_maximum_kib", domain->maxmem_kib);
        build_append(domains, entry);
    }
    if (object)
        build_add(object, "domains", domains);
    else
        json_object_put(domains);
    return object;
}
