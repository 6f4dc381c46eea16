/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/outlook.h"

#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/recorder.h"
#include "app/ballastd/engine/state.h"
#include "core/base/text.h"
#include "core/policy/host_state.h"

static void note_change(struct engine *engine, const struct host_outlook *now)
{
    struct recorder_news news = RECORDER_NEWS;
    news.what = "host-state";
    news.reason = host_state_name(now->state);
    news.detail = host_state_name(engine->outlook.state);
    news.to_kib = now->unneeded_kib;
    recorder_news(engine, &news);
}

/* The first one is no change: it is logged and not remembered. */
static void log_first(const struct host_outlook *now)
{
    char size[32];
    struct ballast_text text = ballast_text_over(size, sizeof(size));
    ballast_text_add_size(&text, now->unneeded_kib);
    engine_log(LOG_INFO, "host state: %s, with %s unneeded", host_state_name(now->state), size);
}

void outlook_follow(struct engine *engine)
{
    struct host_outlook now = balancer_outlook(tick_balancer(engine->tick));
    if (now.is_known && !engine->outlook.is_known)
        log_first(&now);
    else if (now.is_known && now.state != engine->outlook.state)
        note_change(engine, &now);
    engine->outlook = now;
}

struct host_outlook engine_outlook(const struct engine *engine)
{
    return engine->outlook;
}
