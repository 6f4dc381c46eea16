/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/pins.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/state.h"
#include "core/base/units.h"

/* Only the file is read: other sources of users may answer late. */
void pins_who(uid_t uid, char out[OVERLAY_PIN_WHO])
{
    char buf[1024];
    struct passwd entry;
    struct passwd *found = NULL;
    FILE *file = fopen("/etc/passwd", "re");
    (void)snprintf(out, OVERLAY_PIN_WHO, "user %u", (unsigned)uid);
    while (file && fgetpwent_r(file, &entry, buf, sizeof(buf), &found) == 0) {
        if (found->pw_uid != uid || strlen(found->pw_name) >= OVERLAY_PIN_WHO)
            continue;
        (void)snprintf(out, OVERLAY_PIN_WHO, "%s", found->pw_name);
        for (char *at = out; *at; at++)
            *at = *at > ' ' && *at <= '~' ? *at : '?';
        break;
    }
    if (file)
        (void)fclose(file);
}

struct overlay_pin pins_of_user(const struct engine *engine, uint64_t kib, uid_t uid)
{
    struct overlay_pin pin = {.kib = kib, .usec = engine_now_usec(engine), .uid = uid};
    pins_who(uid, pin.who);
    return pin;
}

int pins_set(struct engine *engine, struct overlay_record *record, const struct overlay_pin *pin,
             struct ballast_error *err)
{
    struct overlay_setting set = record->set;
    set.pin = *pin;
    int rc = reservations_put_setting(engine->reservations, record->uuid, &set, err);
    if (rc < 0)
        return rc;
    record->set = set;
    record->set_known = true;
    return 0;
}

static void log_pin(const struct engine *engine, const struct ballast_domain *domain,
                    const struct overlay_pin *pin)
{
    (void)engine;
    if (pin->kib > 0)
        engine_log(LOG_NOTICE,
                   "domain %" PRIu32 " (%s): its target is pinned at %" PRIu64
                   " KiB by %s; 'ballast set-target %s auto' undoes that",
                   domain->id, domain->name, pin->kib, pin->who, domain->name);
    else
        engine_log(LOG_NOTICE,
                   "domain %" PRIu32 " (%s): its target is returned to the balancer by %s",
                   domain->id, domain->name, pin->who);
}

static void record_pin(struct engine *engine, const struct ballast_domain *domain,
                       const struct overlay_pin *pin, const struct overlay_pin *before,
                       uint64_t was_kib)
{
    struct recorder_news news = RECORDER_NEWS;
    news.domid = domain->id;
    news.who = pin->who;
    news.what = pin->kib > 0 ? "pinned" : "unpinned";
    news.from_kib = pin->kib > 0 ? was_kib : before->kib;
    news.to_kib = pin->kib > 0 ? pin->kib : domain->target_kib;
    log_pin(engine, domain, pin);
    recorder_news(engine, &news);
}

void pins_record(struct engine *engine, size_t at, const struct overlay_pin *pin,
                 const struct overlay_pin *before, uint64_t was_kib)
{
    record_pin(engine, &overlay_snapshot(engine->overlay)->domains[at], pin, before, was_kib);
}

void pins_foreign(struct engine *engine, struct overlay_record *record,
                  const struct ballast_domain *domain, uint64_t was_kib)
{
    struct ballast_error err;
    struct overlay_pin before = record->set.pin;
    struct overlay_pin pin = {.kib = domain->target_kib,
                              .usec = engine_now_usec(engine),
                              .uid = BALLAST_NONE,
                              .who = "unknown (xenstore)"};
    /* Until it has a balloon, and while it migrates, its toolstack sets targets. */
    if (pin.kib == 0 || !domain->has_balloon ||
        (domain->state != BALLAST_DOMAIN_RUN && domain->state != BALLAST_DOMAIN_PAUSED))
        return;
    /* What cannot be written holds as long as this daemon runs; on_trouble() has logged why. */
    if (pins_set(engine, record, &pin, &err) < 0) {
        record->set.pin = pin;
        engine_log(LOG_WARNING,
                   "domain %" PRIu32 " (%s): cannot store its pinned target: %s; ignoring",
                   domain->id, domain->name, err.text);
    }
    record_pin(engine, domain, &pin, &before, was_kib);
}

void pins_drop_foreign(struct engine *engine, uint64_t since_usec)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    struct overlay_pin none = {.uid = BALLAST_NONE, .who = "ballastd (a rival balancer set it)"};
    for (size_t i = 0; host && i < host->domain_count; i++) {
        struct overlay_record *record = overlay_domain(engine->overlay, i);
        struct overlay_pin before = record->set.pin;
        if (before.kib == 0 || before.uid != BALLAST_NONE || before.usec < since_usec)
            continue;
        if (pins_set(engine, record, &none, NULL) < 0)
            record->set.pin = none;
        pins_record(engine, i, &none, &before, BALLAST_NONE);
    }
}
