/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ctrl-C, where a command must not just end but leave things in order. */
#ifndef APP_BALLAST_CLI_INTERRUPT_H
#define APP_BALLAST_CLI_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT and SIGTERM are only recorded; the second one ends the program. */
void cli_interrupt_catch(void);
bool cli_interrupted(void);
/* Readable from the first one on, to poll beside other things; -1: none is caught. */
int cli_interrupt_fd(void);

#endif
