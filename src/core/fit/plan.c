/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fit/plan.h"

#include <errno.h>
#include <stdio.h>

#include "core/base/units.h"

/* Large and small ones alternate. */
static const unsigned sizes[] = {16, 1, 8, 2, 12, 4, 3, 6};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static size_t sizes_of(const struct fit_plan *plan, unsigned out[SIZES])
{
    size_t count = 0;
    for (size_t i = 0; i < SIZES; i++) {
        if (sizes[i] <= plan->most_vcpus)
            out[count++] = sizes[i];
    }
    return count;
}

static size_t types_of(const struct fit_plan *plan, enum ballast_guest_type out[])
{
    size_t count = 0;
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++) {
        if (plan->types[type])
            out[count++] = (enum ballast_guest_type)type;
    }
    return count;
}

size_t fit_plan_count(const struct fit_plan *plan)
{
    unsigned of_size[SIZES];
    enum ballast_guest_type of_type[BALLAST_GUEST_TYPES];
    return (size_t)plan->rounds * sizes_of(plan, of_size) * types_of(plan, of_type);
}

int fit_plan_guest(const struct fit_plan *plan, size_t i, struct ballast_guest *out)
{
    unsigned of_size[SIZES];
    enum ballast_guest_type of_type[BALLAST_GUEST_TYPES];
    size_t size_count = sizes_of(plan, of_size), type_count = types_of(plan, of_type);
    char name[48];
    if (i >= fit_plan_count(plan))
        return -ENOENT;
    size_t round = i / (size_count * type_count), at = i % (size_count * type_count);
    (void)snprintf(name, sizeof(name), "ballast-fit-%zu", i);
    /* The type changes with every guest, and the first type with every round. */
    enum ballast_guest_type type = of_type[(at + round) % type_count];
    (void)ballast_guest_init(out, type, name, NULL);
    out->attr[BALLAST_MEMORY] = plan->memory_kib + round * 16 * BALLAST_MIB_KIB;
    out->attr[BALLAST_VCPUS] = of_size[at / type_count];
    if (plan->nested && type != BALLAST_PV && round % 3 == 2)
        out->attr[BALLAST_NESTEDHVM] = 1;
    return 0;
}
