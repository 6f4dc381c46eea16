/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/build.h"
#include "app/ballastd/costs.h"
#include "app/ballastd/manager.h"
#include "core/base/units.h"
#include "core/model/breakdown.h"
#include "core/model/host_breakdown.h"
#include "edge/calibration/calibration.h"
#include "edge/wire/methods.h"

enum { LEFT_ALONE_MOST = 16 };

void shape_u64(struct json_object *object, const char *key, uint64_t value)
{
    build_add(object, key, value == BALLAST_NONE ? NULL : build_u64(value));
}

void shape_bool(struct json_object *object, const char *key, bool value)
{
    build_add(object, key, build_bool(value));
}

void shape_text(struct json_object *object, const char *key, const char *text)
{
    build_add(object, key, text && *text ? build_text(text) : NULL);
}

uint64_t shape_missing_kib(struct daemon *daemon, const struct ledger_reservation *record)
{
    struct ledger *ledger = promises_ledger(daemon->promises);
    const struct ledger_reservation *at = NULL;
    uint64_t wanted_kib = 0;
    if (record->state != LEDGER_ASKED && record->state != LEDGER_FREEING)
        return 0;
    struct ledger_sums sums = ledger_sums(ledger);
    size_t left = sums.in_state[LEDGER_ASKED] + sums.in_state[LEDGER_FREEING];
    while (left > 0 && (at = ledger_previous(ledger, at))) {
        bool waits = at->state == LEDGER_ASKED || at->state == LEDGER_FREEING;
        left -= waits;
        if (waits && at->id <= record->id)
            wanted_kib += at->min_kib;
    }
    return ballast_sub_floor(wanted_kib, manager_at_once_kib(daemon));
}

static void add_words(struct json_object *object, const struct ledger_reservation *record)
{
    char text[256];
    ledger_reason_text(record->reason, record->a_kib, record->b_kib, text, sizeof(text));
    shape_text(object, "state", ledger_state_word(record->state));
    shape_text(object, "reason", ledger_reason_word(record->reason));
    shape_u64(object, "a_kib", record->a_kib);
    shape_u64(object, "b_kib", record->b_kib);
    shape_text(object, "message", text);
}

static void add_uuid(struct json_object *object, const uint8_t uuid[LEDGER_UUID])
{
    char text[37];
    wire_uuid_text(uuid, text);
    shape_text(object, "uuid", text);
}

struct json_object *shape_reservation(const struct daemon *daemon,
                                      const struct ledger_reservation *record, uint64_t missing_kib)
{
    struct json_object *object = build_object();
    bool has_domain = record->state == LEDGER_BOUND || record->state == LEDGER_SPENT;
    bool waits = record->state == LEDGER_ASKED || record->state == LEDGER_FREEING;
    shape_u64(object, "id", record->id);
    shape_text(object, "owner", record->owner);
    shape_text(object, "label", record->label);
    shape_u64(object, "min_kib", record->min_kib);
    shape_u64(object, "max_kib", record->max_kib);
    shape_u64(object, "granted_kib", record->granted_kib);
    shape_u64(object, "spent_kib", record->spent_kib);
    add_words(object, record);
    const char *unwritten = promises_unwritten(daemon->promises, record->id);
    if (unwritten)
        shape_text(object, "message", unwritten);
    shape_u64(object, "asked_usec", record->asked_usec);
    shape_u64(object, "changed_usec", record->changed_usec);
    shape_u64(object, "lease_usec", record->lease_usec);
    shape_u64(object, "deadline_usec", record->deadline_usec);
    shape_u64(object, "missing_kib", waits ? missing_kib : 0);
    shape_u64(object, "domid", has_domain ? record->domid : BALLAST_NONE);
    if (has_domain)
        add_uuid(object, record->uuid);
    else
        shape_text(object, "uuid", NULL);
    return object;
}

struct json_object *shape_refusal(enum ledger_reason reason, uint64_t a_kib, uint64_t b_kib,
                                  uint64_t id)
{
    struct json_object *data = build_object();
    shape_text(data, "reason", ledger_reason_word(reason));
    shape_u64(data, "a_kib", a_kib);
    shape_u64(data, "b_kib", b_kib);
    if (reason == LEDGER_CANNOT_FIT || reason == LEDGER_NOT_FREE)
        shape_u64(data, "missing_kib", ballast_sub_floor(a_kib, b_kib));
    else if (reason == LEDGER_GIVERS_STUCK || reason == LEDGER_DEADLINE_OVER)
        shape_u64(data, "missing_kib", a_kib);
    if (id != 0)
        shape_u64(data, "id", id);
    return data;
}

struct json_object *shape_decision(const struct decision *decision)
{
    static const char *const whats[] = {"set", "grant", "refuse"};
    static const char *const fates[] = {"done", "dropped", "failed"};
    char text[512];
    struct json_object *object = build_object();
    decision_text(decision, text, sizeof(text));
    shape_u64(object, "number", decision->number);
    shape_u64(object, "time_usec", decision->time_usec);
    shape_text(object, "what", whats[decision->what]);
    if (decision->what == DECISION_SET) {
        shape_u64(object, "domid", decision->domid);
        shape_text(object, "name", decision->name);
        shape_u64(object, "target_kib", decision->target_kib);
        shape_u64(object, "xen_maximum_kib", decision->maxmem_kib);
        shape_text(object, "fate", fates[decision->fate]);
    } else {
        shape_u64(object, "reservation", decision->reservation);
    }
    shape_text(object, "reason", balancer_reason_word(decision->reason));
    if (decision->what == DECISION_SET) {
        bool held = decision->floor.reason != FLOOR_NONE;
        shape_u64(object, "floor_kib", held ? decision->floor.kib : BALLAST_NONE);
        shape_text(object, "floor_reason", held ? floor_reason_word(decision->floor.reason) : NULL);
    }
    shape_u64(object, "a_kib", decision->a_kib);
    shape_u64(object, "b_kib", decision->b_kib);
    shape_text(object, "message", text);
    return object;
}

/* All that the type has, or null where nobody can tell. */
static void add_segments(struct daemon *daemon, struct json_object *object,
                         const struct ballast_domain *domain)
{
    struct ballast_breakdown breakdown;
    const struct ballast_host *host = daemon_view_host(daemon->view);
    if (daemon_host_breakdown(daemon->host, domain, &host->caps, &breakdown) < 0) {
        build_add(object, "segments", NULL);
        return;
    }
    struct json_object *segments = build_object();
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        enum ballast_segment segment = (enum ballast_segment)i;
        if (ballast_segment_applies(segment, breakdown.type))
            shape_u64(segments, ballast_segment_word(segment), breakdown.segment_kib[i]);
    }
    build_add(object, "segments", segments);
}

/* What it was predicted to cost and did, where both are known. */
static void add_cost(struct daemon *daemon, struct json_object *object, uint32_t domid)
{
    size_t at;
    const struct drift_compared *is = NULL;
    if (daemon_view_find(daemon->view, domid, &at) == 0)
        is = costs_find(daemon->costs, domid, daemon_view_domain(daemon->view, at)->uuid);
    struct json_object *cost = is ? build_object() : NULL;
    if (is) {
        shape_u64(cost, "settled_kib", is->settled_kib);
        shape_u64(cost, "fresh_max_kib", is->fresh_max_kib);
        build_add(cost, "actual_kib", build_i64(is->actual_kib));
        build_add(cost, "difference_kib", build_i64(is->difference_kib));
        shape_text(cost, "verdict", drift_verdict_word(is->verdict));
    }
    build_add(object, "cost", cost);
}

static void add_sizes(struct daemon *daemon, struct json_object *object,
                      const struct ballast_domain *domain)
{
    uint64_t beyond_kib = daemon_host_beyond_kib(daemon->host, domain->id, domain->maxmem_kib);
    shape_u64(object, "actual_kib", domain->tot_kib);
    shape_u64(object, "target_kib", domain->target_kib);
    shape_u64(object, "xen_maximum_kib", ballast_add_ceil(domain->maxmem_kib, beyond_kib));
    shape_u64(object, "dynamic_min_kib", domain->dynamic_min_kib);
    shape_u64(object, "dynamic_max_kib", domain->dynamic_max_kib);
    shape_u64(object, "static_max_kib", domain->static_max_kib);
    shape_u64(object, "overhead_kib", domain->overhead_kib);
    shape_u64(object, "pod_entries_kib", domain->pod_entries_kib);
    shape_u64(object, "pod_cache_kib", domain->pod_cache_kib);
    add_segments(daemon, object, domain);
    add_cost(daemon, object, domain->id);
    shape_u64(object, "used_kib", domain->used_kib);
    shape_u64(object, "reported_free_kib", domain->reported_free_kib);
    shape_u64(object, "report_age_usec", domain->report_age_usec);
}

/* What a target that only the domain itself pays for must not be below. */
static void add_floor(struct json_object *object, const struct balancer_opinion *opinion)
{
    char why[256] = "";
    const struct floor *floor = &opinion->word_floor;
    if (floor->reason != FLOOR_NONE)
        (void)floor_text(floor, why, sizeof(why));
    shape_u64(object, "floor_kib", floor->kib);
    shape_text(object, "floor_reason", floor_reason_word(floor->reason));
    shape_text(object, "floor_why", *why ? why : NULL);
    shape_bool(object, "left_alone", opinion->left_alone);
}

static void add_opinion(struct daemon *daemon, struct json_object *object, uint32_t domid)
{
    static const char *const conducts[] = {"unknown", "cooperative", "slow", "stuck", "unaware"};
    struct balancer_opinion opinion = {.rate_down_kib = BALLAST_NONE, .rate_up_kib = BALLAST_NONE};
    if (daemon->tick)
        (void)balancer_opinion(tick_balancer(daemon->tick), domid, &opinion);
    shape_text(object, "conduct", conducts[opinion.conduct]);
    shape_u64(object, "need_kib", opinion.need_kib);
    add_floor(object, &opinion);
    shape_u64(object, "rate_down_kib", opinion.rate_down_kib);
    shape_u64(object, "rate_up_kib", opinion.rate_up_kib);
    shape_u64(object, "trust_permyriad", opinion.trust_permyriad);
}

static void add_bound(struct daemon *daemon, struct json_object *object,
                      const struct daemon_domain *record)
{
    struct ledger_domain life = {.domid = record->id};
    struct ledger *ledger = promises_ledger(daemon->promises);
    memcpy(life.uuid, record->uuid, sizeof(life.uuid));
    const struct ledger_reservation *bound = ledger ? ledger_find_domain(ledger, &life) : NULL;
    shape_u64(object, "reservation", bound ? bound->id : BALLAST_NONE);
}

void shape_pin(struct json_object *object, const struct daemon_pin *pin)
{
    bool is = pin->kib > 0;
    shape_u64(object, "pinned_kib", is ? pin->kib : BALLAST_NONE);
    shape_text(object, "pinned_by", is ? pin->who : NULL);
    shape_u64(object, "pinned_since_usec", is ? pin->usec : BALLAST_NONE);
}

struct json_object *shape_domain(struct daemon *daemon, size_t i)
{
    const struct ballast_domain *domain = &daemon_view_host(daemon->view)->domains[i];
    const struct daemon_domain *record = daemon_view_domain(daemon->view, i);
    const struct decision *why = decisions_of(daemon->decisions, domain->id);
    const struct daemon_config_guest *guest = daemon_config_guest(&daemon->config, domain->name);
    struct json_object *object = build_object();
    shape_u64(object, "domid", domain->id);
    add_uuid(object, record->uuid);
    shape_text(object, "name", domain->name);
    shape_text(object, "type", daemon_host_type_word(daemon->host, domain->id));
    shape_text(object, "state", ballast_domain_state_word(domain->state));
    shape_bool(object, "dom0", domain->is_dom0);
    shape_bool(object, "balloon", domain->has_balloon);
    add_sizes(daemon, object, domain);
    shape_u64(object, "shares", record->shares);
    shape_bool(object, "opted_out", record->set.opt_out || (guest && guest->opt_out));
    shape_bool(object, "paused", record->paused || daemon->paused);
    shape_pin(object, &record->set.pin);
    add_opinion(daemon, object, domain->id);
    build_add(object, "why", why ? shape_decision(why) : NULL);
    add_bound(daemon, object, record);
    return object;
}

struct json_object *shape_alert(enum alert_name name, const struct alert *alert)
{
    struct json_object *object = build_object();
    shape_text(object, "name", alert_word(name));
    shape_bool(object, "on", alert->on);
    shape_u64(object, "since_usec", alert->since_usec);
    shape_text(object, "message", alert->message);
    return object;
}

struct json_object *shape_host(struct daemon *daemon)
{
    const struct ballast_host *host = daemon_view_host(daemon->view);
    struct ledger *ledger = promises_ledger(daemon->promises);
    struct ballast_host_breakdown breakdown;
    if (!host || !ledger ||
        ballast_host_divide(host, promises_reserved_kib(daemon->promises, host), NULL, &breakdown,
                            NULL, NULL) < 0)
        return NULL;
    struct json_object *object = build_object();
    struct json_object *parts = build_object();
    shape_u64(object, "now_usec", host->now_usec);
    shape_text(object, "xen_version", *host->xen_version ? host->xen_version : NULL);
    shape_text(object, "processor", *host->processor ? host->processor : NULL);
    shape_bool(object, "vmx", host->caps.vmx);
    if (host->caps.gnttab_known) {
        shape_u64(object, "gnttab_max_frames", host->caps.gnttab_max_frames);
        shape_u64(object, "gnttab_max_maptrack_frames", host->caps.gnttab_max_maptrack_frames);
    }
    shape_u64(object, "total_kib", host->total_kib);
    shape_u64(object, "available_kib", manager_at_once_kib(daemon));
    for (int part = 0; part < BALLAST_PARTS; part++)
        shape_u64(parts, ballast_host_part_word((enum ballast_host_part)part),
                  breakdown.part_kib[part]);
    build_add(object, "parts", parts);
    shape_u64(object, "contradiction_kib", breakdown.contradiction_kib);
    shape_u64(object, "deficit_kib", breakdown.deficit_kib);
    return object;
}

static struct json_object *shape_ledger(struct daemon *daemon)
{
    struct ledger *ledger = promises_ledger(daemon->promises);
    const char *trouble = promises_trouble(daemon->promises);
    const struct ballast_host *host = daemon_view_host(daemon->view);
    struct json_object *object = build_object();
    shape_bool(object, "writable", ledger && !trouble);
    shape_u64(object, "open", ledger ? ledger_sums(ledger).open : BALLAST_NONE);
    shape_u64(object, "promised_kib",
              ledger && host ? tick_ledger_promised_kib(promises_book(daemon->promises), host)
                             : BALLAST_NONE);
    shape_text(object, "message", trouble);
    return object;
}

static void add_admission(struct json_object *array, const char *result, const char *reason,
                          uint64_t count)
{
    struct json_object *entry = build_object();
    shape_text(entry, "result", result);
    shape_text(entry, "reason", reason);
    shape_u64(entry, "count", count);
    build_append(array, entry);
}

static struct json_object *shape_prediction(const struct daemon *daemon)
{
    struct costs_sum sum = costs_sum(daemon);
    struct json_object *object = build_object();
    shape_text(object, "profile", sum.profile);
    shape_text(object, "file", sum.calibration ? sum.calibration->path : NULL);
    shape_text(object, "refused", sum.refused);
    shape_u64(object, "guests", sum.guests);
    shape_u64(object, "outside", sum.outside);
    shape_u64(object, "above", sum.above);
    build_add(object, "worst_kib", build_i64(sum.worst_kib));
    return object;
}

/* As its file has it: NULL for none, and where there is no memory. */
static struct json_object *shape_calibration(const struct calibration *calibration)
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

struct json_object *shape_host_profile(const struct daemon *daemon)
{
    struct costs_sum sum = costs_sum(daemon);
    struct json_object *object = build_object();
    shape_text(object, "profile", sum.profile);
    shape_text(object, "file", sum.calibration ? sum.calibration->path : NULL);
    shape_text(object, "refused", sum.refused);
    build_add(object, "calibration", shape_calibration(sum.calibration));
    return object;
}

/* The reasons that a reservation is refused for are all there from the beginning, with 0. */
static void add_counts(struct daemon *daemon, struct json_object *object)
{
    static const enum ledger_reason reasons[] = {LEDGER_CANNOT_FIT, LEDGER_GIVERS_STUCK,
                                                 LEDGER_DEADLINE_OVER};
    struct json_object *admissions = build_array();
    add_admission(admissions, "granted", ledger_reason_word(LEDGER_OK), daemon->granted);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        add_admission(admissions, "refused", ledger_reason_word(reasons[i]),
                      daemon->refused[reasons[i]]);
    shape_u64(object, "moved_down_kib", daemon->moved_down_kib);
    shape_u64(object, "moved_up_kib", daemon->moved_up_kib);
    build_add(object, "admissions", admissions);
}

static struct json_object *shape_history(struct daemon *daemon)
{
    const char *trouble = recorder_trouble(daemon->recorder);
    struct json_object *object = build_object();
    shape_bool(object, "working", daemon->config.history_kib > 0 && !trouble);
    shape_u64(object, "size_kib", recorder_size_kib(daemon->recorder));
    shape_u64(object, "most_kib", daemon->config.history_kib);
    shape_text(object, "message", trouble);
    return object;
}

/* Those who are asked for nothing at present, and why; not more than people read. */
static struct json_object *shape_left_alone(struct daemon *daemon)
{
    const struct ballast_host *host = daemon_view_host(daemon->view);
    struct json_object *array = build_array();
    for (size_t i = 0; host && daemon->tick && i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct balancer_opinion opinion;
        if (build_length(array) == LEFT_ALONE_MOST ||
            balancer_opinion(tick_balancer(daemon->tick), domain->id, &opinion) < 0 ||
            !opinion.left_alone)
            continue;
        char why[256];
        struct json_object *object = build_object();
        (void)floor_text(&opinion.floor, why, sizeof(why));
        shape_u64(object, "domid", domain->id);
        shape_text(object, "name", domain->name);
        shape_u64(object, "actual_kib", domain->tot_kib);
        shape_u64(object, "floor_kib", opinion.floor.kib);
        shape_text(object, "why", why);
        build_append(array, object);
    }
    return array;
}

/* Under the names of the file, with the unit behind them as everywhere in the protocol. */
static struct json_object *shape_configuration(const struct daemon *daemon)
{
    static const char *const units[] = {
        [DAEMON_CONFIG_KIB] = "_kib", [DAEMON_CONFIG_USEC] = "_usec", [DAEMON_CONFIG_COUNT] = "",
        [DAEMON_CONFIG_FLAG] = "",    [DAEMON_CONFIG_TEXT] = "",
    };
    struct json_object *object = build_object();
    struct daemon_config_value value;
    for (size_t i = 0; daemon_config_at(&daemon->config, i, &value); i++) {
        char key[64];
        (void)snprintf(key, sizeof(key), "%s%s", value.key, units[value.unit]);
        for (char *at = key; *at; at++)
            *at = *at == '-' ? '_' : *at;
        if (value.unit == DAEMON_CONFIG_TEXT)
            shape_text(object, key, value.text);
        else if (value.unit == DAEMON_CONFIG_FLAG)
            shape_bool(object, key, value.number);
        else
            shape_u64(object, key, value.number);
    }
    return object;
}

struct json_object *shape_status(struct daemon *daemon)
{
    struct json_object *object = build_object();
    struct json_object *alerts = build_array();
    uint64_t now_usec = daemon_now_usec(daemon);
    shape_u64(object, "now_usec", now_usec);
    shape_u64(object, "uptime_usec", ballast_sub_floor(now_usec, daemon->started_usec));
    shape_text(object, "policy", daemon->policy->name);
    shape_bool(object, "paused", daemon->paused);
    shape_text(object, "host", daemon_host_name(daemon->host));
    shape_u64(object, "ticks", daemon->ticks);
    shape_u64(object, "late_ticks", daemon->late_ticks);
    shape_u64(object, "law_breaches", daemon->options.check_laws ? daemon->breaches : BALLAST_NONE);
    shape_u64(object, "law_checks", daemon->options.check_laws ? daemon->law_checks : BALLAST_NONE);
    shape_u64(object, "low_memory_events", daemon->low_count);
    shape_u64(object, "clients", daemon->doors[0].clients + daemon->doors[1].clients);
    build_add(object, "ledger", shape_ledger(daemon));
    build_add(object, "history", shape_history(daemon));
    add_counts(daemon, object);
    build_add(object, "prediction", shape_prediction(daemon));
    build_add(object, "left_alone", shape_left_alone(daemon));
    for (int name = 0; name < ALERTS; name++) {
        if (daemon->alerts.at[name].on)
            build_append(alerts, shape_alert((enum alert_name)name, &daemon->alerts.at[name]));
    }
    build_add(object, "alerts", alerts);
    build_add(object, "configuration", shape_configuration(daemon));
    return object;
}

struct json_object *shape_givers(struct daemon *daemon)
{
    const struct ballast_host *host = daemon_view_host(daemon->view);
    struct json_object *givers = build_array();
    for (size_t i = 0; host && i < host->domain_count; i++) {
        const struct daemon_domain *record = daemon_view_domain(daemon->view, i);
        const struct ballast_domain *domain = &host->domains[i];
        if (record->gave_from_kib == 0)
            continue;
        struct json_object *giver = build_object();
        uint64_t to_kib = ballast_min_u64(domain->target_kib, domain->tot_kib);
        shape_u64(giver, "domid", domain->id);
        shape_text(giver, "name", domain->name);
        shape_u64(giver, "gives_kib", ballast_sub_floor(record->gave_from_kib, to_kib));
        shape_u64(giver, "given_kib", ballast_sub_floor(record->gave_from_kib, domain->tot_kib));
        build_append(givers, giver);
    }
    return givers;
}

struct json_object *shape_tick(struct daemon *daemon)
{
    const struct ballast_host *host = daemon_view_host(daemon->view);
    struct json_object *object = shape_host(daemon);
    struct json_object *domains = build_array();
    for (size_t i = 0; object && i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct json_object *entry = build_object();
        shape_u64(entry, "domid", domain->id);
        shape_u64(entry, "actual_kib", domain->tot_kib);
        shape_u64(entry, "target_kib", domain->target_kib);
        shape_u64(entry, "xen_maximum_kib", domain->maxmem_kib);
        build_append(domains, entry);
    }
    if (object)
        build_add(object, "domains", domains);
    else
        json_object_put(domains);
    return object;
}
