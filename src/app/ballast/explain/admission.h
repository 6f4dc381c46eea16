/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * By which rules it is decided whether a guest can be started: the host's own profile where it was
 * calibrated, the exact cost where its Xen is known to the page, the toolstack's own need
 * elsewhere.
 */
#ifndef APP_BALLAST_EXPLAIN_ADMISSION_H
#define APP_BALLAST_EXPLAIN_ADMISSION_H

#include <ballast/cost.h>
#include <ballast/profile.h>

#include "app/ballast/access/own_profile.h"
#include "app/ballast/client/daemon.h"
#include "app/ballast/explain/guests.h"
#include "core/model/host.h"

struct json_object;

struct cli_admission {
    const struct ballast_profile *profile; /* NULL: what a guest names, or the default one */
    bool asked;                            /* --profile named it */
    char why[400];                         /* half a sentence for people */
    struct ballast_host host;              /* as far as it decides costs: without domains */
};

/*
 * `asked` is --profile's, NULL without; `own` is the host's own one, NULL where it is not looked
 * for. Of a host that is not known version and processor are "".
 */
void cli_admission_choose(struct cli_admission *out, const struct ballast_profile *asked,
                          const struct ballast_host *host, const struct cli_own_profile *own);
/*
 * The same of a host that the daemon keeps; where it does not tell, of one that is not known. Its
 * own profile is asked for unless it is not to be looked for.
 */
void cli_admission_ask(struct cli_admission *out, const struct ballast_profile *asked,
                       struct cli_daemon *daemon, bool own);
/* What `guest` is evaluated by: a guest that names its profile is only overridden by --profile. */
const struct ballast_profile *cli_admission_profile(const struct cli_admission *admission,
                                                    const struct cli_guest *guest);
/* Why by that. It lives as long as the admission. */
const char *cli_admission_why(const struct cli_admission *admission, const struct cli_guest *guest);

/* How sure a need is: what fits, plan, run and reserve say of it. */
struct cli_certainty {
    const char *word; /* "measured", "source" ...: a static string */
    char text[240];   /* half a sentence for people */
};

void cli_certainty_of(struct cli_certainty *out, const struct ballast_breakdown *breakdown);
/* "certainty" and "certainty_why" of an object. */
void cli_certainty_json(struct json_object *object, const struct cli_certainty *certainty);

#endif
