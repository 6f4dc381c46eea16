/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks the laws after each tick: `--check-laws`. */
#ifndef APP_BALLASTD_ENGINE_LAW_CHECKS_H
#define APP_BALLASTD_ENGINE_LAW_CHECKS_H

struct engine;
struct tick_result;

/* Logs and counts the breaches that the tick itself found. */
void law_checks_note(struct engine *engine, const struct tick_result *result);
/* Samples the host again and holds the ledger and conservation against it. */
void law_checks_run(struct engine *engine);

#endif
