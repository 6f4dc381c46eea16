/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands that ask the daemon one thing have in common. */
#ifndef APP_BALLAST_CLIENT_DAEMON_REQUEST_H
#define APP_BALLAST_CLIENT_DAEMON_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/client/daemon.h"

/* The first options of such a command; of one about a reservation there is one more. */
enum {
    CLI_REQUEST_JSON,
    CLI_REQUEST_RUN_DIR,
    CLI_REQUEST_OPTIONS,
    CLI_REQUEST_OWNER = CLI_REQUEST_OPTIONS,
};
#define CLI_REQUEST_ROWS(json_help)                                                                \
    [CLI_REQUEST_JSON] = {"json", NULL, json_help}, [CLI_REQUEST_RUN_DIR] = {"run-dir", "DIR",     \
                                                                             CLI_RUN_DIR_HELP}
#define CLI_REQUEST_RESERVATION_ROWS                                                               \
    CLI_REQUEST_ROWS("the reservation as it is then"), [CLI_REQUEST_OWNER] = {                     \
                                                           "owner", "NAME",                        \
                                                           "whose it is, if not this user's"}

struct cli_daemon_request {
    struct cli_args *args;
    bool json;
    const char *run_dir;
    struct cli_daemon daemon;
};

/* Takes one of the above; others are the command's. */
void cli_daemon_request_option(struct cli_daemon_request *request, int option);
/* Reads all options of a command that has no others; CLI_BAD, with a message. */
int cli_daemon_request_options(struct cli_daemon_request *request);
int cli_daemon_request_open(struct cli_daemon_request *request, enum cli_daemon_kind kind);

/* A reservation's number; CLI_BAD with a message. */
int cli_daemon_request_id(const struct cli_daemon_request *request, const char *word,
                          uint64_t *out);
/*
 * Reads all of a command about a reservation: its options, and `count` operands, the first of which
 * is the number. *operands has them all, *params the number and the owner, the caller's. CLI_BAD,
 * with a message; `usage` says what to write.
 */
int cli_daemon_request_reservation(struct cli_daemon_request *request, size_t count,
                                   const char *usage, char ***operands,
                                   struct json_object **params);
/* "on" or "off"; the same as of an id. */
int cli_daemon_request_switch(const struct cli_daemon_request *request, const char *word,
                              bool *out);

/*
 * Calls a method of the control socket, opened where it is not open yet, and closes it: what the
 * daemon answers is printed with
 * --json, and else handed to `print`. `params` is taken over.
 */
int cli_daemon_request_call(struct cli_daemon_request *request, const char *method,
                            struct json_object *params,
                            void (*print)(const struct json_object *result));

#endif
