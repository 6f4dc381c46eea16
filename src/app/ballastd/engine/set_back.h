/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A ledger whose clock is ahead of the calendar, set back to it. */
#ifndef APP_BALLASTD_ENGINE_SET_BACK_H
#define APP_BALLASTD_ENGINE_SET_BACK_H

/*
 * Sets the clock of the ledger in that directory back to the calendar, while no ballastd has
 * it, and says what was done or why not. The exit status.
 */
int set_back_run(const char *directory);

#endif
