/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How certain the figures of a breakdown are, in the words that every program uses. "Measured"
 * means exactly that: on this release and build of Xen, this kind of processor, this type of guest
 * with these devices.
 */
#ifndef CORE_MODEL_CERTAINTY_H
#define CORE_MODEL_CERTAINTY_H

#include <stddef.h>

#include "core/model/breakdown.h"
#include "core/model/host.h"

enum ballast_certainty {
    BALLAST_CERTAINTY_MEASURED, /* to the page, in this very combination */
    BALLAST_CERTAINTY_HOST,     /* by a calibration, on the host that it names */
    BALLAST_CERTAINTY_SOURCE,   /* read in Xen's source */
    BALLAST_CERTAINTY_BOUND,    /* an upper bound, by the source */
    BALLAST_CERTAINTY_RULE,     /* a toolstack's rule, which is an estimate */
    BALLAST_CERTAINTY_GIVEN,    /* figures that came without a configuration */
    BALLAST_CERTAINTIES
};

/*
 * Takes into account which build of Xen the host runs and which processor it has. Without this a
 * breakdown is that of AMD and of its profile's release.
 */
void ballast_certainty_of_host(struct ballast_breakdown *breakdown,
                               const struct ballast_host *host);

enum ballast_certainty ballast_certainty(const struct ballast_breakdown *breakdown);
/* "measured", "host", "source", "bound", "rule", "given". */
const char *ballast_certainty_name(enum ballast_certainty certainty);
/*
 * A phrase: "measured to the page", "by source, not measured: Intel's processors". Returns its
 * length; a small buffer receives as much as fits.
 */
size_t ballast_certainty_text(const struct ballast_breakdown *breakdown, char *buf, size_t size);

#endif
