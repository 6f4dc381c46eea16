/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon says: a line on standard error, with the level in front that systemd reads
 * (sd-daemon(3)), or with the program's name where a person reads.
 */
#ifndef APP_BALLASTD_ENGINE_LOG_H
#define APP_BALLASTD_ENGINE_LOG_H

#include <syslog.h>

/* Levels are syslog(3)'s. What is less urgent than `most` is not said from now on. */
void engine_log_upto(int most);
/* One line; control characters in it become '?', for guests choose their names. */
__attribute__((format(printf, 2, 3))) void engine_log(int level, const char *format, ...);

#endif
