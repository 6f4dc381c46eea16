/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists that the daemon answers piece by piece. */
#ifndef APP_BALLAST_CLIENT_PAGES_H
#define APP_BALLAST_CLIENT_PAGES_H

#include "app/ballast/client/daemon.h"

/* A list of the protocol: its method is called until there is no more. */
struct cli_list_of {
    const char *method; /* also the member that has the items */
    const char *number; /* the key of an item's number, behind which params.after continues */
};

extern const struct cli_list_of cli_list_of_domains;
extern const struct cli_list_of cli_list_of_reservations;

/*
 * All items as one array, the caller's. `params` (taken over) goes with each call. Failures are
 * those of cli_daemon_call().
 */
int cli_pages(struct cli_daemon *daemon, const struct cli_list_of *list, struct json_object *params,
              struct json_object **out);

#endif
