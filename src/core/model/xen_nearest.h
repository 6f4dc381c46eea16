/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which exact profile stands for a Xen that none was made of. */
#ifndef CORE_MODEL_XEN_NEAREST_H
#define CORE_MODEL_XEN_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

#include <ballast/profile.h>

/*
 * The exact profile of the release `version` ("4.17.7+13-g2445b30a44"). Where there is none, or it
 * stands for later point releases than are known, *is_known is false and the profile is that of the
 * nearest series; of two as near the later one. NULL if it is not a version.
 */
const struct ballast_profile *ballast_xen_nearest(const char *version, bool *is_known);

enum { BALLAST_XEN_UNKNOWN_TEXT = 256 };

/*
 * Where that Xen is not known: one sentence with what is used instead and the remedy. Returns its
 * length; 0, and an empty text, where it is known or `version` is empty.
 */
size_t ballast_xen_unknown_text(const char *version, char *buf, size_t size);

#endif
