/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as a sentence with its numbers; the time is not in it. */
#ifndef APP_BALLASTD_ENGINE_EVENT_TEXT_H
#define APP_BALLASTD_ENGINE_EVENT_TEXT_H

#include <stddef.h>

#include "edge/history/history.h"

/*
 * As snprintf: "target lowered from 4 GiB to 3.2 GiB: 800 MiB were missing to start web-7
 * (reservation 12)". An event of a later version has only its keys.
 */
size_t event_text(const struct history_event *event, char *buf, size_t size);

enum { EVENT_PATTERN = 512 };

/*
 * The same before it is filled (core/base/pattern.h). Its holes are members of the event as
 * ballast-protocol(7) has it, so that its reader chooses the unit.
 */
size_t event_pattern(const struct history_event *event, char *buf, size_t size);
/* Between what a guest cost and what was predicted; BALLAST_NONE for all but "built". */
uint64_t event_difference_kib(const struct history_event *event);

#endif
