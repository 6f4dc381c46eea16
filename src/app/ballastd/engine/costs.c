/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/costs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/state.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/recorder.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/breakdown.h"
#include "core/model/xen_nearest.h"
#include "edge/calibration/calibration.h"

/* So many of the last lives are kept: a host shows no more at once. */
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
    char refused[ALERT_TEXT]; /* why the host's own profile is ignored; "": it is used, or there is
                                 none */
    struct record records[RECORDS];
    uint64_t count; /* ever */
    uint64_t outside;
    uint64_t above;  /* of these */
    uint64_t within; /* in a row */
    int64_t worst_kib;
    /* A toolstack is still building; costs of several builds at once cannot be separated. */
    bool awaiting;
    bool asked; /* in the current sample */
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
static const struct calibration *choose_calibration(const struct engine *engine,
                                                    const struct ballast_host *host)
{
    char why[160] = "";
    struct costs *costs = engine->costs;
    const struct calibration *calibration = engine->config.calibration;
    (void)snprintf(costs->refused, sizeof(costs->refused), "%s", engine->config.profile_fault);
    if (!calibration || calibration_match(calibration, host, why, sizeof(why)) != CALIBRATION_OTHER)
        return calibration;
    (void)snprintf(costs->refused, sizeof(costs->refused),
                   "the profile %s of %s is ignored: %s; 'ballast calibrate --out' makes one "
                   "of this host",
                   calibration->name, calibration->path, why);
    return NULL;
}

static const struct ballast_profile *profile_of(const struct engine *engine,
                                                const struct ballast_host *host)
{
    bool is_known;
    const struct calibration *calibration = choose_calibration(engine, host);
    if (calibration)
        return calibration->profile;
    return *host->xen_version ? ballast_xen_nearest(host->xen_version, &is_known) : NULL;
}

/* A profile of this very host needs no other. */
static void note_xen_unknown(struct engine *engine, const struct ballast_host *host)
{
    char why[BALLAST_XEN_UNKNOWN_TEXT] = "";
    if (!choose_calibration(engine, host))
        (void)ballast_xen_unknown_text(host->xen_version, why, sizeof(why));
    alerts_set(&engine->alerts, ALERT_XEN, engine_now_usec(engine), *why ? why : NULL);
}

static void note_profile_refused(struct engine *engine, const struct ballast_host *host)
{
    (void)choose_calibration(engine, host);
    alerts_set(&engine->alerts, ALERT_PROFILE, engine_now_usec(engine),
               *engine->costs->refused ? engine->costs->refused : NULL);
    note_xen_unknown(engine, host);
}

static int compare_with_prediction(struct engine *engine, const struct ballast_host *host,
                                   const struct drift_seen *seen, struct drift_compared *out,
                                   struct ballast_error *err)
{
    struct ballast_guest guest;
    struct ballast_breakdown predicted;
    const struct ballast_profile *profile = profile_of(engine, host);
    if (!profile)
        return ballast_fail(err, -ENODATA, "Xen %.60s: no exact profile knows it",
                            host->xen_version);
    int rc = hv_config(engine->host, seen->id, &guest, err);
    if (rc == 0)
        rc = ballast_breakdown_evaluate(&predicted, profile, &guest, &host->caps, err);
    return rc < 0 ? rc : drift_compare(&predicted, seen, out, err);
}

static int64_t size_of(int64_t kib)
{
    return kib < 0 ? -kib : kib;
}

static void note_cost_verdict(struct engine *engine, const struct ballast_domain *domain,
                              const struct drift_compared *is)
{
    char why[ALERT_TEXT];
    struct costs *costs = engine->costs;
    if (is->verdict == DRIFT_WITHIN) {
        if (++costs->within >= ENOUGH_WITHIN)
            alerts_set(&engine->alerts, ALERT_PREDICTION, engine_now_usec(engine), NULL);
        return;
    }
    costs->within = 0;
    costs->outside++;
    costs->above += is->verdict == DRIFT_ABOVE;
    (void)snprintf(why, sizeof(why),
                   "domain %" PRIu32 " (%s) cost %" PRId64 " KiB, and %s predicted %" PRIu64
                   " to %" PRIu64 " KiB: run 'ballast calibrate' to measure this Xen and processor",
                   domain->id, domain->name, is->actual_kib, costs_sum(engine).profile,
                   is->settled_kib, is->fresh_max_kib);
    alerts_set(&engine->alerts, ALERT_PREDICTION, engine_now_usec(engine), why);
}

static void remember_cost(struct engine *engine, const struct ballast_domain *domain,
                          const uint8_t uuid[LEDGER_UUID], const struct drift_compared *is)
{
    struct costs *costs = engine->costs;
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
    recorder_news(engine, &news);
    note_cost_verdict(engine, domain, is);
}

static bool is_finished(void *context, const struct ballast_domain *domain)
{
    struct ballast_guest guest;
    struct engine *engine = context;
    struct costs *costs = engine->costs;
    uint64_t now_usec = engine_now_usec(engine);
    if (hv_config(engine->host, domain->id, &guest, NULL) != -ENOENT)
        return true;
    if (!costs->awaiting)
        costs->awaiting_since_usec = now_usec;
    costs->awaiting = true;
    costs->asked = true;
    return ballast_sub_floor(now_usec, costs->awaiting_since_usec) >= PATIENCE_USEC;
}

void costs_sample(struct engine *engine)
{
    struct drift_seen seen[DRIFT_SEEN];
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    engine->costs->asked = false;
    int count = drift_sample(engine->costs->drift, host, is_finished, engine, seen);
    engine->costs->awaiting = engine->costs->asked;
    for (int i = 0; i < count; i++) {
        size_t at;
        struct ballast_error err;
        struct drift_compared is;
        if (overlay_find(engine->overlay, seen[i].id, &at) < 0)
            continue;
        int rc = compare_with_prediction(engine, host, &seen[i], &is, &err);
        if (rc == 0)
            remember_cost(engine, &host->domains[at], overlay_domain(engine->overlay, at)->uuid,
                          &is);
        else if (rc != -ENODATA && rc != -ENOENT && rc != -ENOTSUP)
            engine_log(LOG_INFO, "domain %" PRIu32 ": cannot predict what it costs: %s; ignoring",
                       seen[i].id, err.text);
    }
    note_profile_refused(engine, host);
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

struct costs_sum costs_sum(const struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    const struct ballast_profile *profile = host ? profile_of(engine, host) : NULL;
    const char *refused = host ? engine->costs->refused : "";
    return (struct costs_sum){.profile = profile ? ballast_profile_name(profile) : NULL,
                              .calibration = host && !*refused ? engine->config.calibration : NULL,
                              .refused = *refused ? refused : NULL,
                              .guests = engine->costs->count,
                              .outside = engine->costs->outside,
                              .above = engine->costs->above,
                              .worst_kib = engine->costs->worst_kib};
}
