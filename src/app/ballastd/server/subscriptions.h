/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What connections are told without asking, and the answers that they wait for. */
#ifndef APP_BALLASTD_SERVER_SUBSCRIPTIONS_H
#define APP_BALLASTD_SERVER_SUBSCRIPTIONS_H

#include <json-c/json.h>

#include "app/ballastd/server/connection.h"
#include "app/ballastd/daemon.h"

/* Calls of one connection that may wait at once. */
enum { WAITERS_MOST = 64 };

enum subscription_event {
    SUBSCRIPTION_RESERVATION,
    SUBSCRIPTION_DECISION,
    SUBSCRIPTION_TICK,
    SUBSCRIPTION_SETTINGS,
    SUBSCRIPTION_ALERT,
};

void subscriptions_notify_reservation(struct daemon *daemon,
                                      const struct ledger_reservation *record);
void subscriptions_notify_decision(struct daemon *daemon, const struct decision *decision);
void subscriptions_notify_alert(struct daemon *daemon, enum alert_kind name,
                                const struct alert *alert);
/* `answer` is what the method answered, and stays the caller's. */
void subscriptions_notify_settings(struct daemon *daemon, const char *what, uint64_t domid,
                                   uid_t uid, struct json_object *answer);
/* After each tick: what those that wait are still missing, the host once a second. */
void subscriptions_notify_progress(struct daemon *daemon);

/* The call is answered when that reservation is decided. -EBUSY: too many; -ENOMEM. */
int waiters_add(struct connection *connection, struct json_object *id, uint64_t reservation,
                bool is_free);
/* Answers whose reservation has been decided. */
void waiters_answer(struct daemon *daemon);
/* A connection is gone: what was not answered is released. */
void waiters_drop(struct connection *connection);

#endif
