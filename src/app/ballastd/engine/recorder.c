/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is there, and what is folded into buckets while it is. */
#include "app/ballastd/engine/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/state.h"
#include "app/ballastd/engine/recorder_internal.h"
#include "core/base/units.h"
#include "core/model/host_breakdown.h"

/* Between two looks at most so much is taken to have been as it is now: a daemon may be stopped. */
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

static bool is_same(const struct recorder_guest *guest, const struct ballast_domain *domain,
                    const uint8_t *uuid)
{
    return guest->domid == domain->id && !guest->is_host &&
           memcmp(guest->uuid, uuid, HISTORY_UUID) == 0 &&
           strncmp(guest->name, domain->name, HISTORY_NAME - 1) == 0;
}

static bool domains_unchanged(const struct engine *engine, const struct ballast_host *host)
{
    const struct recorder *recorder = engine->recorder;
    if (recorder->here_count != host->domain_count + 1)
        return false;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (!is_same(recorder->guests[i + 1], &host->domains[i],
                     overlay_domain(engine->overlay, i)->uuid))
            return false;
    }
    return true;
}

static struct recorder_guest *take_guest(struct recorder *recorder,
                                         const struct ballast_domain *domain, const uint8_t *uuid)
{
    for (size_t i = 0; i < recorder->guest_count; i++) {
        struct recorder_guest *guest = recorder->guests[i];
        if (!guest || (domain ? !is_same(guest, domain, uuid) : !guest->is_host))
            continue;
        recorder->guests[i] = NULL;
        return guest;
    }
    struct recorder_guest *guest = calloc(1, sizeof(*guest));
    if (!guest)
        return NULL;
    guest->is_host = !domain;
    /* All zeros are dom0's. */
    memset(guest->uuid, 0xff, HISTORY_UUID);
    if (domain) {
        guest->domid = domain->id;
        memcpy(guest->uuid, uuid, HISTORY_UUID);
        (void)snprintf(guest->name, sizeof(guest->name), "%s", domain->name);
    }
    return guest;
}

static void record_presence(struct recorder *recorder, const struct recorder_guest *guest,
                            const char *what, uint64_t now_usec)
{
    struct history_event event = {.time_usec = now_usec,
                                  .until_usec = now_usec,
                                  .who = "toolstack",
                                  .from_kib = BALLAST_NONE,
                                  .to_kib = guest->current_kib,
                                  .a_kib = BALLAST_NONE,
                                  .b_kib = BALLAST_NONE,
                                  .reservation = BALLAST_NONE,
                                  .steps = 1};
    (void)snprintf(event.what, sizeof(event.what), "%s", what);
    recorder_add(recorder, guest, &event);
}

/* Those that are no longer there stay behind the others until they are written. */
static void move_gone_behind(struct recorder *recorder, struct recorder_guest **guests,
                             size_t count, uint64_t now_usec)
{
    for (size_t i = 0; i < recorder->guest_count; i++) {
        struct recorder_guest *guest = recorder->guests[i];
        if (!guest)
            continue;
        if (guest->here && guest->runs)
            record_presence(recorder, guest, "gone", now_usec);
        recorder_close(guest);
        guest->here = false;
        guests[count++] = guest;
    }
    free(recorder->guests);
    recorder->guests = guests;
    recorder->guest_count = count;
}

/* Lines the guests up with the host's domains. false: out of memory, and all is as it was. */
static bool line_up(struct engine *engine, const struct ballast_host *host)
{
    struct recorder *recorder = engine->recorder;
    struct recorder_guest **guests =
        calloc(recorder->guest_count + host->domain_count + 1, sizeof(struct recorder_guest *));
    size_t count = 0;
    if (!guests)
        return false;
    for (size_t i = 0; i <= host->domain_count; i++) {
        const struct ballast_domain *domain = i == 0 ? NULL : &host->domains[i - 1];
        struct recorder_guest *guest = take_guest(
            recorder, domain, domain ? overlay_domain(engine->overlay, i - 1)->uuid : NULL);
        if (!guest) /* comes again with the next look */
            break;
        guests[count++] = guest;
    }
    recorder->here_count = count;
    move_gone_behind(recorder, guests, count, host->now_usec);
    return count == host->domain_count + 1;
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
    uint64_t promised_kib = tick_ledger_promised_kib(reservations_book(engine->reservations), host);
    uint64_t wanted_kib = ballast_add_ceil(promised_kib, host->slack_kib);
    uint64_t kib[SERIES] = {host->free_kib, promised_kib,
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

static void remember_sizes(struct recorder_guest *guest, const struct ballast_domain *domain)
{
    guest->current_kib = domain->tot_kib;
    guest->target_kib = domain->target_kib;
    guest->maxmem_kib = domain->maxmem_kib;
}

void recorder_begin(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    if (engine->recorder->sampled_usec > 0 || !line_up(engine, host))
        return;
    for (size_t i = 0; i < host->domain_count; i++)
        remember_sizes(engine->recorder->guests[i + 1], &host->domains[i]);
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
    remember_sizes(guest, domain);
    fold_sample(guest, host->now_usec / BALLAST_SEC_USEC / HISTORY_LENGTH_SEC, is_new ? 0 : weight,
                kib);
    /* What was there when the daemon began is no news. */
    if (is_new && !domain->is_dom0 && engine->recorder->sampled_usec > 0)
        record_presence(engine->recorder, guest, "appeared", host->now_usec);
}

void recorder_sample(struct engine *engine)
{
    struct recorder *recorder = engine->recorder;
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    if (!domains_unchanged(engine, host) && !line_up(engine, host))
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

int recorder_find(struct recorder *recorder, struct recorder_whom *whom)
{
    uint8_t host[HISTORY_UUID];
    struct history_guest *found = calloc(HISTORY_LIVES, sizeof(*found));
    memset(host, 0xff, sizeof(host));
    const uint8_t *uuid = whom->all ? host : whom->uuid;
    int count = 0;
    if (!found)
        return -ENOMEM;
    /* What cannot be read is not there; who is there now is known all the same. */
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
        if (!any || guest->here) {
            memcpy(whom->last.uuid, guest->uuid, HISTORY_UUID);
            (void)snprintf(whom->last.name, sizeof(whom->last.name), "%s", guest->name);
        }
        any = true;
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
