/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The alert for memory that is promised and that somebody takes, or is told by others to take. */
#ifndef APP_BALLASTD_ENGINE_DEFENCE_H
#define APP_BALLASTD_ENGINE_DEFENCE_H

struct engine;
struct tick_result;

/* After each look that was judged. */
void defence_check(struct engine *engine, const struct tick_result *result);

#endif
