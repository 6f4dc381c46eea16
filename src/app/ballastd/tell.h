/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What connections are told without asking, and the answers that they wait for. */
#ifndef APP_BALLASTD_TELL_H
#define APP_BALLASTD_TELL_H

#include <json-c/json.h>

#include "app/ballastd/conn.h"
#include "app/ballastd/daemon.h"

/* Calls of one connection that may wait at once. */
enum { TELL_WAITS = 64 };

enum tell_event {
    TELL_RESERVATION,
    TELL_DECISION,
    TELL_TICK,
    TELL_SETTINGS,
    TELL_ALERT,
};

void tell_reservation(struct daemon *daemon, const struct ledger_reservation *record);
void tell_decision(struct daemon *daemon, const struct decision *decision);
void tell_alert(struct daemon *daemon, enum alert_name name, const struct alert *alert);
/* `answer` is what the method answered, and stays the caller's. */
void tell_settings(struct daemon *daemon, const char *what, uint64_t domid, uid_t uid,
                   struct json_object *answer);
/* After each tick: what those that wait are still missing, the host once a second. */
void tell_progress(struct daemon *daemon);

/* The call is answered when that reservation is decided. -EBUSY: too many; -ENOMEM. */
int tell_wait(struct conn *conn, struct json_object *id, uint64_t reservation, bool is_free);
/* Answers whose reservation has been decided. */
void tell_waiters(struct daemon *daemon);
/* A connection is gone: what was not answered is released. */
void tell_forget(struct conn *conn);

#endif
