/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sd_notify(3) by hand: datagrams to $NOTIFY_SOCKET. Without systemd nothing happens. */
#ifndef APP_BALLASTD_SYSTEMD_H
#define APP_BALLASTD_SYSTEMD_H

#include <stdint.h>

/*
 * A socket that listens at that path already, which systemd opened for this process
 * (sd_listen_fds(3) by hand); 0: none. One that is passed and not at that path is logged, since
 * nothing answers there.
 */
int systemd_listen_fd(const char *path);
/* "READY=1", "WATCHDOG=1" ... */
__attribute__((format(printf, 1, 2))) void systemd_notify(const char *format, ...);
/* How often systemd wants to hear of us; 0: never. */
uint64_t systemd_watchdog_usec(void);

#endif
