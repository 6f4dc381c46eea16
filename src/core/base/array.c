/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

bool array_reserve(void *array_at, size_t *room, size_t count, size_t size)
{
    size_t larger = *room ? *room : FIRST_ROOM;
    void *array;
    if (count <= *room)
        return true;
    if (count > SIZE_MAX / 2)
        return false;
    while (larger < count)
        larger *= 2;
    memcpy(&array, array_at, sizeof(array));
    array = reallocarray(array, larger, size);
    if (!array)
        return false;
    memcpy(array_at, &array, sizeof(array));
    *room = larger;
    return true;
}
