/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What needs a person: said when it begins and when it ends, shown as long as it lasts. */
#ifndef APP_BALLASTD_ENGINE_ALERTS_H
#define APP_BALLASTD_ENGINE_ALERTS_H

#include <stdbool.h>
#include <stdint.h>

enum alert_kind {
    ALERT_RIVAL,
    ALERT_LEDGER,
    ALERT_HOST,
    ALERT_CONFIG,
    ALERT_PREDICTION,
    ALERT_PROFILE,
    ALERT_RESERVED,
    ALERT_NOISE,
    ALERT_CLOCK,
    ALERT_HEADROOM,
    ALERT_XEN,
    ALERTS,
};

enum { ALERT_TEXT = 512 };

struct alert {
    bool on;
    uint64_t since_usec;
    char message[ALERT_TEXT];
};

struct alerts {
    struct alert at[ALERTS];
    void (*notify)(void *context, enum alert_kind name, const struct alert *alert);
    void *context;
};

/* "second-balancer" ... */
const char *alert_name(enum alert_kind name);
/* `why` NULL: it is over. Logs and tells when it begins, when it ends, and when why is another. */
void alerts_set(struct alerts *alerts, enum alert_kind name, uint64_t now_usec, const char *why);

#endif
