/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/costs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/daemon.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/recorder.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/breakdown.h"
#include "edge/calibration/calibration.h"

/* So many lives are remembered, the last ones: a host has no more at once that anybody looks at. */
enum { RECORDS = 512 };
/* So many guests in a row within the bound end the alert. */
enum { ENOUGH_WITHIN = 3 };
/* libxl keeps a guest's configuration when all of it is there, its device model included; another
 * toolstack keeps none, and is believed to have finished after so long. */
#define PATIENCE_USEC (UINT64_C(30) * 1000000)

struct record {
    uint32_t domid;
    uint8_t uuid[LEDGER_UUID];
    struct drift_compared is;
};

struct costs {
    struct drift *drift;
    char refused[ALERT_TEXT]; /* why the host's own profile is not gone by; "": it is, or none is */
    struct record records[RECORDS];
    uint64_t count; /* ever */
    uint64_t outside;
    uint64_t above;  /* of these */
    uint64_t within; /* in a row */
    int64_t worst_kib;
    /* Somebody's toolstack is waited for; of several together none can be told apart anyway. */
    bool awaiting;
    bool asked; /* at the look that is under way */
    uint64_t awaiting_since_usec;
};

struct costs *costs_new(void)
{
    struct costs *costs = calloc(1, sizeof(*costs));
    if (costs && !(costs->drift = drift_new())) {
        free(costs);
        return NULL;
    }
    return costs;
}

void costs_free(struct costs *costs)
{
    if (!costs)
        return;
    drift_free(costs->drift);
    free(costs);
}

/*
 * The host's own profile, where there is one and it is of this host: what was measured on another
 * one says nothing here. Else NULL, and why in costs->refused, "" where there is none.
 */
static const struct calibration *choose_calibration(const struct daemon *daemon,
                                                    const struct ballast_host *host)
{
    char why[160] = "";
    struct costs *costs = daemon->costs;
    const struct calibration *calibration = daemon->config.calibration;
    (void)snprintf(costs->refused, sizeof(costs->refused), "%s", daemon->config.profile_fault);
    if (!calibration || calibration_match(calibration, host, why, sizeof(why)) != CALIBRATION_OTHER)
        return calibration;
    (void)snprintf(costs->refused, sizeof(costs->refused),
                   "the profile %s of %s is not gone by: %s; 'ballast calibrate --out' makes one "
                   "of this host",
                   calibration->name, calibration->path, why);
    return NULL;
}

static const struct ballast_profile *profile_of(const struct daemon *daemon,
                                                const struct ballast_host *host)
{
    const struct calibration *calibration = choose_calibration(daemon, host);
    if (calibration)
        return calibration->profile;
    return *host->xen_version ? ballast_profile_for_xen(host->xen_version, NULL, NULL) : NULL;
}

static void note_profile_refused(struct daemon *daemon, const struct ballast_host *host)
{
    (void)choose_calibration(daemon, host);
    alerts_set(&daemon->alerts, ALERT_PROFILE, daemon_now_usec(daemon),
               *daemon->costs->refused ? daemon->costs->refused : NULL);
}

static int compare_with_prediction(struct daemon *daemon, const struct ballast_host *host,
                                   const struct drift_seen *seen, struct drift_compared *out,
                                   struct ballast_error *err)
{
    struct ballast_guest guest;
    struct ballast_breakdown predicted;
    const struct ballast_profile *profile = profile_of(daemon, host);
    if (!profile)
        return ballast_fail(err, -ENODATA, "no profile knows this Xen to the page");
    int rc = engine_host_guest(daemon->host, seen->id, &guest, err);
    if (rc == 0)
        rc = ballast_breakdown_evaluate(&predicted, profile, &guest, &host->caps, err);
    return rc < 0 ? rc : drift_compare(&predicted, seen, out, err);
}

static int64_t size_of(int64_t kib)
{
    return kib < 0 ? -kib : kib;
}

static void note_verdict(struct daemon *daemon, const struct ballast_domain *domain,
                         const struct drift_compared *is)
{
    char why[ALERT_TEXT];
    struct costs *costs = daemon->costs;
    if (is->verdict == DRIFT_WITHIN) {
        if (++costs->within >= ENOUGH_WITHIN)
            alerts_set(&daemon->alerts, ALERT_PREDICTION, daemon_now_usec(daemon), NULL);
        return;
    }
    costs->within = 0;
    costs->outside++;
    costs->above += is->verdict == DRIFT_ABOVE;
    (void)snprintf(why, sizeof(why),
                   "domain %" PRIu32 " (%s) cost %" PRId64 " KiB, and %s said %" PRIu64
                   " to %" PRIu64 ": another Xen or processor than was measured? 'ballast "
                   "calibrate' finds what is right here",
                   domain->id, domain->name, is->actual_kib, costs_sum(daemon).profile,
                   is->settled_kib, is->fresh_max_kib);
    alerts_set(&daemon->alerts, ALERT_PREDICTION, daemon_now_usec(daemon), why);
}

static void remember_cost(struct daemon *daemon, const struct ballast_domain *domain,
                          const uint8_t uuid[LEDGER_UUID], const struct drift_compared *is)
{
    struct costs *costs = daemon->costs;
    struct record *record = &costs->records[costs->count++ % RECORDS];
    *record = (struct record){.domid = domain->id, .is = *is};
    memcpy(record->uuid, uuid, LEDGER_UUID);
    if (size_of(is->difference_kib) > size_of(costs->worst_kib))
        costs->worst_kib = is->difference_kib;
    struct recorder_news news = RECORDER_NEWS;
    news.domid = domain->id;
    news.what = "built";
    news.reason = drift_verdict_name(is->verdict);
    news.from_kib = is->settled_kib;
    news.to_kib = is->actual_kib < 0 ? 0 : (uint64_t)is->actual_kib;
    recorder_news(daemon, &news);
    note_verdict(daemon, domain, is);
}

static bool is_finished(void *context, const struct ballast_domain *domain)
{
    struct ballast_guest guest;
    struct daemon *daemon = context;
    struct costs *costs = daemon->costs;
    uint64_t now_usec = daemon_now_usec(daemon);
    if (engine_host_guest(daemon->host, domain->id, &guest, NULL) != -ENOENT)
        return true;
    if (!costs->awaiting)
        costs->awaiting_since_usec = now_usec;
    costs->awaiting = true;
    costs->asked = true;
    return ballast_sub_floor(now_usec, costs->awaiting_since_usec) >= PATIENCE_USEC;
}

void costs_sample(struct daemon *daemon)
{
    struct drift_seen seen[DRIFT_SEEN];
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    daemon->costs->asked = false;
    int count = drift_look(daemon->costs->drift, host, is_finished, daemon, seen);
    daemon->costs->awaiting = daemon->costs->asked;
    for (int i = 0; i < count; i++) {
        size_t at;
        struct ballast_error err;
        struct drift_compared is;
        if (overlay_find(daemon->overlay, seen[i].id, &at) < 0)
            continue;
        int rc = compare_with_prediction(daemon, host, &seen[i], &is, &err);
        if (rc == 0)
            remember_cost(daemon, &host->domains[at], overlay_domain(daemon->overlay, at)->uuid,
                          &is);
        else if (rc != -ENODATA && rc != -ENOENT && rc != -ENOTSUP)
            engine_log(LOG_INFO, "what domain %" PRIu32 " costs was not predicted: %s, ignoring",
                       seen[i].id, err.text);
    }
    note_profile_refused(daemon, host);
}

const struct drift_compared *costs_find(const struct costs *costs, uint32_t domid,
                                        const uint8_t uuid[LEDGER_UUID])
{
    uint64_t first = costs->count > RECORDS ? costs->count - RECORDS : 0;
    for (uint64_t i = costs->count; i > first; i--) {
        const struct record *record = &costs->records[(i - 1) % RECORDS];
        if (record->domid == domid && memcmp(record->uuid, uuid, LEDGER_UUID) == 0)
            return &record->is;
    }
    return NULL;
}

struct costs_sum costs_sum(const struct daemon *daemon)
{
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    const struct ballast_profile *profile = host ? profile_of(daemon, host) : NULL;
    const char *refused = host ? daemon->costs->refused : "";
    return (struct costs_sum){.profile = profile ? ballast_profile_name(profile) : NULL,
                              .calibration = host && !*refused ? daemon->config.calibration : NULL,
                              .refused = *refused ? refused : NULL,
                              .guests = daemon->costs->count,
                              .outside = daemon->costs->outside,
                              .above = daemon->costs->above,
                              .worst_kib = daemon->costs->worst_kib};
}
