/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/rival.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/pins.h"
#include "app/ballastd/engine/state.h"
#include "core/base/units.h"

void rival_update_hold(struct engine *engine)
{
    bool rests = engine->rests && engine->calm_ticks >= ENGINE_CALM_TICKS;
    overlay_hold_still(engine->overlay, engine->paused || rests || engine->rival.stands_back);
}

void rival_on_foreign_target(void *context, const struct ballast_domain *domain,
                             struct overlay_record *record, uint64_t was_kib)
{
    struct engine *engine = context;
    struct engine_rival *rival = &engine->rival;
    uint64_t now_usec = engine_now_usec(engine);
    engine_log(LOG_INFO,
               "domain %" PRIu32 " (%s): another program set its target from %" PRIu64
               " to %" PRIu64 " KiB",
               domain->id, domain->name, was_kib, domain->target_kib);
    struct recorder_news news = RECORDER_NEWS;
    news.domid = domain->id;
    news.who = "another program";
    news.what = "foreign-target";
    news.from_kib = was_kib;
    news.to_kib = domain->target_kib;
    recorder_news(engine, &news);
    rival->seen_usec[rival->count++ % ENGINE_RIVAL_MOST] = now_usec;
    uint64_t most = engine->config.rival_writes;
    /* A single one may be an administrator's, but not beside a rival. */
    if (!rival->stands_back)
        pins_foreign(engine, record, domain, was_kib);
    if (rival->stands_back || rival->count < most)
        return;
    uint64_t first_usec = rival->seen_usec[(rival->count - most) % ENGINE_RIVAL_MOST];
    if (now_usec - first_usec > engine->config.rival_usec)
        return;
    char why[ALERT_TEXT];
    (void)snprintf(why, sizeof(why),
                   "another program set %" PRIu64 " targets within %" PRIu64
                   " s: balancing stops until it has set none for %" PRIu64
                   " s, or until 'ballast resume'; stop that balancer (xapi's squeezed, qmemman, "
                   "a script), or ballastd",
                   most, (now_usec - first_usec) / BALLAST_SEC_USEC,
                   engine->config.rival_quiet_usec / BALLAST_SEC_USEC);
    rival->stands_back = true;
    rival->unpin_usec = first_usec;
    rival_update_hold(engine);
    alerts_set(&engine->alerts, ALERT_RIVAL, now_usec, why);
}

/* Not while the sample that showed it is being completed. */
void rival_unpin(struct engine *engine)
{
    uint64_t since_usec = engine->rival.unpin_usec;
    engine->rival.unpin_usec = 0;
    if (since_usec > 0)
        pins_drop_foreign(engine, since_usec);
}

void rival_end(struct engine *engine)
{
    engine->rival.stands_back = false;
    engine->rival.count = 0;
    rival_update_hold(engine);
    alerts_set(&engine->alerts, ALERT_RIVAL, engine_now_usec(engine), NULL);
}

void rival_wait_for_quiet(struct engine *engine)
{
    const struct engine_rival *rival = &engine->rival;
    if (!rival->stands_back)
        return;
    uint64_t last_usec = rival->seen_usec[(rival->count - 1) % ENGINE_RIVAL_MOST];
    if (engine_now_usec(engine) - last_usec >= engine->config.rival_quiet_usec)
        rival_end(engine);
}
