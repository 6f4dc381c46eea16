/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"

struct daemon_view {
    struct hv hv; /* first */
    struct daemon_view_options options;
    struct hv *below;
    uint64_t epoch_usec;
    uint64_t shown_usec; /* the latest moment that a snapshot was of, on the host's clock */
    bool still;
    bool taken;
    struct ballast_host host;
    struct ballast_domain *domains;
    struct daemon_domain *records; /* in the order of domains */
    struct daemon_domain *old;
    size_t old_count;
    size_t room;
};

static struct daemon_view *view_of(struct hv *hv)
{
    return (struct daemon_view *)hv;
}

static int make_room(struct daemon_view *view, size_t count, struct ballast_error *err)
{
    if (count <= view->room)
        return 0;
    size_t room = 2 * count;
    struct ballast_domain *domains = reallocarray(view->domains, room, sizeof(*domains));
    if (domains)
        view->domains = domains;
    struct daemon_domain *records = reallocarray(view->records, room, sizeof(*records));
    if (records)
        view->records = records;
    struct daemon_domain *old = reallocarray(view->old, room, sizeof(*old));
    if (old)
        view->old = old;
    if (!domains || !records || !old)
        return ballast_fail(err, -ENOMEM, "out of memory");
    view->room = room;
    return 0;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = ((const struct daemon_domain *)a)->id;
    uint32_t y = ((const struct daemon_domain *)b)->id;
    return (x > y) - (x < y);
}

/* What is known of that life from before, or a new record. */
static struct daemon_domain record_of(struct daemon_view *view, const struct ballast_domain *domain)
{
    struct daemon_domain record = {.id = domain->id, .told_kib = BALLAST_NONE};
    daemon_host_uuid(view->options.host, domain->id, domain->name, record.uuid);
    const struct daemon_domain *old =
        view->old_count ? bsearch(&record, view->old, view->old_count, sizeof(record), compare)
                        : NULL;
    if (old && memcmp(old->uuid, record.uuid, LEDGER_UUID) == 0)
        record = *old;
    if (!record.set_known) {
        record.set = DAEMON_SETTING_NONE;
        record.set_known = view->options.settings(view->options.context, record.uuid, &record.set);
        record.lesson = view->options.lesson(view->options.context, record.uuid);
    }
    record.host_min_kib = domain->dynamic_min_kib;
    record.host_max_kib = domain->dynamic_max_kib;
    return record;
}

/* A host may keep whole pages of what it was told. */
static bool same(uint64_t a_kib, uint64_t b_kib)
{
    return (a_kib > b_kib ? a_kib - b_kib : b_kib - a_kib) < BALLAST_PAGE_KIB;
}

/* A toolstack sets targets while it builds; after that they are ours. */
static void notice(struct daemon_view *view, const struct ballast_domain *domain,
                   struct daemon_domain *record)
{
    uint64_t was_kib = record->seen_kib;
    bool moved = record->seen && !same(domain->target_kib, was_kib);
    record->seen = domain->state != BALLAST_DOMAIN_BUILD;
    record->seen_kib = domain->target_kib;
    if (moved && !same(domain->target_kib, record->told_kib))
        view->options.foreign(view->options.context, domain, record, was_kib);
}

static void narrow(struct ballast_domain *domain, uint64_t min_kib, uint64_t max_kib)
{
    if (max_kib != BALLAST_NONE)
        domain->dynamic_max_kib = ballast_min_u64(max_kib, domain->static_max_kib);
    if (min_kib != BALLAST_NONE)
        domain->dynamic_min_kib = min_kib;
    /* A minimum of one hand and a maximum of another may contradict: the maximum wins. */
    domain->dynamic_min_kib = ballast_min_u64(domain->dynamic_min_kib, domain->dynamic_max_kib);
}

static bool is_left_alone(const struct daemon_domain *record,
                          const struct daemon_config_guest *guest)
{
    return record->set.opt_out || (guest && guest->opt_out);
}

static void lay_over(const struct daemon_view *view, struct daemon_domain *record,
                     struct ballast_domain *domain)
{
    const struct daemon_config *config = view->options.config;
    const struct daemon_config_guest *guest = daemon_config_guest(config, domain->name);
    uint64_t floor_kib = domain->is_dom0 ? config->dom0_floor_kib : config->guest_floor_kib;
    if (guest)
        narrow(domain, guest->min_kib, guest->max_kib);
    narrow(domain, ballast_max_u64(floor_kib, domain->dynamic_min_kib), BALLAST_NONE);
    narrow(domain, record->set.min_kib, record->set.max_kib);
    if (guest && guest->shares != BALLAST_NONE)
        domain->shares = guest->shares;
    if (record->set.shares != BALLAST_NONE)
        domain->shares = record->set.shares;
    record->shares = domain->shares;
    domain->pinned_kib = record->set.pin.kib;
    domain->stopped_kib = record->lesson.kib;
    domain->stopped_usec = record->lesson.usec;
    domain->stops = record->lesson.stops;
    if (view->still || !config->balloons || record->paused || is_left_alone(record, guest))
        domain->shares = 0;
}

static int ops_refresh(struct hv *hv, const struct ballast_host **out, struct ballast_error *err)
{
    struct daemon_view *view = view_of(hv);
    const struct ballast_host *host;
    int rc = view->below->ops->refresh(view->below, &host, err);
    if (rc < 0 || (rc = make_room(view, host->domain_count, err)) < 0)
        return rc;
    if (view->taken && view->host.domain_count > 0)
        memcpy(view->old, view->records, view->host.domain_count * sizeof(*view->old));
    view->old_count = view->taken ? view->host.domain_count : 0;
    /* A snapshot from before the last one shows what was, not what somebody did. */
    bool late = view->taken && host->now_usec < view->shown_usec;
    view->shown_usec = ballast_max_u64(host->now_usec, view->shown_usec);
    view->host = *host;
    view->host.domains = view->domains;
    view->host.now_usec = ballast_add_ceil(view->epoch_usec, host->now_usec);
    if (view->options.config->slush_kib != BALLAST_NONE)
        view->host.slush_kib = view->options.config->slush_kib;
    for (size_t i = 0; i < host->domain_count; i++) {
        view->domains[i] = host->domains[i];
        view->records[i] = record_of(view, &host->domains[i]);
        if (!late)
            notice(view, &host->domains[i], &view->records[i]);
        lay_over(view, &view->records[i], &view->domains[i]);
    }
    view->taken = true;
    *out = &view->host;
    return 0;
}

static int ops_set(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                   struct ballast_error *err)
{
    struct daemon_view *view = view_of(hv);
    size_t at;
    int rc = view->below->ops->set(view->below, domid, target_kib, maxmem_kib, err);
    if (rc == 0 && target_kib != BALLAST_NONE && daemon_view_find(view, domid, &at) == 0)
        view->records[at].told_kib = target_kib;
    if (rc == 0)
        (void)daemon_host_sim(view->options.host); /* it has changed */
    return rc;
}

static int ops_claim(struct hv *hv, uint32_t domid, uint64_t kib, struct ballast_error *err)
{
    struct daemon_view *view = view_of(hv);
    (void)daemon_host_sim(view->options.host);
    return view->below->ops->claim(view->below, domid, kib, err);
}

static void ops_close(struct hv *hv)
{
    (void)hv;
}

static const struct hv_ops view_ops = {
    .name = "view", .refresh = ops_refresh, .set = ops_set, .claim = ops_claim, .close = ops_close};

struct daemon_view *daemon_view_new(const struct daemon_view_options *options)
{
    struct daemon_view *view = calloc(1, sizeof(*view));
    if (!view)
        return NULL;
    view->hv.ops = &view_ops;
    view->options = *options;
    view->below = daemon_host_hv(options->host);
    return view;
}

void daemon_view_free(struct daemon_view *view)
{
    if (!view)
        return;
    free(view->domains);
    free(view->records);
    free(view->old);
    free(view);
}

struct hv *daemon_view_hv(struct daemon_view *view)
{
    return &view->hv;
}

void daemon_view_set_epoch(struct daemon_view *view, uint64_t usec)
{
    view->epoch_usec = usec;
}

uint64_t daemon_view_now_usec(const struct daemon_view *view)
{
    return ballast_add_ceil(view->epoch_usec, daemon_host_now_usec(view->options.host));
}

void daemon_view_hold_still(struct daemon_view *view, bool still)
{
    view->still = still;
}

const struct ballast_host *daemon_view_host(const struct daemon_view *view)
{
    return view->taken ? &view->host : NULL;
}

uint64_t daemon_view_spare_kib(const struct daemon_view *view)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; view->taken && i < view->host.domain_count; i++) {
        const struct ballast_domain *domain = &view->domains[i];
        const struct daemon_domain *record = &view->records[i];
        const struct daemon_config_guest *guest =
            daemon_config_guest(view->options.config, domain->name);
        uint64_t holds_kib = ballast_add_ceil(domain->tot_kib, domain->build_left_kib);
        if (record->shares > 0 && !is_left_alone(record, guest))
            sum_kib =
                ballast_add_ceil(sum_kib, ballast_sub_floor(holds_kib, domain->dynamic_min_kib));
    }
    return sum_kib;
}

struct daemon_domain *daemon_view_domain(struct daemon_view *view, size_t i)
{
    return &view->records[i];
}

int daemon_view_find(const struct daemon_view *view, uint32_t domid, size_t *out)
{
    struct daemon_domain key = {.id = domid};
    size_t count = view->taken ? view->host.domain_count : 0;
    const struct daemon_domain *found =
        count ? bsearch(&key, view->records, count, sizeof(key), compare) : NULL;
    if (!found)
        return -ENOENT;
    *out = (size_t)(found - view->records);
    return 0;
}
