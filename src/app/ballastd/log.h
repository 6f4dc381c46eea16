/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon says: a line on standard error, with the level in front that systemd reads
 * (sd-daemon(3)), or with the program's name where a person reads.
 */
#ifndef APP_BALLASTD_LOG_H
#define APP_BALLASTD_LOG_H

/* syslog(3)'s numbers. */
enum daemon_level {
    DAEMON_ERROR = 3,
    DAEMON_WARNING = 4,
    DAEMON_NOTICE = 5,
    DAEMON_INFO = 6,
    DAEMON_DEBUG = 7,
};

/* What is less urgent than `most` is not said from now on. */
void daemon_log_upto(enum daemon_level most);
/* One line; control characters in it become '?', for guests choose their names. */
__attribute__((format(printf, 2, 3))) void daemon_log(enum daemon_level level, const char *format,
                                                      ...);

#endif
