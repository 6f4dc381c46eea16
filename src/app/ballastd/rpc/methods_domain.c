/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of domains, and of balancing as a whole. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "app/ballastd/rpc/methods.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/rpc/build.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/pins.h"
#include "app/ballastd/rpc/encode.h"
#include "app/tick/laws.h"
#include "core/base/units.h"
#include "core/model/target.h"
#include "edge/hv/hv.h"

/* The domain as it is now. false: the call has failed. */
static bool refresh_domain(struct call *call, size_t *at)
{
    struct ballast_error err;
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(engine_overlay(call->engine));
    if (!call_ledger(call))
        return false;
    if (hv->ops->refresh(hv, &host, &err) < 0) {
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
        return false;
    }
    return call_domain(call, at);
}

/* What every maximum lets in beyond what is held, whatever set it, and `own_kib` for `domain`. */
static uint64_t all_room_kib(const struct ballast_host *host, const struct ballast_domain *domain,
                             uint64_t own_kib)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *at = &host->domains[i];
        uint64_t most_kib = at->id == domain->id ? own_kib : at->maxmem_kib;
        if (at->has_balloon && at->state != BALLAST_DOMAIN_BUILD)
            sum_kib = ballast_add_ceil(sum_kib, ballast_sub_floor(most_kib, at->tot_kib));
    }
    return sum_kib;
}

struct giveable {
    uint64_t kib;
    bool in_reach; /* of what is available maxima let domains take the rest */
};

/*
 * What a domain can take beyond `own_kib`, which it may hold already, without using reserved
 * memory: available memory and, as long as anything is reserved, not within the reach of any
 * maximum. A command, which does not balance, takes nothing back: it only keeps what is reserved.
 */
static struct giveable giveable_to(struct engine *engine, const struct ballast_domain *domain,
                                   uint64_t own_kib)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    uint64_t reserved_kib =
        tick_ledger_unseen_kib(reservations_book(engine_reservations(engine)), host);
    struct tick_sums sums = tick_sums_of(host, reserved_kib);
    struct giveable giveable = {.kib = sums.available_kib};
    if (reserved_kib > 0) {
        giveable.kib = ballast_sub_floor(sums.available_kib, all_room_kib(host, domain, own_kib));
        giveable.in_reach = giveable.kib < sums.available_kib;
    } else if (engine_role(engine) != ENGINE_BALANCES) {
        giveable.kib = BALLAST_NONE;
    }
    return giveable;
}

static bool is_dry_run(const struct call *call)
{
    return wire_param_bool(call->params, "dry_run", false);
}

/* Two figures of a refusal, with their names. */
struct refusal {
    const char *reason;
    const char *names[2];
};

static const struct refusal below_floor = {"below-floor", {"wanted_kib", "floor_kib"}};
static const struct refusal bad_range = {"bad-size", {"min_kib", "max_kib"}};
static const struct refusal too_small = {"bad-size", {"wanted_kib", "least_kib"}};
static const struct refusal too_large = {"bad-size", {"wanted_kib", "static_max_kib"}};
static const struct refusal not_free = {"not-free", {"needed_kib", "available_kib"}};

static void refuse_with(struct call *call, const struct refusal *refusal, uint64_t first_kib,
                        uint64_t second_kib)
{
    call->data = build_object();
    encode_text(call->data, "reason", refusal->reason);
    encode_u64(call->data, refusal->names[0], first_kib);
    encode_u64(call->data, refusal->names[1], second_kib);
    if (refusal == &not_free)
        encode_u64(call->data, "missing_kib", ballast_sub_floor(first_kib, second_kib));
}

/* `what` names the parameter and the memory that is needed. */
static void refuse_not_free(struct call *call, const char *what, uint64_t more_kib,
                            const struct giveable *have)
{
    call_fail(call, WIRE_REFUSED, "%s: %" PRIu64 " KiB more, and %" PRIu64 " KiB are available%s",
              what, more_kib, have->kib,
              have->in_reach ? " beyond what Xen's maxima let domains take: use less, lower a "
                               "maximum (ballast set-max), or release a reservation"
                             : ": use less, or release a reservation");
    refuse_with(call, &not_free, more_kib, have->kib);
}

static void set_on_host(struct call *call, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib)
{
    struct ballast_error err;
    struct hv *hv = overlay_hv(engine_overlay(call->engine));
    int rc = hv->ops->set(hv, domid, target_kib, maxmem_kib, &err);
    if (rc < 0)
        call_fail(call, rc == -ENOENT ? WIRE_NOT_FOUND : WIRE_UNAVAILABLE, "%s", err.text);
    engine_save_host(call->engine);
}

/* true: it was refused. */
static bool refuse_below_floor(struct call *call, const struct ballast_domain *domain, uint64_t kib)
{
    char why[256];
    struct domain_estimate estimate;
    const struct floor *floor = &estimate.report_floor;
    if (kib >= domain->target_kib || wire_param_bool(call->params, "force", false) ||
        balancer_estimate(engine_balancer(call->engine), domain->id, &estimate) < 0 ||
        kib >= floor->kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB)
        return false;
    (void)floor_text(floor, why, sizeof(why));
    call_fail(
        call, WIRE_REFUSED,
        "%" PRIu64 " KiB is below %" PRIu64
        " KiB, %s, and a guest with less than it needs may crash: use at least that, or --force",
        kib, floor->kib, why);
    refuse_with(call, &below_floor, kib, floor->kib);
    return true;
}

/* Stores the setting, and applies it. false: the call has failed. */
static bool put_setting(struct call *call, size_t at, const struct overlay_setting *set)
{
    struct ballast_error err;
    struct overlay_record *record = overlay_domain(engine_overlay(call->engine), at);
    int rc = reservations_put_setting(engine_reservations(call->engine), record->uuid, set, &err);
    if (rc < 0) {
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
        return false;
    }
    record->set = *set;
    record->set_known = true;
    return true;
}

/* A setting is an event in the history, with or without subscribers. */
static void announce_setting(struct call *call, const char *what, uint64_t domid,
                             struct json_object *result)
{
    /* pins_record() has recorded that one, with who did it. */
    if (strcmp(what, "pin") != 0)
        engine_record_setting(call->engine, what, domid, call->session->uid,
                              json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN));
    if (call->session->ops->announce)
        call->session->ops->announce(call->session, what, domid, result);
}

static void answer_settings(struct call *call, const char *what, uint64_t domid,
                            struct json_object *result)
{
    call->result = result;
    announce_setting(call, what, domid, result);
    engine_sample(call->engine);
}

/* What no force helps with; true: the call has failed. */
static bool refuse_bounds(struct call *call, const struct ballast_domain *domain,
                          uint64_t given_kib)
{
    if (given_kib > domain->static_max_kib) {
        call_fail(call, WIRE_REFUSED,
                  "target_kib: %" PRIu64 " KiB is above the static maximum of %" PRIu64
                  " KiB: raise that first, and only for a guest that can hotplug memory",
                  given_kib, domain->static_max_kib);
        refuse_with(call, &too_large, given_kib, domain->static_max_kib);
    } else if (domain->is_dom0 && given_kib < BALLAST_DOM0_LEAST_KIB) {
        call_fail(call, WIRE_REFUSED,
                  "target_kib: %" PRIu64 " KiB is below the minimum of dom0, %" PRIu64
                  " KiB: use at least that",
                  given_kib, BALLAST_DOM0_LEAST_KIB);
        refuse_with(call, &too_small, given_kib, BALLAST_DOM0_LEAST_KIB);
    }
    return call->code != 0;
}

/* Without a dynamic range, floor and static maximum are the bounds. */
static bool refuse_range(struct call *call, const struct ballast_domain *domain, uint64_t kib)
{
    if (domain->unranged || (kib >= domain->dynamic_min_kib && kib <= domain->dynamic_max_kib))
        return false;
    call_fail(call, WIRE_REFUSED,
              "target_kib: %" PRIu64 " KiB is out of its dynamic range, %" PRIu64 " to %" PRIu64
              " KiB: use a size in it, or set another range first",
              kib, domain->dynamic_min_kib, domain->dynamic_max_kib);
    refuse_with(call, &bad_range, domain->dynamic_min_kib, domain->dynamic_max_kib);
    return true;
}

/* Why it cannot be so; true: the call has failed. */
static bool refuse_target(struct call *call, const struct ballast_domain *domain,
                          uint64_t given_kib, uint64_t kib)
{
    /* A maximum may be below the target: what it lets in is more. */
    uint64_t may_kib = ballast_min_u64(domain->target_kib, domain->maxmem_kib);
    uint64_t now_kib = ballast_max_u64(domain->tot_kib, may_kib);
    uint64_t more_kib = ballast_sub_floor(kib, now_kib);
    struct giveable have = giveable_to(call->engine, domain, now_kib);
    if (refuse_bounds(call, domain, given_kib) || refuse_below_floor(call, domain, kib) ||
        refuse_range(call, domain, kib))
        return true;
    if (more_kib <= have.kib)
        return false;
    refuse_not_free(call, "target_kib: it needs", more_kib, &have);
    return true;
}

/* Where nothing is kept nothing is pinned. false: the call has failed. */
static bool put_pin(struct call *call, size_t at, const struct overlay_pin *new)
{
    struct ballast_error err;
    struct overlay_record *record = overlay_domain(engine_overlay(call->engine), at);
    if (!engine_keeps_settings(call->engine) || pins_set(call->engine, record, new, &err) == 0)
        return true;
    call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
    return false;
}

/*
 * Pinned first and durably; then set, and the maximum with it, which the balancer would do as well.
 */
static bool pin_target(struct call *call, size_t at, const struct ballast_domain *domain,
                       uint64_t kib, const struct overlay_pin *new)
{
    struct overlay_record *record = overlay_domain(engine_overlay(call->engine), at);
    struct overlay_pin before = record->set.pin;
    bool enforce = wire_param_bool(call->params, "enforce", true);
    if (!put_pin(call, at, new))
        return false;
    if (kib != BALLAST_NONE)
        set_on_host(call, domain->id, kib, enforce ? kib : BALLAST_NONE);
    if (call->code != 0) {
        /*
         * Restores the previous pin; if the disk has failed meanwhile, only until the daemon ends.
         */
        if (pins_set(call->engine, record, &before, NULL) < 0)
            record->set.pin = before;
        return false;
    }
    if (engine_keeps_settings(call->engine))
        pins_record(call->engine, at, new, &before, domain->target_kib);
    return true;
}

static void answer_target(struct call *call, const struct ballast_domain *domain, uint64_t kib,
                          const struct overlay_pin *pin, const struct overlay_pin *before)
{
    struct json_object *result = build_object();
    bool enforce = kib != BALLAST_NONE && wire_param_bool(call->params, "enforce", true);
    struct hv *host = engine_host(call->engine);
    uint64_t extra_internal_kib = enforce
                                      ? hv_extra_internal_to_set_kib(host, domain->id)
                                      : hv_extra_internal_kib(host, domain->id, domain->maxmem_kib);
    encode_u64(result, "target_kib", kib == BALLAST_NONE ? domain->target_kib : kib);
    encode_u64(result, "target_before_kib", domain->target_kib);
    encode_u64(result, "xen_maximum_kib",
               ballast_add_ceil(enforce ? kib : domain->maxmem_kib, extra_internal_kib));
    encode_pin(result, pin);
    encode_u64(result, "pinned_before_kib", before->kib > 0 ? before->kib : BALLAST_NONE);
    if (is_dry_run(call))
        call->result = result;
    else
        answer_settings(call, "pin", domain->id, result);
}

static void unpin_target(struct call *call, size_t at)
{
    struct ballast_domain domain = overlay_snapshot(engine_overlay(call->engine))->domains[at];
    struct overlay_pin before = overlay_domain(engine_overlay(call->engine), at)->set.pin;
    struct overlay_pin none = pins_of_user(call->engine, 0, call->session->uid);
    if (before.kib > 0 && !is_dry_run(call) && !pin_target(call, at, &domain, BALLAST_NONE, &none))
        return;
    answer_target(call, &domain, BALLAST_NONE, &none, &before);
}

/* A balancer keeps Xen's maximum at the target. true: the call has failed. */
static bool refuse_not_to_enforce(struct call *call)
{
    if (engine_role(call->engine) != ENGINE_BALANCES ||
        wire_param_bool(call->params, "enforce", true))
        return false;
    call_fail(call, WIRE_INVALID_PARAMS,
              "enforce: the balancer keeps Xen's maximum at the target: leave it out");
    return true;
}

void method_set_target(struct call *call)
{
    size_t at;
    bool is_auto = wire_param_bool(call->params, "auto", false);
    uint64_t given_kib = wire_param_u64(call->params, "target_kib", 0);
    if ((given_kib > 0) == is_auto) {
        call_fail(call, WIRE_INVALID_PARAMS, "set-target: use either target_kib or auto");
        return;
    }
    if (refuse_not_to_enforce(call) || !refresh_domain(call, &at))
        return;
    if (is_auto) {
        unpin_target(call, at);
        return;
    }
    struct ballast_domain domain = overlay_snapshot(engine_overlay(call->engine))->domains[at];
    struct overlay_pin before = overlay_domain(engine_overlay(call->engine), at)->set.pin;
    uint64_t kib = given_kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    struct overlay_pin new = engine_keeps_settings(call->engine)
                                 ? pins_of_user(call->engine, kib, call->session->uid)
                                 : before;
    if (refuse_target(call, &domain, given_kib, kib) ||
        (!is_dry_run(call) && !pin_target(call, at, &domain, kib, &new)))
        return;
    if (!is_dry_run(call))
        engine_note_move(call->engine);
    answer_target(call, &domain, kib, &new, &before);
}

/* A pin outside the new bounds is moved to the nearest, and the answer says so. */
static bool clamp_pin(struct call *call, size_t at, uint64_t min_kib, uint64_t max_kib,
                      struct json_object *result)
{
    struct ballast_error err;
    struct overlay_record *record = overlay_domain(engine_overlay(call->engine), at);
    struct overlay_pin before = record->set.pin;
    struct overlay_pin new = before;
    new.kib = ballast_max_u64(min_kib, ballast_min_u64(before.kib, max_kib));
    new.kib -= new.kib % BALLAST_PAGE_KIB;
    bool moved = before.kib > 0 && new.kib > 0 && new.kib != before.kib;
    bool moves = moved && !is_dry_run(call);
    if (moves && pins_set(call->engine, record, &new, &err) < 0) {
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
        return false;
    }
    if (moves)
        pins_record(call->engine, at, &new, &before, before.kib);
    uint64_t pinned_kib = moved ? new.kib : before.kib;
    encode_u64(result, "pinned_kib", pinned_kib > 0 ? pinned_kib : BALLAST_NONE);
    encode_u64(result, "pinned_before_kib", before.kib > 0 ? before.kib : BALLAST_NONE);
    return true;
}

/* Why it cannot be its maximum; true: the call has failed. */
static bool refuse_maximum(struct call *call, const struct ballast_domain *domain, uint64_t kib)
{
    uint64_t now_kib = ballast_max_u64(domain->maxmem_kib, domain->tot_kib);
    uint64_t more_kib = ballast_sub_floor(kib, now_kib);
    struct giveable have = giveable_to(call->engine, domain, now_kib);
    if (kib < domain->target_kib) {
        call_fail(call, WIRE_REFUSED,
                  "maxmem_kib: %" PRIu64 " KiB is below the target of %" PRIu64
                  " KiB, which the guest could then never reach: lower the target first",
                  kib, domain->target_kib);
        refuse_with(call, &too_small, kib, domain->target_kib);
    } else if (more_kib > have.kib) {
        refuse_not_free(call, "maxmem_kib: it could take", more_kib, &have);
    }
    return call->code != 0;
}

static void set_maximum_on_host(struct call *call, uint32_t domid, uint64_t kib)
{
    struct ballast_error err;
    int rc = hv_set_maximum(engine_host(call->engine), domid, kib, &err);
    if (rc < 0)
        call_fail(call,
                  rc == -ENOENT   ? WIRE_NOT_FOUND
                  : rc == -EINVAL ? WIRE_REFUSED
                                  : WIRE_UNAVAILABLE,
                  "%s", err.text);
    engine_save_host(call->engine);
}

void method_set_max(struct call *call)
{
    size_t at;
    if (!refresh_domain(call, &at))
        return;
    struct hv *host = engine_host(call->engine);
    struct ballast_domain domain = overlay_snapshot(engine_overlay(call->engine))->domains[at];
    uint64_t extra_internal_kib = hv_extra_internal_to_set_kib(host, domain.id);
    uint64_t given_kib = wire_param_u64(call->params, "maxmem_kib", 0);
    uint64_t kib = given_kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    if (refuse_maximum(call, &domain, kib))
        return;
    if (!is_dry_run(call))
        set_maximum_on_host(call, domain.id, kib);
    if (call->code != 0)
        return;
    struct json_object *result = build_object();
    encode_u64(result, "xen_maximum_kib", ballast_add_ceil(kib, extra_internal_kib));
    encode_u64(result, "static_max_kib", hv_moves_static_max(host) ? kib : domain.static_max_kib);
    if (!clamp_pin(call, at, 0, kib, result)) {
        json_object_put(result);
        return;
    }
    if (is_dry_run(call))
        call->result = result;
    else
        answer_settings(call, "max", domain.id, result);
}

/* Why they cannot be its range; true: the call has failed. */
static bool refuse_bad_range(struct call *call, const struct ballast_domain *domain,
                             uint64_t min_kib, uint64_t max_kib)
{
    if (min_kib > max_kib)
        call_fail(call, WIRE_REFUSED,
                  "min_kib: the minimum, %" PRIu64 " KiB, is above the maximum, %" PRIu64
                  " KiB: use the smaller one first",
                  min_kib, max_kib);
    else if (max_kib > domain->static_max_kib)
        call_fail(call, WIRE_REFUSED,
                  "max_kib: the maximum, %" PRIu64 " KiB, is above the static maximum, %" PRIu64
                  " KiB, which the guest was built for: use at most that",
                  max_kib, domain->static_max_kib);
    else
        return false;
    refuse_with(call, &bad_range, min_kib, max_kib);
    return true;
}

/*
 * A command writes it to the host too, where another balancer reads it: ballastd may not run for a
 * long time.
 */
static bool set_range_on_host(struct call *call, uint32_t domid, uint64_t min_kib, uint64_t max_kib)
{
    struct ballast_error err;
    int rc = engine_role(call->engine) == ENGINE_BALANCES
                 ? 0
                 : hv_set_range(engine_host(call->engine), domid, min_kib, max_kib, &err);
    if (rc < 0)
        call_fail(call, rc == -ENOENT ? WIRE_NOT_FOUND : WIRE_UNAVAILABLE, "%s", err.text);
    return rc == 0;
}

void method_set_range(struct call *call)
{
    size_t at;
    if (!refresh_domain(call, &at))
        return;
    struct overlay_record *record = overlay_domain(engine_overlay(call->engine), at);
    struct ballast_domain domain = overlay_snapshot(engine_overlay(call->engine))->domains[at];
    struct overlay_setting set = record->set;
    set.min_kib = wire_param_u64(call->params, "min_kib", BALLAST_NONE);
    set.max_kib = wire_param_u64(call->params, "max_kib", BALLAST_NONE);
    uint64_t min_kib = set.min_kib == BALLAST_NONE ? record->host_min_kib : set.min_kib;
    uint64_t max_kib = set.max_kib == BALLAST_NONE ? record->host_max_kib : set.max_kib;
    /* The balancer takes the target down to the maximum at once. */
    if (refuse_bad_range(call, &domain, min_kib, max_kib) ||
        refuse_below_floor(call, &domain, max_kib))
        return;
    if (!is_dry_run(call) &&
        (!set_range_on_host(call, domain.id, min_kib, max_kib) || !put_setting(call, at, &set)))
        return;
    struct json_object *result = build_object();
    encode_u64(result, "dynamic_min_kib", min_kib);
    encode_u64(result, "dynamic_max_kib", max_kib);
    if (!clamp_pin(call, at, min_kib, max_kib, result)) {
        json_object_put(result);
        return;
    }
    if (is_dry_run(call))
        call->result = result;
    else
        answer_settings(call, "range", domain.id, result);
}

void method_set_shares(struct call *call)
{
    size_t at;
    if (!refresh_domain(call, &at))
        return;
    struct overlay_record *record = overlay_domain(engine_overlay(call->engine), at);
    struct overlay_setting set = record->set;
    set.shares = wire_param_u64(call->params, "shares", 0);
    if (set.shares > 1000000) {
        call_fail(call, WIRE_INVALID_PARAMS, "shares: use at most 1000000");
        return;
    }
    if (!put_setting(call, at, &set))
        return;
    struct json_object *result = build_object();
    encode_u64(result, "shares", set.shares);
    answer_settings(call, "shares", record->id, result);
}

void method_opt_out(struct call *call)
{
    size_t at;
    if (!refresh_domain(call, &at))
        return;
    struct overlay_record *record = overlay_domain(engine_overlay(call->engine), at);
    struct overlay_setting set = record->set;
    set.opt_out = wire_param_bool(call->params, "on", false);
    if (!put_setting(call, at, &set))
        return;
    struct json_object *result = build_object();
    encode_bool(result, "opted_out", set.opt_out);
    answer_settings(call, "opt-out", record->id, result);
}

void method_set_policy(struct call *call)
{
    struct ballast_error err;
    const char *name = wire_param_string(call->params, "name", "");
    const struct policy *policy = policy_find(name);
    if (!call_ledger(call))
        return;
    if (!policy) {
        call_fail(call, WIRE_NOT_FOUND, "there is no policy %s", name);
    } else if (engine_set_policy(call->engine, policy, &err) < 0) {
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
    } else {
        struct json_object *result = build_object();
        encode_text(result, "name", policy->name);
        answer_settings(call, "policy", BALLAST_NONE, result);
    }
}

static void pause_or_resume(struct call *call, bool paused)
{
    struct wire_domain_name name;
    struct engine *engine = call->engine;
    uint64_t domid = BALLAST_NONE;
    size_t at;
    if (wire_param_domain(call->params, "domain", &name)) {
        if (!refresh_domain(call, &at))
            return;
        overlay_domain(engine_overlay(engine), at)->paused = paused;
        domid = overlay_domain(engine_overlay(engine), at)->id;
    } else {
        engine_pause(engine, paused);
    }
    struct json_object *result = build_object();
    encode_bool(result, "paused", paused);
    answer_settings(call, "pause", domid, result);
}

void method_pause(struct call *call)
{
    pause_or_resume(call, true);
}

void method_resume(struct call *call)
{
    pause_or_resume(call, false);
}
