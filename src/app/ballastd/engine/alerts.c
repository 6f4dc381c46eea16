/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/alerts.h"

#include <stdio.h>
#include <string.h>

#include "app/ballastd/engine/log.h"

static const char *const words[ALERTS] = {
    [ALERT_RIVAL] = "second-balancer",
    [ALERT_LEDGER] = "ledger",
    [ALERT_HOST] = "host",
    [ALERT_CONFIG] = "configuration",
    [ALERT_PREDICTION] = "prediction",
    [ALERT_PROFILE] = "host-profile",
    [ALERT_RESERVED] = "reserved-memory",
    [ALERT_NOISE] = "noisy-guests",
    [ALERT_CLOCK] = "clock",
    [ALERT_HEADROOM] = "headroom",
    [ALERT_XEN] = "unknown-xen",
};

const char *alert_name(enum alert_kind name)
{
    return words[name];
}

void alerts_set(struct alerts *alerts, enum alert_kind name, uint64_t now_usec, const char *why)
{
    struct alert *alert = &alerts->at[name];
    if (!why && !alert->on)
        return;
    if (why && alert->on && strncmp(alert->message, why, sizeof(alert->message) - 1) == 0)
        return;
    if (!alert->on || !why)
        alert->since_usec = now_usec;
    alert->on = why != NULL;
    if (why) {
        (void)snprintf(alert->message, sizeof(alert->message), "%s", why);
        engine_log(LOG_WARNING, "%s: %s", words[name], alert->message);
    } else {
        engine_log(LOG_NOTICE, "%s: over: %s", words[name], alert->message);
    }
    alerts->notify(alerts->context, name, alert);
}
