/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into ballastd: each tick comes $TICK_MSEC after it was armed, whenever it is due. That
 * is a number of milliseconds, or LOW-HIGH, of which each tick takes one at random ($TICK_SEED).
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

typedef int start_timer(void *timer, void *callback, uint64_t msec, uint64_t repeat);
__attribute__((visibility("default"))) start_timer uv_timer_start;

static uint64_t tick_msec(const char *range)
{
    static uint64_t state;
    char *rest;
    uint64_t low = strtoull(range, &rest, 10);
    uint64_t high = *rest == '-' ? strtoull(rest + 1, NULL, 10) : low;
    const char *seed = getenv("TICK_SEED");
    if (state == 0 && seed)
        state = strtoull(seed, NULL, 10);
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return high > low ? low + (state >> 33) % (high - low + 1) : low;
}

/* The first timer that the daemon starts is that of its ticks. */
int uv_timer_start(void *timer, void *callback, uint64_t msec, uint64_t repeat)
{
    static void *ticks;
    static start_timer *next;
    const char *range = getenv("TICK_MSEC");
    if (!ticks)
        ticks = timer;
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "uv_timer_start");
    return next(timer, callback, range && timer == ticks ? tick_msec(range) : msec, repeat);
}
