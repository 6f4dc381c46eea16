/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The known word that an unknown one was probably meant to be: the nearest, and of equals the
 * first.
 */
#ifndef CORE_BASE_NEAREST_H
#define CORE_BASE_NEAREST_H

#include <stddef.h>

/* Longer words are near to none. */
enum { BALLAST_NEAREST_LENGTH = 32 };

struct ballast_nearest {
    const char *word;
    const char *found; /* NULL: none of the known words is near enough */
    size_t distance;   /* of the word that was found */
};

struct ballast_nearest ballast_nearest_to(const char *word);
/* Tries one more known word; ignores NULL. It must live as long as `found` is used. */
void ballast_nearest_try(struct ballast_nearest *nearest, const char *known);

#endif
