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
    const char *argument; /* its name in help, "[T]": it may be left out; NULL: there is none */
    const char *help;
    char letter; /* its short form, or 0 */
    /* What its argument may be, one by one, NULL behind the last; NULL: anything. For completion.
     */
    const char *(*value)(size_t i);
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
