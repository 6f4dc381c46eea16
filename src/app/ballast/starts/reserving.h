/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A reservation asked for, and waited for with a word of what happens meanwhile. */
#ifndef APP_BALLAST_STARTS_RESERVING_H
#define APP_BALLAST_STARTS_RESERVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/client/daemon.h"

/* BALLAST_NONE and NULL: the daemon's default. */
struct cli_want {
    uint64_t min_kib;
    uint64_t max_kib;
    uint64_t lease_usec;
    uint64_t deadline_usec;
    const char *owner;
    const char *label; /* for people */
    const char *name;  /* of the guest that it is for */
    const char *uuid;
    uint64_t node;        /* 1 + the NUMA node of its memory; 0: any */
    bool pool;            /* for any new domain without a reservation */
    bool starts;          /* its start follows the grant at once */
    bool with_connection; /* it is released when we are killed, unless it is bound by then */
};

/* A donor. */
struct cli_source {
    uint64_t domid;
    char *shown; /* owned */
    uint64_t reclaimed_kib;
};

struct cli_reserving {
    struct cli_daemon *daemon;
    struct cli_want want;
    bool quiet;                      /* no progress */
    uint64_t id;                     /* 0: there is none */
    struct json_object *reservation; /* as it was last seen; NULL before */
    struct wire_message no;          /* error_code not 0: what it was refused with */
    struct cli_source *sources;      /* all donors */
    size_t source_count;
};

/* The value of --uuid. CLI_BAD: it is not a uuid, and that has been reported. */
int cli_reserving_uuid(const struct cli_args *args, struct cli_want *want);

/*
 * Asks. CLI_DONE: there is a reservation, granted or not (`id`). CLI_NO: refused at once, without a
 * message yet (`no` has the words). Others with a message.
 */
int cli_reserving_ask(struct cli_reserving *reserving);
/* Whether it is granted. */
bool cli_reserving_is_granted(const struct cli_reserving *reserving);
/*
 * Waits until it is decided, and prints on stderr what is missing and which domains free it.
 * CLI_DONE: granted. CLI_NO: it is not, without a message yet; after a signal (cli_signal()) it has
 * been released. It waits for a daemon that ends to start again; one that does not is
 * CLI_UNREACHABLE, with a message.
 */
int cli_reserving_wait(struct cli_reserving *reserving);
/* Releases it; without a message where that is no longer possible. */
void cli_reserving_release(struct cli_reserving *reserving);
/*
 * It stays when this connection ends, from now on. Failures are those of cli_daemon_call(); then
 * it goes with the connection.
 */
int cli_reserving_keep(struct cli_reserving *reserving);
/* What became of it as a sentence for people. */
void cli_reserving_why(const struct cli_reserving *reserving, char *buf, size_t size);
void cli_reserving_end(struct cli_reserving *reserving);

#endif
