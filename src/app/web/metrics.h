/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page of metrics, from a state of app/web/collector.h. */
#ifndef APP_WEB_METRICS_H
#define APP_WEB_METRICS_H

#include <stddef.h>

struct json_object;

struct metrics_page {
    const char *type; /* Content-Type */
    char *text;       /* the caller frees it */
    size_t length;
};

/* `state` NULL: the daemon is away. `accept`: the request's header, or NULL. -ENOMEM. */
int web_metrics(const struct json_object *state, const char *accept, struct metrics_page *out);

#endif
