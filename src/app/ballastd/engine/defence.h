/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The alert for reserved memory that a domain takes, or that a target lets it take. */
#ifndef APP_BALLASTD_ENGINE_DEFENCE_H
#define APP_BALLASTD_ENGINE_DEFENCE_H

struct engine;
struct tick_result;

/* After each sample on which the balancer decided. */
void defence_check(struct engine *engine, const struct tick_result *result);

#endif
