/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All commands of `ballast`. command_table.c is made by meson from the SOURCES of the rooms: a file
 * cmd_NAME.c there has the row cmd_NAME (with - for _ in what people type).
 */
#ifndef APP_BALLAST_COMMANDS_H
#define APP_BALLAST_COMMANDS_H

#include "app/ballast/cli/command.h"

/* In the order of help; NULL ends it. */
extern const struct cli_command *const cli_commands[];

/* The whole program; returns its exit status. */
int cli_main(int argc, char **argv);

#endif
