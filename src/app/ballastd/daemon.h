/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program: it puts engine and server together in one loop, of one thread, and hands on what
 * happens to it: time, signals, the host's events.
 */
#ifndef APP_BALLASTD_DAEMON_H
#define APP_BALLASTD_DAEMON_H

#include "app/ballastd/options.h"

/* Until a signal ends it, or it cannot begin, which is logged. The exit status. */
int daemon_run(const struct daemon_options *options);

#endif
