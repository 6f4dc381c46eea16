/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host as it is now. Xen's hypercalls come first and one right after the other; what xenstore
 * says may be a little younger, which does no harm: it only says what is wanted.
 *
 * What domains hold and what is free are two answers. A program that loses its CPU between them
 * sees memory that a build took in neither: free memory is asked for before and after, until
 * nothing has moved between.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/commandline.h"
#include "edge/hv/xen_inside.h"

/* Kept for Xen itself, which reports when less is free: common/page_alloc.c, opt_low_mem_virq,
 * "low_mem_virq_limit". */
#define SLACK_KIB (UINT64_C(64) * 1024)
/* How often a refresh samples again when its parts sum to more than the host has. */
#define SAMPLES_MOST 3
/* How often both are asked for; of a host where memory moves all the time the closest answers
 * count. */
#define COUNTS 8
/* Further events are taken in after the sample. */
enum { EVENTS_A_SAMPLE = 4096 };

static bool is_same_domain(const struct xen_record *record, const struct xen_counted *counted)
{
    return record->domid == counted->id &&
           memcmp(record->uuid, counted->uuid, sizeof(record->uuid)) == 0;
}

static void new_record(struct xen_record *record, const struct xen_counted *counted)
{
    *record = (struct xen_record){
        .domid = counted->id,
        .pool_kib = BALLAST_NONE,
        .pool_at_kib = BALLAST_NONE,
        .pod_entries_kib = BALLAST_NONE,
        .pod_cache_kib = BALLAST_NONE,
    };
    xen_report_begin(&record->report);
    memcpy(record->uuid, counted->uuid, sizeof(record->uuid));
    xen_store_meet(&record->followed, counted->id);
}

/* Both lists are by id; a number that has gone to another domain counts as a domain gone. */
static int match_records(struct xen_host *host, const struct xen_counted *counted, size_t count,
                         struct ballast_error *err)
{
    struct xen_record *records = calloc(count > 0 ? count : 1, sizeof(*records));
    size_t old = 0;
    size_t filled = 0;
    if (!records)
        return ballast_fail(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        if (counted[i].dying)
            continue;
        for (; old < host->record_count && host->records[old].domid < counted[i].id; old++)
            xen_store_unwatch(host->store, &host->records[old].followed);
        bool known = old < host->record_count && is_same_domain(&host->records[old], &counted[i]);
        if (known)
            records[filled++] = host->records[old++];
        else
            new_record(&records[filled++], &counted[i]);
    }
    for (; old < host->record_count; old++)
        xen_store_unwatch(host->store, &host->records[old].followed);
    free(host->records);
    host->records = records;
    host->record_count = filled;
    return 0;
}

/* A pool is set while its domain is built, and follows the maximum where a toolstack moves it. */
static void read_pool(struct xen_host *host, struct xen_record *record,
                      const struct xen_counted *counted)
{
    if (counted->type == BALLAST_PV)
        return;
    if (record->pool_at_kib != counted->max_kib || counted->paused) {
        record->pool_kib = xen_ctrl_pool_kib(host->ctrl, record->domid);
        record->pool_at_kib = counted->max_kib;
    }
    /* What the guest has once got is never owed to it again. */
    if (record->pod_entries_kib != 0 || counted->paused)
        xen_ctrl_pod(host->ctrl, record->domid, &record->pod_entries_kib, &record->pod_cache_kib);
}

/* All that is stale, but reports that were read a moment ago: these wait for a later sample. */
static int read_said(struct xen_host *host, struct xen_record *record,
                     const struct xen_counted *counted, struct ballast_error *err)
{
    struct xen_followed *followed = &record->followed;
    const struct xen_said before = followed->said;
    uint64_t now_usec = hv_clock_usec();
    /* Without watches everything may have changed. */
    if (!xen_host_is_noisy(record) && !followed->watched && host->refreshes > 0)
        followed->stale = XEN_NODES_ALL;
    uint32_t waiting = followed->stale & xen_report_waiting(&record->report, now_usec);
    followed->stale &= ~waiting;
    const struct xen_report_nodes nodes = {followed->stale, waiting, followed->written};
    int rc = followed->stale != 0 ? xen_host_store(host, err) : 0;
    if (rc == 0)
        rc = xen_store_read(host->store, followed, err);
    followed->stale |= waiting;
    if (rc < 0)
        return rc;
    xen_report_take(&record->report, &nodes, &before, &followed->said, counted->tot_kib, now_usec);
    followed->written &= waiting;
    return 0;
}

/* All nodes of all domains. What cannot be read so stays stale, and is read the usual way. */
static void read_bulk(struct xen_host *host)
{
    struct xen_followed **followed = calloc(host->record_count + 1, sizeof(struct xen_followed *));
    for (size_t i = 0; followed && i < host->record_count; i++)
        followed[i] = &host->records[i].followed;
    if (followed)
        (void)xen_bulk_read(host->bulk, followed, host->record_count, NULL);
    free(followed);
    host->bulk_calls = xen_bulk_calls(host->bulk);
    xen_bulk_close(host->bulk);
    host->bulk = NULL;
}

static int read_records(struct xen_host *host, const struct xen_counted *counted, size_t count,
                        struct ballast_error *err)
{
    if (host->bulk)
        read_bulk(host);
    for (size_t i = 0; i < count; i++) {
        struct xen_record *record = counted[i].dying ? NULL : xen_record_find(host, counted[i].id);
        if (!record)
            continue;
        int rc = read_said(host, record, &counted[i], err);
        if (rc < 0)
            return rc;
        read_pool(host, record, &counted[i]);
    }
    return 0;
}

static void fill_snapshot_domain(struct xen_host *host, const struct xen_counted *counted,
                                 struct hv_domain *out)
{
    struct xen_record *record = counted->dying ? NULL : xen_record_find(host, counted->id);
    struct xen_said nothing;
    xen_said_nothing(&nothing);
    xen_know(counted, record ? &record->followed.said : &nothing, out);
    out->reboots = xen_host_restarts(host, counted);
    if (!record)
        return;
    xen_believe(&record->followed.said, &record->suspend, hv_clock_usec(), out);
    out->pool_kib = record->pool_kib;
    out->pod_entries_kib = record->pod_entries_kib;
    out->pod_cache_kib = record->pod_cache_kib;
    xen_report_show(&record->report, &record->followed.said, out);
}

/* The claims of parked domains are of what is reserved, and no other's. */
static void set_parked_apart(const struct xen_host *host, const struct xen_counted_host *total,
                             struct ballast_host *out)
{
    const struct xen_counted *parked;
    size_t count = xen_ctrl_parked(host->ctrl, &parked);
    for (size_t i = 0; i < count; i++)
        out->reserved_claim_kib = ballast_add_ceil(out->reserved_claim_kib, parked[i].claim_kib);
    out->claimed_kib = ballast_sub_floor(total->claimed_kib, out->reserved_claim_kib);
    xen_park_costs(host, &out->parked_kib, &out->parked_room_kib);
}

/* What Xen itself should take, from what it tells of the host and its domains. */
static void add_xen_memory(const struct xen_host *host, const struct xen_counted_host *total,
                           const struct xen_counted *counted, size_t count,
                           struct ballast_host *out)
{
    struct ballast_xen_facts facts = {
        .total_kib = total->total_kib,
        .cpus = total->cpus,
        .version = out->xen_version,
        .commandline = host->version.commandline,
        .map = host->map,
        .pv32 = host->pv32,
        .vmx = out->caps.vmx,
        .iommu = out->caps.iommu,
    };
    const struct ballast_profile *profile = ballast_xen_domain_profile(out->xen_version);
    for (size_t i = 0; i < count; i++)
        facts.domains_kib +=
            ballast_xen_domain_kib(profile, counted[i].type, counted[i].vcpus, &out->caps);
    ballast_xen_memory(&facts, &out->xen_memory);
}

static int make_snapshot(struct xen_host *host, const struct xen_counted_host *total,
                         const struct xen_counted *counted, size_t count, struct xen_snapshot *out,
                         struct ballast_error *err)
{
    struct xen_snapshot made = {.count = count};
    made.domains = calloc(count > 0 ? count : 1, sizeof(*made.domains));
    made.shown = calloc(count > 0 ? count : 1, sizeof(*made.shown));
    if (!made.domains || !made.shown) {
        xen_snapshot_free(&made);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    made.host = (struct ballast_host){
        .now_usec = hv_clock_usec(),
        .total_kib = total->total_kib,
        .free_kib = total->free_kib,
        .scrub_kib = ballast_min_u64(total->scrub_kib, total->free_kib),
        .slack_kib = SLACK_KIB,
        .caps = total->caps,
        .domains = made.shown,
    };
    (void)snprintf(made.host.xen_version, sizeof(made.host.xen_version), "%u.%u%s",
                   host->version.major, host->version.minor, host->version.extra);
    ballast_caps_from_commandline(&made.host.caps, host->version.commandline,
                                  made.host.xen_version);
    memcpy(made.host.processor, host->processor, sizeof(made.host.processor));
    add_xen_memory(host, total, counted, count, &made.host);
    for (size_t i = 0; i < count; i++) {
        fill_snapshot_domain(host, &counted[i], &made.domains[i]);
        if (counted[i].dying)
            continue;
        xen_show(&made.domains[i], total->total_kib, made.host.now_usec,
                 &made.shown[made.host.domain_count++]);
    }
    set_parked_apart(host, total, &made.host);
    made.host.extra_internal_kib = xen_extra_internal_kib(made.domains, count);
    made.host.slack_kib += made.host.extra_internal_kib;
    *out = made;
    return 0;
}

static uint64_t apart_kib(uint64_t one_kib, uint64_t other_kib)
{
    return one_kib > other_kib ? one_kib - other_kib : other_kib - one_kib;
}

/*
 * What domains hold, and the free memory right after that. Where it has moved since it was asked
 * for before, both are asked for again; the last time what moved no more than ever before will do.
 */
static int count_pages(struct xen_host *host, const struct xen_counted **counted, size_t *count,
                       struct xen_counted_host *total, struct ballast_error *err)
{
    struct xen_counted_host before;
    uint64_t least_kib = BALLAST_NONE;
    int rc = xen_ctrl_host(host->ctrl, &before, err);
    for (int i = 1; rc == 0; i++) {
        if ((rc = xen_ctrl_domains(host->ctrl, counted, count, err)) < 0 ||
            (rc = xen_ctrl_host(host->ctrl, total, err)) < 0)
            return rc;
        uint64_t moved_kib = apart_kib(before.free_kib, total->free_kib);
        if (moved_kib == 0 || i >= 2 * COUNTS || (i >= COUNTS && moved_kib <= least_kib))
            return 0;
        least_kib = ballast_min_u64(least_kib, moved_kib);
        before = *total;
    }
    return rc;
}

static int sample_xen(struct xen_host *host, struct xen_snapshot *out, struct ballast_error *err)
{
    const struct xen_counted *counted;
    struct xen_counted_host total;
    size_t count;
    int rc;
    if ((rc = count_pages(host, &counted, &count, &total, err)) < 0 ||
        (rc = match_records(host, counted, count, err)) < 0)
        return rc;
    /* Watches cost more than they save a program that samples once. */
    if (host->watching || !host->read_only || host->refreshes > 0) {
        if ((rc = xen_host_follow(host, EVENTS_A_SAMPLE, err)) < 0)
            return rc;
    }
    if ((rc = read_records(host, counted, count, err)) < 0)
        return rc;
    /* A program that only reads changes nothing that it would have to read again. */
    if (!host->read_only)
        xen_host_ask_restarts(host, counted, count);
    return make_snapshot(host, &total, counted, count, out, err);
}

int xen_ops_refresh(struct hv *hv, const struct ballast_host **out, struct ballast_error *err)
{
    struct xen_host *host = xen_host_of(hv);
    struct xen_snapshot snapshot;
    for (int samples = 1;; samples++) {
        int rc = sample_xen(host, &snapshot, err);
        if (rc < 0)
            return rc;
        if (xen_reconcile(&snapshot.host) || samples == SAMPLES_MOST)
            break;
        xen_snapshot_free(&snapshot);
    }
    xen_snapshot_free(&host->now);
    host->now = snapshot;
    host->refreshes++;
    *out = &host->now.host;
    return 0;
}
