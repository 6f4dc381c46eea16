/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command of `ballast`: a row in its own file, cmd_NAME.c in one of the rooms beside this one.
 * What the row says is what help prints, what options are accepted, and what its man page must
 * agree with.
 */
#ifndef APP_BALLAST_CLI_COMMAND_H
#define APP_BALLAST_CLI_COMMAND_H

#include <stddef.h>

enum {
    CLI_DONE = 0,
    CLI_NO = 1,          /* the answer is no */
    CLI_BAD = 2,         /* usage or bad input */
    CLI_UNREACHABLE = 3, /* what is outside could not be reached: a host, or the output */
};

struct cli_option {
    const char *name;     /* without the dashes; NULL ends a list */
    const char *argument; /* its name in help, or NULL: the option takes none */
    const char *help;
};

struct cli_args;

struct cli_command {
    const char *name;
    const char *summary;
    const char *operands; /* for the usage line */
    const char *text;     /* what help says before the options */
    const struct cli_option *options;
    int (*run)(struct cli_args *args); /* the exit status */
};

#endif
