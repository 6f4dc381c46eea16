/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The profile of this very host, where it was calibrated: the daemon's, which tells all of it, and
 * where none runs what is in the file at the usual place. One that was made on another Xen or
 * processor is ignored; that is printed on stderr, and is no failure.
 */
#ifndef APP_BALLAST_ACCESS_OWN_PROFILE_H
#define APP_BALLAST_ACCESS_OWN_PROFILE_H

#include <ballast/profile.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/client/daemon.h"
#include "core/model/host.h"

/* Another place than the usual one where it is looked for without a daemon. */
#define CLI_OWN_PROFILE_ENV "BALLAST_HOST_PROFILE"

struct cli_own_profile {
    const struct ballast_profile *profile; /* NULL: there is none, or none that is of this host */
    char why[400];                         /* half a sentence for people: whose it is */
};

/* Each fills *out; what is in there lives until the next call of any. */

/* The profile that the daemon uses. */
void cli_own_profile_ask(struct cli_own_profile *out, struct cli_daemon *daemon);
/* Of the host that a command looks at; a scenario of its own has none. */
void cli_own_profile_of_access(struct cli_own_profile *out, const struct host_access *access);
/*
 * Of a host that was written down and may be any: only where it says which Xen and which processor
 * it has, and those of the file are the same. Without a word otherwise.
 */
void cli_own_profile_of_snapshot(struct cli_own_profile *out, const struct ballast_host *host);

/*
 * Where no profile is of the Xen of that host, and it has none of its own: the sentence of
 * ballast_xen_unknown_text(), the caller's; else NULL.
 */
char *cli_xen_unknown(const struct host_access *access);

#endif
