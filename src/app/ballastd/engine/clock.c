/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/clock.h"

#include <sys/time.h>
#include <time.h>

#include "core/base/units.h"

/* What a double holds exactly, as all that reads our JSON has: 285 years. */
#define CALENDAR_MOST (UINT64_C(1) << 53)

uint64_t clock_real_usec(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_calendar_usec(void)
{
    struct timeval now;
    if (gettimeofday(&now, NULL) < 0 || now.tv_sec < 0 ||
        (uint64_t)now.tv_sec >= CALENDAR_MOST / BALLAST_SEC_USEC)
        return 0;
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_usec;
}
