/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lock of whoever changes the memory of this Xen host: edge/lock, with the words of a command.
 */
#ifndef APP_BALLAST_CLIENT_HOST_LOCK_H
#define APP_BALLAST_CLIENT_HOST_LOCK_H

#include <stdbool.h>

/*
 * Takes it; close(*fd) gives it back. CLI_UNREACHABLE, with a message, where a daemon or another
 * command has it; *fd is unchanged then. Who only `looks` does so beside a command, without it.
 */
int cli_host_lock_take(int *fd, bool looks);

#endif
