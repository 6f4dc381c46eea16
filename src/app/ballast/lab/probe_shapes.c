/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/lab/probe_shapes.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/cli/output.h"
#include "core/base/units.h"

enum { ROUNDS = 3, MOST = 128 };

/* Small enough for a crowded host, and far enough from the 16 MiB that a PVH guest needs at least.
 */
#define LEAST_MIB 32

struct row {
    enum ballast_guest_type type;
    unsigned vcpus;
    bool nested;
};

static const struct row warm[] = {
    {BALLAST_PVH, 32, false}, {BALLAST_HVM, 32, false}, {BALLAST_PV, 32, false},
    {BALLAST_PVH, 32, false}, {BALLAST_HVM, 32, false}, {BALLAST_PV, 32, false},
};

static const struct row rows[] = {
    {BALLAST_PV, 16, false}, {BALLAST_PVH, 16, false}, {BALLAST_HVM, 16, false},
    {BALLAST_PV, 8, false},  {BALLAST_PVH, 8, false},  {BALLAST_HVM, 8, false},
    {BALLAST_PV, 4, false},  {BALLAST_PVH, 4, false},  {BALLAST_HVM, 4, false},
    {BALLAST_PV, 2, false},  {BALLAST_PVH, 2, false},  {BALLAST_HVM, 2, false},
    {BALLAST_PV, 1, false},  {BALLAST_PVH, 1, false},  {BALLAST_HVM, 1, false},
    {BALLAST_HVM, 4, true},  {BALLAST_HVM, 2, true},   {BALLAST_HVM, 1, true},
};

static void add_probe_shapes(struct cli_probe_shape *shapes, size_t *count, const struct row *row,
                             unsigned more)
{
    struct cli_probe_shape *shape = &shapes[(*count)++];
    struct ballast_guest *guest = &shape->guest;
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++)
        guest->attr[i] = BALLAST_UNSET;
    guest->type = row->type;
    (void)snprintf(guest->name, sizeof(guest->name), "%s-%u%s", ballast_guest_type_name(row->type),
                   row->vcpus, row->nested ? "-nested" : "");
    guest->attr[BALLAST_MEMORY] = (LEAST_MIB + more) * BALLAST_MIB_KIB;
    guest->attr[BALLAST_MAXMEM] = guest->attr[BALLAST_MEMORY];
    guest->attr[BALLAST_VCPUS] = 1;
    guest->attr[BALLAST_MAXVCPUS] = row->vcpus;
    if (row->type == BALLAST_HVM)
        guest->attr[BALLAST_VGA] = BALLAST_VGA_NONE;
    if (row->nested)
        guest->attr[BALLAST_NESTEDHVM] = 1;
    shape->may_be_refused = row->nested;
}

void cli_probe_shapes(struct cli_probe_shape **out, size_t *count)
{
    struct cli_probe_shape *shapes = xcheck(calloc(MOST, sizeof(*shapes)));
    *count = 0;
    for (size_t i = 0; i < sizeof(warm) / sizeof(warm[0]); i++)
        add_probe_shapes(shapes, count, &warm[i], 0);
    /* Odd sizes too: what is counted in superpages or MiB would show. */
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            add_probe_shapes(shapes, count, &rows[i], 3 * round);
    }
    *out = shapes;
}
