/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time that passes while a command runs. */
#ifndef APP_BALLAST_CLI_TIME_H
#define APP_BALLAST_CLI_TIME_H

#include <stdint.h>

/* The clock that never goes back. */
uint64_t cli_now_usec(void);
/* Lets so much time pass. A signal ends it early. */
void cli_sleep(uint64_t usec);

#endif
