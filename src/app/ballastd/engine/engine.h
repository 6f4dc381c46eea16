/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at the host and acts on it: the tick, when it is due, and what is said of it. */
#ifndef APP_BALLASTD_ENGINE_ENGINE_H
#define APP_BALLASTD_ENGINE_ENGINE_H

#include <stdbool.h>

#include "app/ballastd/daemon.h"

/* The owners of what `free` frees begin so. */
#define ENGINE_FREE "free:"

/* What the engine has before the loop begins: overlay, reservations, decisions. -ENOMEM. */
int engine_init(struct daemon *daemon, struct ballast_error *err);
void engine_release(struct daemon *daemon);
/* Starts the timer. */
void engine_begin(struct daemon *daemon);
/* Moves a simulated host on, as far as one tick may; false: it cannot go on. */
bool engine_catch_up(struct daemon *daemon);
/* One tick at once. Whoever was waiting for what it decided is told when the caller settles. */
void engine_sample(struct daemon *daemon);
/*
 * The host has news: a tick, and what it decided is told, at once where the last look is an
 * interval ago, else when it is. Guests make news, so there are never two looks of it within an
 * interval.
 */
void engine_sample_soon(struct daemon *daemon);
/* Tells what has changed since the last time, and answers those that waited for it. */
void engine_settle(struct daemon *daemon);
/* Stops or goes on with all balancing; going on ends standing back, too. */
void engine_pause(struct daemon *daemon, bool paused);
/* Whether targets may be moved at all now. */
bool engine_balances(const struct daemon *daemon);
/* Goes on after a second balancer was noticed. */
void engine_resume(struct daemon *daemon);
void engine_set_policy(struct daemon *daemon, const struct policy *policy);

/*
 * What a start can have at once: free, promised to nobody, and not what those who are not asked
 * have been told to take, or what is kept for minima. What is missing to one that waits is missing
 * to it.
 */
uint64_t engine_available_kib(struct daemon *daemon);

#endif
