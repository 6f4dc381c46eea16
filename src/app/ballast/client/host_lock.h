/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lock of the one process that changes this Xen host's memory: edge/lock, with messages. */
#ifndef APP_BALLAST_CLIENT_HOST_LOCK_H
#define APP_BALLAST_CLIENT_HOST_LOCK_H

enum cli_host_lock_purpose {
    CLI_HOST_LOCK_ALONE, /* changes the host, or reads what a command may be changing, the ledger */
    CLI_HOST_LOCK_WATCH, /* reads the host: does so beside another command, without the lock */
};

/*
 * Takes it for that command (NULL: unnamed); close(*fd) gives it back. To be alone it waits 2 s for
 * another command, which may only read. CLI_UNREACHABLE, with a message, where a daemon or, after
 * that, another command has it; *fd is unchanged then.
 */
int cli_host_lock_take(int *fd, const char *command, enum cli_host_lock_purpose purpose);

#endif
