/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/pins.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/decisions.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/server/subscriptions.h"
#include "core/base/units.h"

/* The file alone is read: what other services know of users may take as long as it likes. */
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

struct overlay_pin pins_of_user(const struct daemon *daemon, uint64_t kib, uid_t uid)
{
    struct overlay_pin pin = {.kib = kib, .usec = daemon_now_usec(daemon), .uid = uid};
    pins_who(uid, pin.who);
    return pin;
}

void pins_text(const struct overlay_pin *pin, char out[PINS_TEXT])
{
    char uid[24] = "-";
    if (pin->uid != BALLAST_NONE)
        (void)snprintf(uid, sizeof(uid), "%" PRIu64, pin->uid);
    (void)snprintf(out, PINS_TEXT, "%" PRIu64 " %" PRIu64 " %s %s", pin->kib, pin->usec, uid,
                   pin->who);
}

/* A number and the blank behind it. */
static bool take_number(const char **at, uint64_t *out)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *out = strtoull(*at, &end, 10);
    if (errno || *end != ' ')
        return false;
    *at = end + 1;
    return true;
}

bool pins_parse(const char *text, struct overlay_pin *out)
{
    struct overlay_pin pin = {.uid = BALLAST_NONE};
    if (!take_number(&text, &pin.kib) || !take_number(&text, &pin.usec))
        return false;
    if (strncmp(text, "- ", 2) == 0)
        text += 2;
    else if (!take_number(&text, &pin.uid))
        return false;
    if (pin.kib == 0 || *text == '\0' || strlen(text) >= OVERLAY_PIN_WHO)
        return false;
    (void)snprintf(pin.who, sizeof(pin.who), "%s", text);
    *out = pin;
    return true;
}

int pins_set(struct daemon *daemon, struct overlay_record *record, const struct overlay_pin *pin,
             struct ballast_error *err)
{
    struct overlay_setting set = record->set;
    set.pin = *pin;
    int rc = reservations_put_setting(daemon->reservations, record->uuid, &set, err);
    if (rc < 0)
        return rc;
    record->set = set;
    record->set_known = true;
    return 0;
}

static void log_pin(const struct daemon *daemon, const struct ballast_domain *domain,
                    const struct overlay_pin *pin)
{
    (void)daemon;
    if (pin->kib > 0)
        engine_log(LOG_NOTICE,
                   "domain %" PRIu32 " (%s): its target is pinned at %" PRIu64
                   " KiB by %s; 'ballast set-target %s auto' gives it back",
                   domain->id, domain->name, pin->kib, pin->who, domain->name);
    else
        engine_log(LOG_NOTICE,
                   "domain %" PRIu32 " (%s): its target is given back to the balancer by %s",
                   domain->id, domain->name, pin->who);
}

static void record_pin(struct daemon *daemon, const struct ballast_domain *domain,
                       const struct overlay_pin *pin, const struct overlay_pin *before,
                       uint64_t was_kib)
{
    struct recorder_news news = RECORDER_NEWS;
    news.domid = domain->id;
    news.who = pin->who;
    news.what = pin->kib > 0 ? "pinned" : "unpinned";
    news.from_kib = pin->kib > 0 ? was_kib : before->kib;
    news.to_kib = pin->kib > 0 ? pin->kib : domain->target_kib;
    log_pin(daemon, domain, pin);
    recorder_news(daemon, &news);
    if (pin->kib == 0)
        return;
    struct decision decision = {.time_usec = daemon_now_usec(daemon),
                                .what = DECISION_SET,
                                .domid = domain->id,
                                .target_kib = pin->kib,
                                .maxmem_kib = BALLAST_NONE,
                                .outcome = TICK_DONE,
                                .reason = BALANCER_PINNED,
                                .a_kib = pin->kib,
                                .b_kib = domain->tot_kib};
    (void)snprintf(decision.name, sizeof(decision.name), "%s", domain->name);
    subscriptions_notify_decision(daemon, decisions_add(daemon->decisions, &decision));
}

void pins_record(struct daemon *daemon, size_t at, const struct overlay_pin *pin,
                 const struct overlay_pin *before, uint64_t was_kib)
{
    record_pin(daemon, &overlay_snapshot(daemon->overlay)->domains[at], pin, before, was_kib);
}

void pins_foreign(struct daemon *daemon, struct overlay_record *record,
                  const struct ballast_domain *domain, uint64_t was_kib)
{
    struct ballast_error err;
    struct overlay_pin before = record->set.pin;
    struct overlay_pin pin = {.kib = domain->target_kib,
                              .usec = daemon_now_usec(daemon),
                              .uid = BALLAST_NONE,
                              .who = "unknown (xenstore)"};
    /* Before its balloon is there, and while it moves, targets are its toolstack's business. */
    if (pin.kib == 0 || !domain->has_balloon ||
        (domain->state != BALLAST_DOMAIN_RUN && domain->state != BALLAST_DOMAIN_PAUSED))
        return;
    /* What cannot be written is kept as long as this daemon runs; trouble() has said why. */
    if (pins_set(daemon, record, &pin, &err) < 0) {
        record->set.pin = pin;
        engine_log(LOG_WARNING, "domain %" PRIu32 " (%s): its pin is not kept: %s, ignoring",
                   domain->id, domain->name, err.text);
    }
    record_pin(daemon, domain, &pin, &before, was_kib);
}

void pins_drop_foreign(struct daemon *daemon, uint64_t since_usec)
{
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    struct overlay_pin none = {.uid = BALLAST_NONE, .who = "ballastd (a rival balancer set it)"};
    for (size_t i = 0; host && i < host->domain_count; i++) {
        struct overlay_record *record = overlay_domain(daemon->overlay, i);
        struct overlay_pin before = record->set.pin;
        if (before.kib == 0 || before.uid != BALLAST_NONE || before.usec < since_usec)
            continue;
        if (pins_set(daemon, record, &none, NULL) < 0)
            record->set.pin = none;
        pins_record(daemon, i, &none, &before, BALLAST_NONE);
    }
}
