/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/guestcfg/list.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/error.h"

void guestcfg_list_release(struct guestcfg_list *list)
{
    free(list->guests);
    free(list->faults);
    *list = (struct guestcfg_list){0};
}

int guestcfg_list_add(struct guestcfg_list *list, const struct guestcfg_guest *guest,
                      struct ballast_error *err)
{
    /* The capacity is the next power of two, so the array grows only at those counts. */
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count ? list->count * 2 : 1;
        struct guestcfg_guest *moved = reallocarray(list->guests, room, sizeof(*moved));
        if (!moved)
            return ballast_fail(err, -ENOMEM, "out of memory");
        list->guests = moved;
    }
    list->guests[list->count++] = *guest;
    return 0;
}

int guestcfg_list_fault(struct guestcfg_list *list, const struct guestcfg_options *options, int rc,
                        const struct ballast_error *err)
{
    bool is_input = rc == -EINVAL || rc == -EFBIG || rc == -EOVERFLOW || rc == -ERANGE;
    if (!options || !options->keep_going || !err || !is_input ||
        list->fault_count >= GUESTCFG_MAX_FAULTS)
        return rc;
    struct ballast_error *moved =
        reallocarray(list->faults, list->fault_count + 1, sizeof(*list->faults));
    if (!moved)
        return -ENOMEM;
    list->faults = moved;
    list->faults[list->fault_count++] = *err;
    return 0;
}
