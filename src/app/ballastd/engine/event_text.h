/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as a sentence with its numbers; the time is not in it. */
#ifndef APP_BALLASTD_ENGINE_EVENT_TEXT_H
#define APP_BALLASTD_ENGINE_EVENT_TEXT_H

#include <stddef.h>

#include "edge/history/history.h"

/*
 * As snprintf: "target lowered from 4 GiB to 3.2 GiB: 800 MiB were missing to start web-7
 * (reservation 12)". An event of a later version is told by its words alone.
 */
size_t event_text(const struct history_event *event, char *buf, size_t size);

#endif
