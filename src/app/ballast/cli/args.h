/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments of one command, read by getopt_long after the options in its row. */
#ifndef APP_BALLAST_CLI_ARGS_H
#define APP_BALLAST_CLI_ARGS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/ballast/cli/command.h"

enum { CLI_MAX_OPTIONS = 16 };

struct cli_args {
    const struct cli_command *command;
    int argc;
    char **argv;
    struct option longs[CLI_MAX_OPTIONS + 1];
    char letters[3 * CLI_MAX_OPTIONS + 4];
    int option;        /* what cli_args_next() returned */
    const char *value; /* of that option; NULL where none was given */
};

enum {
    CLI_ARGS_END = -1, /* the rest are operands */
    CLI_ARGS_BAD = -2, /* with a message: end with CLI_BAD */
};

/* argv[0] is the command's name. */
void cli_args_begin(struct cli_args *args, const struct cli_command *command, int argc,
                    char **argv);
/* The index of the next option in the command's list, or one of the above. */
int cli_args_next(struct cli_args *args);
/* The operands, when the options are through. */
char **cli_args_operands(const struct cli_args *args, size_t *count);
/* CLI_DONE, or CLI_BAD with a message where there are operands; `instead` says what to write. */
int cli_args_no_operands(const struct cli_args *args, const char *instead);
/* Prints "COMMAND: ...; see 'ballast help COMMAND'". Returns CLI_BAD. */
__attribute__((format(printf, 2, 3))) int cli_args_wrong(const struct cli_args *args,
                                                         const char *format, ...);
/* Takes the argument of the option as a time. CLI_BAD with a message. */
int cli_args_time(const struct cli_args *args, uint64_t *out_usec);
/* The same where 0 makes no sense. */
int cli_args_span(const struct cli_args *args, uint64_t *out_usec);
/* A whole number within these bounds, as people write it; false, with *out unchanged, otherwise. */
bool cli_args_number(const char *word, uint64_t least, uint64_t most, uint64_t *out);
/* Values of options for their rows: of --color, of --policy, and of --policy with the peers' rules.
 */
const char *cli_colour_name(size_t i);
const char *cli_policy_name(size_t i);
const char *cli_any_policy_name(size_t i);
/* Takes the argument of --color, as cli_colour() does. CLI_BAD with a message. */
int cli_args_colour(const struct cli_args *args, bool *out);

/* CLI_BAD, with a message that lists the policies: none has that name. */
int cli_args_no_policy(const struct cli_args *args, const char *name);
/* The policy of that name, the peers' too; NULL as above. NULL as a name is the default. */
const struct policy *cli_args_any_policy(const struct cli_args *args, const char *name);

#endif
