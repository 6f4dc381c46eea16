/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon, asked by a command. Everything here complains on stderr itself and returns an exit
 * status, CLI_DONE where all is well.
 */
#ifndef APP_BALLAST_CLIENT_DAEMON_H
#define APP_BALLAST_CLIENT_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "edge/wire/wire.h"

struct json_object;

enum cli_daemon_kind {
    CLI_DAEMON_READS,   /* status.sock, which needs no privilege */
    CLI_DAEMON_CHANGES, /* control.sock: root and the group ballast */
};

struct cli_daemon;

/* How it is asked: over its socket, or in this process (app/ballast/local). */
struct cli_daemon_ops {
    /* As wire_call(). */
    int (*call)(struct cli_daemon *daemon, const char *method, struct json_object *params,
                uint64_t timeout_usec, wire_notified_fn *notified, void *context,
                struct wire_message *answer, struct ballast_error *err);
    int (*pass)(struct cli_daemon *daemon, uint64_t usec, struct ballast_error *err);
    int (*finish)(struct cli_daemon *daemon, bool arrives, struct ballast_error *err);
    void (*close)(struct cli_daemon *daemon);
};

struct cli_daemon {
    const struct cli_daemon_ops *ops; /* NULL: it was not opened */
    struct wire_client *client;       /* over its socket; NULL: there is none, or in this process */
    void *local;                      /* in this process */
    bool waits;                       /* a wait ended before its answer */
    const char *command;              /* for messages */
    const char *run_dir;
};

/* `run_dir` as --run-dir has it, NULL without. CLI_UNREACHABLE when there is no daemon. */
int cli_daemon_open(struct cli_daemon *daemon, const char *command, const char *run_dir,
                    enum cli_daemon_kind kind);
/*
 * The same for commands that can do without: where no daemon runs, that is CLI_DONE with a NULL
 * client. One that runs and cannot be used is a failure all the same: no command may act behind its
 * back.
 */
int cli_daemon_try(struct cli_daemon *daemon, const char *command, const char *run_dir,
                   enum cli_daemon_kind kind);
void cli_daemon_close(struct cli_daemon *daemon); /* one that failed to open is fine too */

/*
 * Calls a method (params is taken over) and waits for its answer. *result is the caller's, NULL for
 * null; it may be NULL itself. Where the daemon refuses, that is printed, and the status is as
 * cli_daemon_status() has it.
 */
int cli_daemon_call(struct cli_daemon *daemon, const char *method, struct json_object *params,
                    struct json_object **result);
/* The same where the caller wants to look at a no first, which is CLI_DONE then. */
int cli_daemon_ask(struct cli_daemon *daemon, const char *method, struct json_object *params,
                   struct wire_message *answer);
/*
 * As wire_call(), without a message and without a time limit; ends with -EINTR on an interrupt that
 * is caught (cli/interrupt.h).
 */
int cli_daemon_wait(struct cli_daemon *daemon, const char *method, struct json_object *params,
                    wire_notified_fn *notified, void *context, struct wire_message *answer,
                    struct ballast_error *err);
/* Lets so much of the host's time pass. A signal ends it early. */
int cli_daemon_pass(struct cli_daemon *daemon, uint64_t usec);
/*
 * After cli_daemon_wait(): what it waited for is given up where it was not answered. In this
 * process the domains that are on their way are waited for, if `arrives`, and stop where they are
 * then; a daemon continues by itself. The connection can be used again.
 */
int cli_daemon_finish(struct cli_daemon *daemon, bool arrives);
/* Tells what the daemon said no with; the exit status. */
int cli_daemon_no(const struct cli_daemon *daemon, const struct wire_message *answer);
/* The exit status that belongs to an error of the protocol; CLI_DONE for 0. */
int cli_daemon_status(int wire_code);

/* A reservation goes with this connection from now on; without a word, also where it cannot. */
void cli_daemon_attach(struct cli_daemon *daemon, uint64_t reservation, const char *owner);

#endif
