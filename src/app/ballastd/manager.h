/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at the host and acts on it: the tick, when it is due, and what is said of it. */
#ifndef APP_BALLASTD_MANAGER_H
#define APP_BALLASTD_MANAGER_H

#include <stdbool.h>

#include "app/ballastd/daemon.h"

/* The owners of what `free` frees begin so. */
#define MANAGER_FREE "free:"

/* What the manager knows of before the loop begins: view, promises, decisions. -ENOMEM. */
int manager_init(struct daemon *daemon, struct ballast_error *err);
void manager_release(struct daemon *daemon);
/* Starts the timer. */
void manager_begin(struct daemon *daemon);
/* Moves a simulated host on, as far as one tick may; false: it cannot go on. */
bool manager_catch_up(struct daemon *daemon);
/* One tick at once. Whoever was waiting for what it decided is told when the caller settles. */
void manager_look(struct daemon *daemon);
/*
 * The host has news: a tick, and what it decided is told, at once where the last look is an
 * interval ago, else when it is. Guests make news, so there are never two looks of it within an
 * interval.
 */
void manager_look_soon(struct daemon *daemon);
/* Tells what has changed since the last time, and answers those that waited for it. */
void manager_settle(struct daemon *daemon);
/* Stops or goes on with all balancing; going on ends standing back, too. */
void manager_pause(struct daemon *daemon, bool paused);
/* Whether targets may be moved at all now. */
bool manager_balances(const struct daemon *daemon);
/* Goes on after a second balancer was noticed. */
void manager_go_on(struct daemon *daemon);
void manager_set_policy(struct daemon *daemon, const struct policy *policy);

/*
 * What a start can have at once: free, promised to nobody, and not what those who are not asked
 * have been told to take, or what is kept for minima. What is missing to one that waits is missing
 * to it.
 */
uint64_t manager_at_once_kib(struct daemon *daemon);

#endif
