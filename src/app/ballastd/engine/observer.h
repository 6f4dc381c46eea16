/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The notifications of the engine to the program that runs it; all of these must be there. What a
 * pointer points to lives for the call alone.
 */
#ifndef APP_BALLASTD_ENGINE_OBSERVER_H
#define APP_BALLASTD_ENGINE_OBSERVER_H

#include "app/ballastd/engine/alerts.h"
#include "core/ledger/ledger.h"
#include "edge/history/history.h"

struct engine_observer {
    void *context;
    /* A reservation has come into another state, which is durable, or is closer to what it needs.
     */
    void (*reservation)(void *context, const struct ledger_reservation *record);
    /* Requests that waited are decided, and all notifications about them are out. */
    void (*settled)(void *context);
    /* One has begun, or gone on under its number. */
    void (*event)(void *context, const struct history_event *event);
    void (*alert)(void *context, enum alert_kind name, const struct alert *alert);
    /* A tick that was due is over. */
    void (*ticked)(void *context);
};

#endif
