/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Profiles: the sets of rules that turn a guest's configuration into a breakdown. A profile's
 * summary describes it; src/core/model/profile.c has the source of each constant.
 */
#ifndef BALLAST_PROFILE_H
#define BALLAST_PROFILE_H

#include <stddef.h>

#include <ballast/export.h>

struct ballast_profile;

/* The profile of that name ("libxl", "xapi" ...), or NULL. `name` NULL: the default. */
BALLAST_API const struct ballast_profile *ballast_profile_find(const char *name);
/* The i-th profile of the table, or NULL past the end. The first one is the default. */
BALLAST_API const struct ballast_profile *ballast_profile_at(size_t i);

BALLAST_API const char *ballast_profile_name(const struct ballast_profile *profile);
/* One line, no newline. */
BALLAST_API const char *ballast_profile_summary(const struct ballast_profile *profile);

#endif
