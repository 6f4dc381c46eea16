/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a daemon answers, as app/top/host.h has it. It may be an older or a newer daemon: what is
 * missing or of another type is "not known" and never an error.
 */
#ifndef APP_TOP_ANSWERS_H
#define APP_TOP_ANSWERS_H

#include "app/top/host.h"

struct json_object;

/* Of *status*, *host* and one page of *domains* and *reservations*. -ENOMEM. */
void top_take_status(struct top_host *host, const struct json_object *status);
void top_take_host(struct top_host *host, const struct json_object *answer);
int top_take_domains(struct top_host *host, const struct json_object *answer, bool *more);
void top_take_reservations(struct top_host *host, const struct json_object *answer);
/* A notification, or one of those that *events* answers. */
void top_take_event(struct top_host *host, const struct json_object *event);
void top_take_events(struct top_host *host, const struct json_object *answer);

#endif
