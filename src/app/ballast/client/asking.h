/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands that ask the daemon one thing have in common. */
#ifndef APP_BALLAST_CLIENT_ASKING_H
#define APP_BALLAST_CLIENT_ASKING_H

#include <stdbool.h>
#include <stdint.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/client/daemon.h"

/* The first options of such a command; of one about a reservation there is one more. */
enum {
    CLI_ASKING_JSON,
    CLI_ASKING_RUN_DIR,
    CLI_ASKING_OPTIONS,
    CLI_ASKING_OWNER = CLI_ASKING_OPTIONS,
};
#define CLI_ASKING_ROWS(json_help)                                                                 \
    [CLI_ASKING_JSON] = {"json", NULL, json_help}, [CLI_ASKING_RUN_DIR] = {"run-dir", "DIR",       \
                                                                           CLI_RUN_DIR_HELP}
#define CLI_ASKING_RESERVATION_ROWS                                                                \
    CLI_ASKING_ROWS("the reservation as it is then"), [CLI_ASKING_OWNER] = {                       \
                                                          "owner", "NAME",                         \
                                                          "whose it is, if not this user's"}

struct cli_asking {
    struct cli_args *args;
    bool json;
    const char *run_dir;
    struct cli_daemon daemon;
};

/* Takes one of the above; others are the command's. */
void cli_asking_option(struct cli_asking *asking, int option);
/* Reads all options of a command that has no others; CLI_BAD when that is told. */
int cli_asking_options(struct cli_asking *asking);
int cli_asking_open(struct cli_asking *asking, enum cli_daemon_kind kind);

/* A reservation's number; CLI_BAD with a message. */
int cli_asking_id(const struct cli_asking *asking, const char *word, uint64_t *out);
/*
 * Reads all of a command about a reservation: its options, and `count` operands, the first of which
 * is the number. *operands has them all, *params the number and the owner, the caller's. CLI_BAD,
 * told: `usage` says what is right.
 */
int cli_asking_reservation(struct cli_asking *asking, size_t count, const char *usage,
                           char ***operands, struct json_object **params);
/* "on" or "off"; the same as of an id. */
int cli_asking_switch(const struct cli_asking *asking, const char *word, bool *out);

/*
 * Calls a method of the control socket, opened where it is not open yet, and closes it: what the
 * daemon answers is printed with
 * --json, and else handed to `tell`. `params` is taken over.
 */
int cli_asking_change(struct cli_asking *asking, const char *method, struct json_object *params,
                      void (*tell)(const struct json_object *result));

#endif
