/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calendar, and a ledger whose clock is ahead of it. */
#ifndef APP_BALLASTD_ENGINE_CLOCK_H
#define APP_BALLASTD_ENGINE_CLOCK_H

#include <stdint.h>

#include "app/ballastd/options.h"

/* A calendar that is set right by less, as NTP does, is not worth an alert. */
enum { CLOCK_AHEAD_SEC = 60 };

/* 0: it is beyond what an answer can hold, so it is not believed. */
uint64_t clock_calendar_usec(void);
/*
 * Sets the clock of the ledger in the state directory back to the calendar, while no ballastd has
 * it, and says what was done or why not. The exit status.
 */
int clock_set_back(const struct daemon_options *options);

#endif
