/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The new domain of a guest that is being started: looked for, and bound to its reservation. */
#ifndef APP_BALLAST_STARTS_DOMAIN_WATCH_H
#define APP_BALLAST_STARTS_DOMAIN_WATCH_H

#include <stdint.h>

#include <ballast/error.h>

#include "app/ballast/client/daemon.h"

enum cli_domain_watch_state {
    CLI_WATCH_NONE,    /* it is not there yet */
    CLI_WATCH_BOUND,   /* and has its reservation */
    CLI_WATCH_REFUSED, /* it is there, and cannot have the reservation: `why` */
    CLI_WATCH_LOST,    /* the daemon does not answer: `why` */
};

struct cli_domain_watch {
    struct cli_daemon *daemon;
    const char *name;
    const char *uuid; /* NULL: known by name alone */
    uint64_t *before; /* the numbers of those of that name or uuid that were there */
    size_t before_count;
    uint64_t namesake;    /* one of `before` that has that name; BALLAST_NONE: none has */
    uint64_t reservation; /* set these two before the first poll */
    const char *owner;
    enum cli_domain_watch_state state;
    uint64_t domid;
    uint64_t gone_usec; /* since when the daemon is; 0: it is not */
    char why[BALLAST_ERROR_TEXT];
};

/*
 * Records the domains of that name or, unless it is NULL, of that uuid: the daemon binds by
 * either. Both texts must live as long as the watch. Failures are those of cli_daemon_call().
 */
int cli_domain_watch_begin(struct cli_domain_watch *watch, struct cli_daemon *daemon,
                           const char *name, const char *uuid);
/* Looks for a domain of that name or uuid that was not there, and binds it; without a message. */
void cli_domain_watch_poll(struct cli_domain_watch *watch);
void cli_domain_watch_end(struct cli_domain_watch *watch);

#endif
