/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/ids.h"

#include <stdlib.h>

#include "core/base/array.h"

static size_t place_of_id(const struct ids *ids, uint64_t id)
{
    size_t at = 0;
    while (at < ids->count && ids->at[at] != id)
        at++;
    return at;
}

void ids_add(struct ids *ids, uint64_t id)
{
    if (!ids_have(ids, id) && array_reserve(&ids->at, &ids->room, ids->count + 1, sizeof(*ids->at)))
        ids->at[ids->count++] = id;
}

bool ids_have(const struct ids *ids, uint64_t id)
{
    return place_of_id(ids, id) < ids->count;
}

void ids_remove(struct ids *ids, uint64_t id)
{
    size_t at = place_of_id(ids, id);
    if (at < ids->count)
        ids->at[at] = ids->at[--ids->count];
}

void ids_free(struct ids *ids)
{
    free(ids->at);
    *ids = (struct ids){0};
}
