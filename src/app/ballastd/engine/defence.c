/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/defence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/state.h"
#include "app/ballastd/engine/recorder.h"
#include "app/tick/laws.h"
#include "core/base/text.h"
#include "core/base/units.h"

/* So long reserved memory must be missing: a snapshot of a real host is not of one moment. */
#define TAKEN_USEC BALLAST_SEC_USEC

/* By how much the free memory does not cover what is reserved, slack included. */
static uint64_t taken_kib(const struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    uint64_t reserved_kib = tick_ledger_unseen_kib(reservations_book(engine->reservations), host);
    struct tick_sums sums = tick_sums_of(host, reserved_kib);
    return reserved_kib > 0 ? ballast_sub_floor(sums.owed_kib, host->slack_kib) : 0;
}

/* Logged at most once in this time. */
#define WARN_AGAIN_USEC (600 * BALLAST_SEC_USEC)

/* A guest that reports for too long that it is being suspended is then asked like any other. */
static void note_suspends(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct overlay_record *record = overlay_domain(engine->overlay, i);
        struct recorder_news news = RECORDER_NEWS;
        if (!domain->says_suspend || engine_now_usec(engine) < record->suspend_quiet_usec)
            continue;
        record->suspend_quiet_usec = engine_now_usec(engine) + WARN_AGAIN_USEC;
        engine_log(LOG_WARNING,
                   "domain %" PRIu32 " (%s) still reports after 10 s that it is being suspended; "
                   "ignoring that, and balancing it like any other",
                   domain->id, domain->name);
        news.domid = domain->id;
        news.who = domain->name;
        news.what = "suspend-not-believed";
        recorder_news(engine, &news);
    }
}

void defence_note_unreserved(void *context, const struct ballast_domain *domain)
{
    struct engine *engine = context;
    struct recorder_news news = RECORDER_NEWS;
    uint64_t held_kib = ballast_add_ceil(domain->tot_kib, domain->overhead_kib);
    uint64_t missing_kib = ballast_min_u64(held_kib, taken_kib(engine));
    engine->counters.unreserved++;
    news.domid = domain->id;
    news.who = "toolstack";
    news.what = missing_kib > 0 ? "took-reserved" : "unreserved";
    news.from_kib = held_kib;
    news.to_kib = missing_kib;
    recorder_news(engine, &news);
    if (missing_kib == 0)
        return;
    engine->unreserved_taken_kib = ballast_add_ceil(engine->unreserved_taken_kib, missing_kib);
    engine->unreserved_domid = domain->id;
}

/* Others have freed it again. */
static void note_made_good(struct engine *engine)
{
    struct recorder_news news = RECORDER_NEWS;
    news.domid = engine->unreserved_domid;
    news.what = "made-good";
    news.to_kib = engine->unreserved_taken_kib;
    engine->unreserved_taken_kib = 0;
    recorder_news(engine, &news);
}

void defence_check(struct engine *engine, const struct tick_result *result)
{
    note_suspends(engine);
    char why[ALERT_TEXT];
    struct ballast_text text = ballast_text_over(why, sizeof(why));
    uint64_t now_usec = engine_now_usec(engine);
    uint64_t kib = taken_kib(engine);
    size_t at;
    if (kib == 0)
        engine->covered_usec = now_usec;
    if (kib == 0 && engine->unreserved_taken_kib > 0)
        note_made_good(engine);
    bool is_taken = kib > 0 && now_usec - engine->covered_usec >= TAKEN_USEC;
    uint64_t held_kib = result->decided.held_kib;
    if (is_taken) {
        ballast_text_add_size(&text, kib);
        ballast_text_add(
            &text,
            " of reserved memory are no longer free: a domain that is not balanced, or Xen, took them");
    }
    if (held_kib > 0 && overlay_find(engine->overlay, result->decided.held_id, &at) == 0) {
        ballast_text_add(&text, "%sthe target of domain %" PRIu32 " (%s) would take ",
                         *why ? "; " : "", result->decided.held_id,
                         overlay_snapshot(engine->overlay)->domains[at].name);
        ballast_text_add_size(&text, held_kib);
        ballast_text_add(
            &text, " of reserved memory: its maximum stays where it is until that memory is used");
    }
    alerts_set(&engine->alerts, ALERT_RESERVED, now_usec, *why ? why : NULL);
}
