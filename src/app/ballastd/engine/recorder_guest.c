/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guests of which samples and events are kept, lined up with the domains of the host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/recorder_internal.h"
#include "app/ballastd/engine/state.h"
#include "core/base/units.h"

struct recorder_guest *recorder_guest(const struct recorder *recorder, uint64_t domid)
{
    for (size_t i = 0; i < recorder->here_count; i++) {
        struct recorder_guest *guest = recorder->guests[i];
        if (!guest->is_host && guest->domid == domid)
            return guest;
    }
    return NULL;
}

/* A bucket is full. When nothing has been written for long, what is oldest is lost. */
void recorder_close(struct recorder_guest *guest)
{
    struct series_bucket bucket;
    if (!series_fold_end(&guest->fold, guest->slot * HISTORY_LENGTH_SEC, HISTORY_LENGTH_SEC,
                         &bucket))
        return;
    guest->fold = (struct series_fold){0};
    if (guest->waiting_count == RECORDER_BUCKETS) {
        guest->waiting_count--;
        memmove(guest->waiting, guest->waiting + 1,
                guest->waiting_count * sizeof(guest->waiting[0]));
    }
    guest->waiting[guest->waiting_count++] = bucket;
}

bool recorder_is(const struct recorder_whom *whom, const struct recorder_guest *guest)
{
    if (whom->all)
        return guest->is_host;
    if (guest->is_host)
        return false;
    return whom->uuid ? memcmp(guest->uuid, whom->uuid, HISTORY_UUID) == 0
                      : strcmp(guest->name, whom->name) == 0;
}

static bool is_same(const struct recorder_guest *guest, const struct ballast_domain *domain,
                    const uint8_t *uuid)
{
    return guest->domid == domain->id && !guest->is_host &&
           memcmp(guest->uuid, uuid, HISTORY_UUID) == 0 &&
           strncmp(guest->name, domain->name, HISTORY_NAME - 1) == 0;
}

bool recorder_lined_up(const struct engine *engine, const struct ballast_host *host)
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

static void record_presence(struct engine *engine, const struct recorder_guest *guest,
                            const char *what, uint64_t now_usec)
{
    struct history_event event = history_event_new(now_usec, "toolstack", what);
    event.to_kib = guest->current_kib;
    recorder_publish(engine, guest, &event);
}

/* Those that are no longer there stay behind the others until they are written. */
static void move_gone_behind(struct engine *engine, struct recorder_guest **guests, size_t count,
                             uint64_t now_usec)
{
    struct recorder *recorder = engine->recorder;
    for (size_t i = 0; i < recorder->guest_count; i++) {
        struct recorder_guest *guest = recorder->guests[i];
        if (!guest)
            continue;
        if (guest->here && guest->runs)
            record_presence(engine, guest, "gone", now_usec);
        recorder_close(guest);
        guest->here = false;
        guest->met = false;
        guests[count++] = guest;
    }
    free(recorder->guests);
    recorder->guests = guests;
    recorder->guest_count = count;
}

bool recorder_line_up(struct engine *engine, const struct ballast_host *host)
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
        if (!guest) /* comes again with the next sample */
            break;
        guests[count++] = guest;
    }
    recorder->here_count = count;
    move_gone_behind(engine, guests, count, host->now_usec);
    return count == host->domain_count + 1;
}

void recorder_remember(struct recorder_guest *guest, const struct ballast_domain *domain)
{
    guest->current_kib = domain->tot_kib;
    guest->target_kib = domain->target_kib;
    guest->maxmem_kib = domain->maxmem_kib;
}

/* What was there when the daemon started is not an event. */
void recorder_meet(struct engine *engine, struct recorder_guest *guest,
                   const struct ballast_domain *domain, uint64_t now_usec)
{
    if (guest->met)
        return;
    guest->met = true;
    recorder_remember(guest, domain);
    if (!domain->is_dom0 && engine->recorder->sampled_usec > 0)
        record_presence(engine, guest, "appeared", now_usec);
}

void recorder_begin(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    struct recorder *recorder = engine->recorder;
    if (recorder_lined_up(engine, host) || !recorder_line_up(engine, host))
        return;
    for (size_t i = 0; i < host->domain_count; i++)
        recorder_meet(engine, recorder->guests[i + 1], &host->domains[i], host->now_usec);
}

const struct history_event *recorder_last(const struct recorder *recorder, uint32_t domid,
                                          size_t near)
{
    const struct recorder_guest *guest =
        near + 1 < recorder->here_count ? recorder->guests[near + 1] : NULL;
    if (!guest || guest->domid != domid)
        guest = recorder_guest(recorder, domid);
    return guest && guest->last.number > 0 ? &guest->last : NULL;
}
