/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGINT, SIGTERM and SIGHUP, where a command must leave things in order or hand them on. */
#ifndef APP_BALLAST_CLI_SIGNALS_H
#define APP_BALLAST_CLI_SIGNALS_H

#include <sys/types.h>

/*
 * From now on they are only recorded; the second of one kind ends the program, unless it goes to a
 * process.
 */
void cli_signals_catch(void);
/* The first one that came, or 0. */
int cli_signal(void);
/*
 * From now on, and with what has come since cli_signals_catch(), they go to that process. What a
 * terminal sent it has got by itself. 0: not any more.
 */
void cli_signals_pass_to(pid_t pid);
/* As they were before cli_signals_catch(), for a process that is about to become another program.
 */
void cli_signals_restore(void);

#endif
