/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest that a command starts: its memory is reserved, the command runs, its domain is bound. */
#ifndef APP_BALLAST_STARTS_COMMAND_START_H
#define APP_BALLAST_STARTS_COMMAND_START_H

#include <stdbool.h>

#include "app/ballast/client/daemon.h"
#include "app/ballast/explain/need.h"
#include "app/ballast/starts/reserving.h"

struct cli_command_start {
    struct cli_daemon daemon; /* open; its command is named in messages */
    struct cli_need need;     /* as this host has it */
    struct cli_want want;
    char *const *argv; /* of the command that starts the guest; NULL-terminated */
    bool quiet;        /* only errors */
    bool undecided;    /* out: the command has not run, since the daemon could not decide */
    struct cli_reserving reserving;
};

/*
 * Reserves, runs the command and binds; with messages on stderr, since standard output is the
 * command's. The exit status: the command's; before it ran CLI_NO, where the memory cannot be
 * reserved or a domain of the guest's name runs, 128 and the signal that ended the wait, or those
 * of cli_child_find() and cli_daemon_call().
 */
int cli_command_start(struct cli_command_start *start);

#endif
