/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which known word somebody meant who wrote one that is not: the nearest, and of equals the first.
 */
#ifndef CORE_BASE_NEAREST_H
#define CORE_BASE_NEAREST_H

#include <stddef.h>

/* Words that are longer are near to none. */
enum { BALLAST_NEAREST_LENGTH = 32 };

struct ballast_nearest {
    const char *word;
    const char *found; /* NULL: none of those that were tried is near enough */
    size_t distance;   /* of the one that was found */
};

struct ballast_nearest ballast_nearest_to(const char *word);
/* One more word that exists; NULL is passed over. It must live as long as `found` is used. */
void ballast_nearest_try(struct ballast_nearest *nearest, const char *known);

#endif
