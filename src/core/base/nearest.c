/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/nearest.h"

#include <string.h>

#include "core/base/units.h"

/* Two typing errors; one for a short word, since any two of those are near. */
enum { FAR = 3, SHORT = 4 };

struct ballast_nearest ballast_nearest_to(const char *word)
{
    return (struct ballast_nearest){word, NULL, strlen(word) < SHORT ? FAR - 1 : FAR};
}

/*
 * How many letters must be inserted, removed, changed or swapped with the next one to turn `a` into
 * `b`: Damerau's distance, in which no letter is edited twice.
 */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][BALLAST_NEAREST_LENGTH + 1];
    size_t lengths[] = {strlen(a), strlen(b)};
    if (lengths[0] > BALLAST_NEAREST_LENGTH || lengths[1] > BALLAST_NEAREST_LENGTH)
        return FAR;
    for (size_t j = 0; j <= lengths[1]; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= lengths[0]; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= lengths[1]; j++) {
            size_t changed = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = ballast_min_u64(changed, ballast_min_u64(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = ballast_min_u64(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[lengths[0] % 3][lengths[1]];
}

void ballast_nearest_try(struct ballast_nearest *nearest, const char *known)
{
    size_t far = known ? edit_distance(nearest->word, known) : FAR;
    if (far >= nearest->distance)
        return;
    nearest->distance = far;
    nearest->found = known;
}
