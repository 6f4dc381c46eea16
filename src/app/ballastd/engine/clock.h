/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What time it is. */
#ifndef APP_BALLASTD_ENGINE_CLOCK_H
#define APP_BALLASTD_ENGINE_CLOCK_H

#include <stdint.h>

/* A calendar that is set right by less, as NTP does, is not worth an alert. */
enum { CLOCK_AHEAD_SEC = 60 };

/* The clock that ticks are due by; it never goes back. */
uint64_t clock_real_usec(void);
/* 0: it is beyond what an answer can hold, so it is not believed. */
uint64_t clock_calendar_usec(void);

#endif
