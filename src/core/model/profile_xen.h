/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The exact profiles: one per release of Xen, and one per series, which stands for its last known
 * release.
 */
#ifndef CORE_MODEL_PROFILE_XEN_H
#define CORE_MODEL_PROFILE_XEN_H

#include <stddef.h>

#include "core/model/profile.h"
#include "core/model/xen_terms.h"

/* The listed ones, one per series; NULL past the end. */
const struct ballast_profile *ballast_xen_profile_at(size_t i);
/* Finds "xen-4.17" or "xen-4.17.3"; NULL if there is none. */
const struct ballast_profile *ballast_xen_profile_find(const char *name);
/* The terms of an exact profile, NULL for the others. */
const struct ballast_xen_terms *ballast_xen_profile_terms(const struct ballast_profile *profile);

/*
 * Makes *out an exact profile over `terms`, for a host that was calibrated; `name`, `summary` and
 * `terms` must live as long.
 */
void ballast_xen_profile_make(struct ballast_profile *out, const char *name, const char *summary,
                              const struct ballast_xen_terms *terms);

#endif
