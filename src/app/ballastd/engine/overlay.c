/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"

_Static_assert((int)LEDGER_UUID == (int)HV_UUID, "both are a uuid of Xen");

struct overlay {
    struct hv hv; /* first */
    struct overlay_options options;
    struct hv *below;
    uint64_t epoch_usec;
    uint64_t shown_usec; /* the latest moment that a snapshot was of, on the host's clock */
    bool still;
    bool ranges_reporting; /* and the two minima of such ranges: */
    uint64_t guest_min_kib;
    uint64_t dom0_min_kib;
    bool taken;
    struct ballast_host host;
    struct ballast_domain *domains;
    struct overlay_record *records; /* in the order of domains */
    struct overlay_record *old;
    size_t old_count;
    size_t room;
};

static struct overlay *overlay_of(struct hv *hv)
{
    return (struct overlay *)hv;
}

static int grow_overlay(struct overlay *overlay, size_t count, struct ballast_error *err)
{
    if (count <= overlay->room)
        return 0;
    size_t room = 2 * count;
    struct ballast_domain *domains = reallocarray(overlay->domains, room, sizeof(*domains));
    if (domains)
        overlay->domains = domains;
    struct overlay_record *records = reallocarray(overlay->records, room, sizeof(*records));
    if (records)
        overlay->records = records;
    struct overlay_record *old = reallocarray(overlay->old, room, sizeof(*old));
    if (old)
        overlay->old = old;
    if (!domains || !records || !old)
        return ballast_fail(err, -ENOMEM, "out of memory");
    overlay->room = room;
    return 0;
}

static int compare_record_ids(const void *a, const void *b)
{
    uint32_t x = ((const struct overlay_record *)a)->id;
    uint32_t y = ((const struct overlay_record *)b)->id;
    return (x > y) - (x < y);
}

/* What is known of that life from before, or a new record. */
static struct overlay_record record_of(struct overlay *overlay, const struct ballast_domain *domain)
{
    struct overlay_record record = {
        .id = domain->id,
        .set_target_kib = BALLAST_NONE,
        .raise_to_kib = overlay->options.reclaims_only ? domain->target_kib : BALLAST_NONE};
    hv_uuid(overlay->below, domain, record.uuid);
    const struct overlay_record *old =
        overlay->old_count
            ? bsearch(&record, overlay->old, overlay->old_count, sizeof(record), compare_record_ids)
            : NULL;
    if (old && memcmp(old->uuid, record.uuid, LEDGER_UUID) == 0)
        record = *old;
    if (!record.set_known) {
        record.set = OVERLAY_SETTING_NONE;
        record.set_known =
            overlay->options.settings(overlay->options.context, record.uuid, &record.set);
        record.last_stop = overlay->options.last_stop(overlay->options.context, record.uuid);
    }
    record.host_min_kib = domain->dynamic_min_kib;
    record.host_max_kib = domain->dynamic_max_kib;
    return record;
}

/* A host may keep only whole pages of a size. */
static bool is_same_kib(uint64_t one_kib, uint64_t other_kib)
{
    return (one_kib > other_kib ? one_kib - other_kib : other_kib - one_kib) < BALLAST_PAGE_KIB;
}

/* A toolstack sets targets while it builds; after that they are ours. */
static void notice_foreign_target(struct overlay *overlay, const struct ballast_domain *domain,
                                  struct overlay_record *record)
{
    uint64_t was_kib = record->seen_kib;
    bool moved = record->seen && !is_same_kib(domain->target_kib, was_kib);
    record->seen = domain->state != BALLAST_DOMAIN_BUILD;
    record->seen_kib = domain->target_kib;
    if (moved && !is_same_kib(domain->target_kib, record->set_target_kib))
        overlay->options.foreign(overlay->options.context, domain, record, was_kib);
}

static void narrow_range(struct ballast_domain *domain, uint64_t min_kib, uint64_t max_kib)
{
    if (max_kib != BALLAST_NONE)
        domain->dynamic_max_kib = ballast_min_u64(max_kib, domain->static_max_kib);
    if (min_kib != BALLAST_NONE)
        domain->dynamic_min_kib = min_kib;
    /* A minimum of one hand and a maximum of another may contradict: the maximum wins. */
    domain->dynamic_min_kib = ballast_min_u64(domain->dynamic_min_kib, domain->dynamic_max_kib);
}

/* A static maximum that was lowered below a target is shown as that, and holds all the same. */
static uint64_t reporting_max_kib(const struct overlay *overlay,
                                  const struct ballast_domain *domain)
{
    const struct hv_domain *known = hv_find_domain(overlay->below, domain->id);
    return known ? ballast_min_u64(known->static_max_kib, domain->static_max_kib)
                 : domain->static_max_kib;
}

/*
 * `xl mem-max` raises the static maximum of a guest that runs; a kernel that does not hotplug
 * memory stays below the one that it was started with, whatever its target is.
 */
static void note_booted(const struct overlay *overlay, const struct ballast_domain *domain,
                        struct overlay_record *record)
{
    const struct hv_domain *known = hv_find_domain(overlay->below, domain->id);
    bool runs = domain->state != BALLAST_DOMAIN_BUILD && !domain->is_dom0;
    record->hotplugs = known && known->hotplugs;
    if (runs && known && known->static_max_kib != BALLAST_NONE && record->booted_max_kib == 0)
        record->booted_max_kib = domain->static_max_kib;
    if (record->booted_max_kib > 0)
        record->booted_max_kib = ballast_max_u64(record->booted_max_kib, domain->tot_kib);
}

/* Its dynamic maximum is what it can reach; a pinned target is its administrator's to know. */
static void keep_reachable(const struct overlay_record *record, struct ballast_domain *domain)
{
    uint64_t reach_kib = ballast_max_u64(record->booted_max_kib, record->set.pin.kib);
    if (record->booted_max_kib > 0 && !record->hotplugs)
        narrow_range(domain, BALLAST_NONE, ballast_min_u64(domain->dynamic_max_kib, reach_kib));
}

static void range_reporting(const struct overlay *overlay, struct ballast_domain *domain)
{
    uint64_t min_kib = domain->is_dom0 ? overlay->dom0_min_kib : overlay->guest_min_kib;
    /* qubesd makes memory/meminfo for a guest that is to be balanced; other reports are its own. */
    if (!overlay->ranges_reporting || !domain->unranged ||
        domain->report_source != BALLAST_REPORT_MEMINFO)
        return;
    narrow_range(domain, min_kib, reporting_max_kib(overlay, domain));
    domain->unranged = false;
}

/* As squeezed.conf has it; a minimum of ballastd.conf goes before its maximum. */
static void range_dom0(const struct engine_config *config, const struct engine_config_guest *guest,
                       uint64_t guest_min_kib, struct ballast_domain *domain)
{
    uint64_t max_kib = config->dom0_max_kib;
    if (max_kib != BALLAST_NONE && guest_min_kib != BALLAST_NONE)
        max_kib = ballast_max_u64(max_kib, guest_min_kib);
    narrow_range(domain, config->dom0_min_kib, max_kib);
    if (config->dom0_min_kib != BALLAST_NONE || config->dom0_max_kib != BALLAST_NONE)
        domain->unranged = false;
    if (config->dom0_is_fixed && !guest)
        domain->shares = 0;
}

static bool is_opted_out(const struct overlay_record *record,
                         const struct engine_config_guest *guest)
{
    return record->set.opt_out || (guest && guest->opt_out);
}

static void lay_over(const struct overlay *overlay, struct overlay_record *record,
                     struct ballast_domain *domain)
{
    const struct engine_config *config = overlay->options.config;
    const struct engine_config_guest *guest = engine_config_guest(config, domain->name);
    uint64_t floor_kib = domain->is_dom0 ? config->dom0_floor_kib : config->guest_floor_kib;
    uint64_t min_kib;
    uint64_t max_kib;
    engine_config_range(guest, ballast_min_u64(domain->static_max_kib, overlay->host.total_kib),
                        &min_kib, &max_kib);
    range_reporting(overlay, domain);
    if (domain->is_dom0)
        range_dom0(config, guest, min_kib, domain);
    narrow_range(domain, min_kib, max_kib);
    narrow_range(domain, ballast_max_u64(floor_kib, domain->dynamic_min_kib), BALLAST_NONE);
    narrow_range(domain, record->set.min_kib, record->set.max_kib);
    if (record->set.min_kib != BALLAST_NONE || record->set.max_kib != BALLAST_NONE ||
        min_kib != BALLAST_NONE || max_kib != BALLAST_NONE)
        domain->unranged = false;
    keep_reachable(record, domain);
    uint64_t raise_to_kib = ballast_max_u64(record->raise_to_kib, domain->dynamic_min_kib);
    domain->dynamic_max_kib = ballast_min_u64(domain->dynamic_max_kib, raise_to_kib);
    if (guest && guest->shares != BALLAST_NONE)
        domain->shares = guest->shares;
    if (record->set.shares != BALLAST_NONE)
        domain->shares = record->set.shares;
    record->shares = domain->shares;
    bool is_held = overlay->host.now_usec < record->held_until_usec;
    domain->pinned_kib =
        record->set.pin.kib == 0 && is_held ? record->held_kib : record->set.pin.kib;
    domain->stopped_kib = record->last_stop.kib;
    domain->stopped_usec = record->last_stop.usec;
    domain->stops = record->last_stop.stops;
    if (overlay->still || !config->balloons || record->paused || is_opted_out(record, guest))
        domain->shares = 0;
}

static int ops_refresh(struct hv *hv, const struct ballast_host **out, struct ballast_error *err)
{
    struct overlay *overlay = overlay_of(hv);
    const struct ballast_host *host;
    int rc = overlay->below->ops->refresh(overlay->below, &host, err);
    if (rc < 0 || (rc = grow_overlay(overlay, host->domain_count, err)) < 0)
        return rc;
    if (overlay->taken && overlay->host.domain_count > 0)
        memcpy(overlay->old, overlay->records, overlay->host.domain_count * sizeof(*overlay->old));
    overlay->old_count = overlay->taken ? overlay->host.domain_count : 0;
    /* A snapshot from before the last one shows an older state, not a foreign change. */
    bool late = overlay->taken && host->now_usec < overlay->shown_usec;
    overlay->shown_usec = ballast_max_u64(host->now_usec, overlay->shown_usec);
    overlay->host = *host;
    overlay->host.domains = overlay->domains;
    overlay->host.now_usec = ballast_add_ceil(overlay->epoch_usec, host->now_usec);
    engine_config_resolve(overlay->options.config, host->total_kib);
    if (overlay->options.config->slack_kib != BALLAST_NONE)
        overlay->host.slack_kib =
            ballast_add_ceil(overlay->options.config->slack_kib, host->extra_internal_kib);
    /* A claim needs a domain: what is promised must not be what that costs. */
    if (overlay->options.config->claims)
        overlay->host.slack_kib = ballast_add_ceil(overlay->host.slack_kib, host->parked_room_kib);
    for (size_t i = 0; i < host->domain_count; i++) {
        overlay->domains[i] = host->domains[i];
        overlay->records[i] = record_of(overlay, &host->domains[i]);
        if (!late)
            notice_foreign_target(overlay, &host->domains[i], &overlay->records[i]);
        note_booted(overlay, &host->domains[i], &overlay->records[i]);
        lay_over(overlay, &overlay->records[i], &overlay->domains[i]);
    }
    overlay->taken = true;
    *out = &overlay->host;
    return 0;
}

static int ops_set(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                   struct ballast_error *err)
{
    struct overlay *overlay = overlay_of(hv);
    size_t at;
    int rc = overlay->below->ops->set(overlay->below, domid, target_kib, maxmem_kib, err);
    if (rc == 0 && target_kib != BALLAST_NONE && overlay_find(overlay, domid, &at) == 0)
        overlay->records[at].set_target_kib = target_kib;
    return rc;
}

static void ops_close(struct hv *hv)
{
    (void)hv;
}

static const struct hv_ops overlay_ops = {
    .name = "view", .refresh = ops_refresh, .set = ops_set, .close = ops_close};

struct overlay *overlay_new(const struct overlay_options *options)
{
    struct overlay *overlay = calloc(1, sizeof(*overlay));
    if (!overlay)
        return NULL;
    overlay->hv.ops = &overlay_ops;
    overlay->options = *options;
    overlay->below = options->host;
    return overlay;
}

void overlay_free(struct overlay *overlay)
{
    if (!overlay)
        return;
    free(overlay->domains);
    free(overlay->records);
    free(overlay->old);
    free(overlay);
}

struct hv *overlay_hv(struct overlay *overlay)
{
    return &overlay->hv;
}

void overlay_set_epoch(struct overlay *overlay, uint64_t usec)
{
    overlay->epoch_usec = usec;
}

void overlay_range_reporting(struct overlay *overlay, uint64_t guest_min_kib, uint64_t dom0_min_kib)
{
    overlay->ranges_reporting = true;
    overlay->guest_min_kib = guest_min_kib;
    overlay->dom0_min_kib = dom0_min_kib;
}

uint64_t overlay_now_usec(const struct overlay *overlay)
{
    return ballast_add_ceil(overlay->epoch_usec, hv_now_usec(overlay->options.host));
}

void overlay_hold_still(struct overlay *overlay, bool still)
{
    overlay->still = still;
}

void overlay_stop_raising(struct overlay *overlay)
{
    for (size_t i = 0; overlay->taken && i < overlay->host.domain_count; i++) {
        const struct ballast_domain *domain = &overlay->domains[i];
        uint64_t now_kib = ballast_max_u64(domain->target_kib, domain->tot_kib);
        overlay->records[i].raise_to_kib =
            ballast_min_u64(overlay->records[i].raise_to_kib, now_kib);
    }
}

void overlay_hold_size(struct overlay *overlay, uint32_t domid, uint64_t kib, uint64_t until_usec)
{
    size_t at;
    if (overlay_find(overlay, domid, &at) < 0)
        return;
    overlay->records[at].held_kib = kib;
    overlay->records[at].held_until_usec = until_usec;
}

void overlay_end_hold(struct overlay *overlay, uint32_t domid, uint64_t until_usec)
{
    size_t at;
    if (overlay_find(overlay, domid, &at) == 0)
        overlay->records[at].held_until_usec = until_usec;
}

const struct ballast_host *overlay_snapshot(const struct overlay *overlay)
{
    return overlay->taken ? &overlay->host : NULL;
}

void overlay_note_claims(struct overlay *overlay, uint64_t kib)
{
    overlay->host.reserved_claim_kib = kib;
}

uint64_t overlay_spare_kib(const struct overlay *overlay)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; overlay->taken && i < overlay->host.domain_count; i++) {
        const struct ballast_domain *domain = &overlay->domains[i];
        const struct overlay_record *record = &overlay->records[i];
        const struct engine_config_guest *guest =
            engine_config_guest(overlay->options.config, domain->name);
        uint64_t holds_kib = ballast_add_ceil(domain->tot_kib, domain->build_left_kib);
        if (record->shares > 0 && !is_opted_out(record, guest))
            sum_kib =
                ballast_add_ceil(sum_kib, ballast_sub_floor(holds_kib, domain->dynamic_min_kib));
    }
    return sum_kib;
}

struct overlay_record *overlay_domain(struct overlay *overlay, size_t i)
{
    return &overlay->records[i];
}

int overlay_find(const struct overlay *overlay, uint32_t domid, size_t *out)
{
    struct overlay_record key = {.id = domid};
    size_t count = overlay->taken ? overlay->host.domain_count : 0;
    const struct overlay_record *found =
        count ? bsearch(&key, overlay->records, count, sizeof(key), compare_record_ids) : NULL;
    if (!found)
        return -ENOENT;
    *out = (size_t)(found - overlay->records);
    return 0;
}
