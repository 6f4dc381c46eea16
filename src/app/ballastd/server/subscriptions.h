/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notifications to connections. */
#ifndef APP_BALLASTD_SERVER_SUBSCRIPTIONS_H
#define APP_BALLASTD_SERVER_SUBSCRIPTIONS_H

#include <stdint.h>

#include "app/ballastd/engine/alerts.h"

struct connection;
struct history_event;
struct json_object;
struct ledger_reservation;
struct server;

/* It made that reservation, and is notified of it unless it subscribes. */
void subscriptions_note_made(struct connection *connection, uint64_t id);

void subscriptions_notify_reservation(struct server *server,
                                      const struct ledger_reservation *record);
void subscriptions_notify_event(struct server *server, const struct history_event *event);
void subscriptions_notify_alert(struct server *server, enum alert_kind name,
                                const struct alert *alert);
/* `answer` is the method's answer, which the caller keeps. */
void subscriptions_notify_setting(struct server *server, const char *what, uint64_t domid,
                                  uint64_t uid, struct json_object *answer);
/* After each tick: what waiting requests still lack; the host once a second. */
void subscriptions_notify_progress(struct server *server);

#endif
