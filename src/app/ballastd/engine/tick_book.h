/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ledger as the tick sees it, and what the ledger sees of the host. */
#ifndef APP_BALLASTD_ENGINE_TICK_BOOK_H
#define APP_BALLASTD_ENGINE_TICK_BOOK_H

#include "app/tick/tick.h"

struct ballast_host;
struct engine;

/* For the tick's configuration. */
struct tick_book tick_book_of(struct engine *engine);
/* Shows a snapshot to the ledger: what builds have taken is used, what is gone is released. */
void tick_book_see(struct engine *engine, const struct ballast_host *host);

#endif
