/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that a command starts, waits for, and ends like. */
#ifndef APP_BALLAST_CLI_CHILD_H
#define APP_BALLAST_CLI_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cli_child {
    pid_t pid;
    int fd; /* readable when it has ended; -1: the kernel has no such thing */
    bool ended;
    int status; /* as a shell says it: its own, or 128 and the signal that ended it */
};

/* What a shell says of a command that is there and cannot be run, and of one that is not there. */
enum { CLI_CHILD_CANNOT = 126, CLI_CHILD_MISSING = 127 };

/*
 * Whether a program of that name could be started, found as a shell finds it: said before anything
 * is done for it. CLI_DONE, or one of the two above with a message on stderr.
 */
int cli_child_find(const char *command, const char *word);
/*
 * Starts argv[0], found as a shell finds it. From then on caught signals are passed to it.
 * CLI_DONE, or one of the two above with a message on stderr.
 */
int cli_child_start(struct cli_child *child, const char *command, char *const *argv);
/* Waits for its end, but no longer than that; BALLAST_NONE: as long as it takes. */
void cli_child_wait(struct cli_child *child, uint64_t usec);
void cli_child_end(struct cli_child *child);

#endif
