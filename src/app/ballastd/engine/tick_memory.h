/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of the tick's decisions: events. */
#ifndef APP_BALLASTD_ENGINE_TICK_MEMORY_H
#define APP_BALLASTD_ENGINE_TICK_MEMORY_H

#include "app/tick/tick.h"

struct engine;

/* For the tick's configuration. */
struct tick_memory tick_memory_of(struct engine *engine);

#endif
