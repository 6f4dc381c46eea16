/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/time.h"

#include <time.h>

#include "core/base/units.h"

uint64_t cli_now_usec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

void cli_sleep(uint64_t usec)
{
    struct timespec span = {.tv_sec = (time_t)(usec / BALLAST_SEC_USEC),
                            .tv_nsec = (long)(usec % BALLAST_SEC_USEC) * 1000};
    (void)nanosleep(&span, NULL);
}
