/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One lock for whoever changes the host: the daemon while it runs, a command otherwise. It is
 * flock(2) on a file that is never removed, so a program that dies gives it back.
 */
#ifndef APP_BALLAST_LOCK_H
#define APP_BALLAST_LOCK_H

#include <ballast/error.h>

#define CLI_LOCK_FILE "/run/ballast/lock"

/*
 * The descriptor of the lock, which close() gives back; the file and its folder are made where they
 * are not there. -EWOULDBLOCK: somebody has it, and the text says which process; else the errnos of
 * mkdir() and open().
 */
int cli_lock_take(const char *path, struct ballast_error *err);

#endif
