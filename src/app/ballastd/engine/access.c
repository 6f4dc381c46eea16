/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engine shows of itself. */
#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/state.h"
#include "core/base/units.h"

uint64_t engine_available_kib(struct engine *engine)
{
    struct ledger *ledger = reservations_ledger(engine->reservations);
    struct ledger_free free_now = tick_ledger_free_of(reservations_book(engine->reservations),
                                                      overlay_snapshot(engine->overlay));
    uint64_t kept_kib = engine->tick ? balancer_kept_kib(tick_balancer(engine->tick)) : 0;
    return ballast_sub_floor(ledger_available_kib(ledger, &free_now), kept_kib);
}

uint64_t engine_claimed_kib(const struct engine *engine)
{
    return engine->claims.kib;
}

uint64_t engine_now_usec(const struct engine *engine)
{
    return overlay_now_usec(engine->overlay);
}

uint64_t engine_ledger_now_usec(const struct engine *engine)
{
    return reservations_now_usec(engine->reservations, engine->overlay);
}

uint64_t engine_due_usec(const struct engine *engine)
{
    return engine->due_usec;
}

bool engine_failed(const struct engine *engine)
{
    return engine->failed;
}

enum engine_role engine_role(const struct engine *engine)
{
    return engine->options.role;
}

bool engine_keeps_settings(const struct engine *engine)
{
    return engine->options.state_dir != NULL;
}

bool engine_is_ready(const struct engine *engine)
{
    return engine->tick != NULL;
}

bool engine_is_paused(const struct engine *engine)
{
    return engine->paused;
}

bool engine_balances(const struct engine *engine)
{
    return !engine->paused && !engine->rival.stands_back && engine->config.balloons;
}

bool engine_checks_laws(const struct engine *engine)
{
    return engine->options.check_laws;
}

void engine_note_move(struct engine *engine)
{
    engine->moved_usec = engine_now_usec(engine);
}

void engine_save_host(struct engine *engine)
{
    hv_save(engine->host);
}

void engine_count_refusal(struct engine *engine, enum ledger_reason reason)
{
    engine->counters.refused[reason]++;
}

const struct headroom *engine_headroom(const struct engine *engine)
{
    return &engine->headroom;
}

const struct engine_config *engine_config(const struct engine *engine)
{
    return &engine->config;
}

struct hv *engine_host(const struct engine *engine)
{
    return engine->host;
}

struct overlay *engine_overlay(const struct engine *engine)
{
    return engine->overlay;
}

struct reservations *engine_reservations(const struct engine *engine)
{
    return engine->reservations;
}

const struct policy *engine_policy(const struct engine *engine)
{
    return engine->policy;
}

struct recorder *engine_recorder(const struct engine *engine)
{
    return engine->recorder;
}

struct costs *engine_costs(const struct engine *engine)
{
    return engine->costs;
}

struct ledger *engine_ledger(const struct engine *engine)
{
    return reservations_ledger(engine->reservations);
}

const struct balancer *engine_balancer(const struct engine *engine)
{
    return engine->tick ? tick_balancer(engine->tick) : NULL;
}

const struct alert *engine_alert(const struct engine *engine, enum alert_kind name)
{
    return &engine->alerts.at[name];
}

const struct engine_counters *engine_counters(const struct engine *engine)
{
    return &engine->counters;
}
