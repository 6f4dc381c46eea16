/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domains that are there, and what is folded into buckets while they are. */
#include "app/ballastd/engine/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/state.h"
#include "app/ballastd/engine/recorder_internal.h"
#include "core/base/units.h"
#include "core/model/host_breakdown.h"

/* Between two samples at most so much counts as unchanged: a daemon may be stopped. */
enum { MOST_WEIGHT = HISTORY_LENGTH_SEC * SERIES_WEIGHT_SEC };
#define WEIGHT_USEC (BALLAST_SEC_USEC / SERIES_WEIGHT_SEC)

struct recorder *recorder_new(const char *state_dir)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    if (recorder)
        recorder->state_dir = state_dir;
    return recorder;
}

const char *recorder_trouble(const struct recorder *recorder)
{
    return *recorder->trouble ? recorder->trouble : NULL;
}

uint64_t recorder_size_kib(const struct recorder *recorder)
{
    return recorder->size_kib;
}

static void fold_sample(struct recorder_guest *guest, uint64_t slot, uint64_t weight,
                        const uint64_t kib[SERIES])
{
    if (guest->slot != slot)
        recorder_close(guest);
    guest->slot = slot;
    series_fold_sample(&guest->fold, kib, weight);
}

_Static_assert((int)SERIES_PARTS == (int)BALLAST_PARTS,
               "a part that is not kept would not be summed");

/* As `host` tells them at the same moment; sizes that cannot be summed are left out. */
static void fold_parts(struct engine *engine, const struct ballast_host *host, uint64_t weight,
                       struct series_fold *out)
{
    struct ballast_host_breakdown breakdown;
    struct series_parts parts;
    if (ballast_host_divide(host, reservations_reserved_kib(engine->reservations, host), NULL,
                            &breakdown, NULL, NULL) < 0)
        return;
    parts.total_kib = breakdown.total_kib;
    memcpy(parts.part_kib, breakdown.part_kib, sizeof(parts.part_kib));
    series_fold_parts(out, &parts, weight);
}

static void fold_host(struct engine *engine, const struct ballast_host *host, uint64_t weight)
{
    uint64_t reserved_kib = tick_ledger_reserved_kib(reservations_book(engine->reservations), host);
    uint64_t wanted_kib = ballast_add_ceil(reserved_kib, host->slack_kib);
    uint64_t kib[SERIES] = {host->free_kib, reserved_kib,
                            ballast_sub_floor(wanted_kib, host->free_kib)};
    struct recorder_guest *all = engine->recorder->guests[0];
    fold_sample(all, host->now_usec / BALLAST_SEC_USEC / HISTORY_LENGTH_SEC, weight, kib);
    fold_parts(engine, host, weight, &all->fold);
    all->here = true;
}

static void count_moves(struct engine *engine, const struct recorder_guest *guest,
                        const struct ballast_domain *domain)
{
    if (!guest->runs || domain->state == BALLAST_DOMAIN_BUILD)
        return;
    engine->counters.moved_down_kib += ballast_sub_floor(guest->current_kib, domain->tot_kib);
    engine->counters.moved_up_kib += ballast_sub_floor(domain->tot_kib, guest->current_kib);
}

static void sample_guest(struct engine *engine, struct recorder_guest *guest, size_t at,
                         const struct ballast_host *host, uint64_t weight)
{
    const struct ballast_domain *domain = &host->domains[at];
    struct domain_estimate estimate = {.need_kib = 0};
    if (engine->tick)
        (void)balancer_estimate_near(tick_balancer(engine->tick), domain->id, at, &estimate);
    uint64_t kib[SERIES] = {domain->tot_kib, domain->target_kib, estimate.need_kib};
    count_moves(engine, guest, domain);
    bool is_new = !guest->here;
    guest->here = true;
    guest->runs = !domain->is_dom0 && domain->state != BALLAST_DOMAIN_BUILD;
    recorder_meet(engine, guest, domain, host->now_usec);
    recorder_remember(guest, domain);
    fold_sample(guest, host->now_usec / BALLAST_SEC_USEC / HISTORY_LENGTH_SEC, is_new ? 0 : weight,
                kib);
}

void recorder_sample(struct engine *engine)
{
    struct recorder *recorder = engine->recorder;
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    if (!recorder_lined_up(engine, host) && !recorder_line_up(engine, host))
        return;
    uint64_t tenths = host->now_usec / WEIGHT_USEC;
    uint64_t weight = recorder->sampled_usec == 0
                          ? 0
                          : ballast_sub_floor(tenths, recorder->sampled_usec / WEIGHT_USEC);
    weight = ballast_min_u64(weight, MOST_WEIGHT);
    fold_host(engine, host, weight);
    for (size_t i = 0; i < host->domain_count; i++)
        sample_guest(engine, recorder->guests[i + 1], i, host, weight);
    recorder->sampled_usec = host->now_usec;
}

static void note_whom(struct recorder_whom *whom, const uint8_t *uuid, const char *name)
{
    memcpy(whom->last.uuid, uuid, HISTORY_UUID);
    (void)snprintf(whom->last.name, sizeof(whom->last.name), "%s", name);
}

int recorder_find(struct recorder *recorder, struct recorder_whom *whom)
{
    uint8_t host[HISTORY_UUID];
    struct history_guest *found = calloc(HISTORY_LIVES, sizeof(*found));
    memset(host, 0xff, sizeof(host));
    const uint8_t *uuid = whom->all ? host : whom->uuid;
    int count = 0;
    if (!found)
        return -ENOMEM;
    /* What cannot be read is not there; a domain that is there now is known all the same. */
    if (recorder->history)
        count = history_find(recorder->history, uuid, whom->name, found, NULL);
    if (count == -ENOMEM) {
        free(found);
        return count;
    }
    whom->count = count > 0 ? (size_t)count : 0;
    for (size_t i = 0; i < whom->count; i++)
        whom->ids[i] = found[i].id;
    if (whom->count > 0)
        whom->last = found[0];
    free(found);
    bool any = whom->all || whom->count > 0;
    for (size_t i = 0; i < recorder->guest_count; i++) {
        const struct recorder_guest *guest = recorder->guests[i];
        if (!recorder_is(whom, guest))
            continue;
        if (!any || guest->here)
            note_whom(whom, guest->uuid, guest->name);
        any = true;
    }
    /* One that is gone, where the history is off: of it there are only events. */
    for (size_t i = recorder->event_count; i > 0 && !any; i--) {
        const struct history_event *event = recorder_event(recorder, i - 1);
        any = recorder_is_about(whom, event);
        if (any)
            note_whom(whom, event->uuid, event->name);
    }
    return any ? 0 : -ENOENT;
}

int recorder_read(struct recorder *recorder, const struct recorder_whom *whom,
                  struct series_view *view, struct ballast_error *err)
{
    int rc = 0;
    if (recorder->history)
        rc = history_read(recorder->history, whom->ids, whom->count, view, err);
    for (size_t i = 0; i < recorder->guest_count && rc == 0; i++) {
        const struct recorder_guest *guest = recorder->guests[i];
        struct series_bucket bucket;
        if (!recorder_is(whom, guest))
            continue;
        for (size_t at = 0; at < guest->waiting_count; at++)
            series_view_add(view, &guest->waiting[at], HISTORY_LENGTH_SEC);
        if (series_fold_end(&guest->fold, guest->slot * HISTORY_LENGTH_SEC, HISTORY_LENGTH_SEC,
                            &bucket))
            series_view_add(view, &bucket, HISTORY_LENGTH_SEC);
    }
    return rc;
}
