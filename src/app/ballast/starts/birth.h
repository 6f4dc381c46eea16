/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The new domain of a guest that is being started: looked for, and bound to its reservation. */
#ifndef APP_BALLAST_STARTS_BIRTH_H
#define APP_BALLAST_STARTS_BIRTH_H

#include <stdint.h>

#include <ballast/error.h>

#include "app/ballast/client/daemon.h"

enum cli_birth_state {
    CLI_BIRTH_NONE,    /* it is not there yet */
    CLI_BIRTH_BOUND,   /* and has its reservation */
    CLI_BIRTH_REFUSED, /* it is there, and cannot have the reservation: `why` */
    CLI_BIRTH_LOST,    /* the daemon does not answer: `why` */
};

struct cli_birth {
    struct cli_daemon *daemon;
    const char *name;
    uint64_t *before; /* the numbers of those of that name that were there */
    size_t before_count;
    uint64_t reservation; /* set these two before the first look */
    const char *owner;
    enum cli_birth_state state;
    uint64_t domid;
    uint64_t gone_usec; /* since when the daemon is; 0: it is not */
    char why[BALLAST_ERROR_TEXT];
};

/* Remembers who is there. Failures are those of cli_daemon_call(). */
int cli_birth_expect(struct cli_birth *birth, struct cli_daemon *daemon, const char *name);
/* Looks for a domain of that name that was not there, and binds it; tells nothing. */
void cli_birth_look(struct cli_birth *birth);
void cli_birth_end(struct cli_birth *birth);

#endif
