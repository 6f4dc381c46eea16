/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times as operators write them, in one syntax for all options; the time that passes meanwhile. */
#ifndef APP_BALLAST_CLI_TIME_H
#define APP_BALLAST_CLI_TIME_H

#include <stdint.h>

#include <ballast/error.h>

/*
 * 90, 90s, 500ms, 2m, 12h, 7d, 4w: seconds unless it says otherwise. -EINVAL, also for more than
 * ten years. Commands take the argument of an option by cli_args_time().
 */
int cli_time_parse(const char *text, uint64_t *out_usec, struct ballast_error *err);

/* The clock that never goes back. */
uint64_t cli_now_usec(void);
/* Lets so much time pass. A signal ends it early. */
void cli_sleep(uint64_t usec);

#endif
