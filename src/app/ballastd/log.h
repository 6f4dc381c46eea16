/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log: a line on standard error, with the level in front that systemd reads (sd-daemon(3)), or
 * with the program's name where a person reads.
 */
#ifndef APP_BALLASTD_LOG_H
#define APP_BALLASTD_LOG_H

/* Takes all that engine_log() is given and that is no less urgent than `most`, as syslog(3). */
void log_open(int most);

#endif
