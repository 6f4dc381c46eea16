/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which guests to build, one after the other, so that their cells suffice for fit.h: each type in
 * several sizes, each size often, larger ones between smaller ones, so that the heap grows early
 * and most later guests match the line.
 */
#ifndef CORE_FIT_PLAN_H
#define CORE_FIT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/guest.h"

struct fit_plan {
    uint64_t
        memory_kib; /* of each guest, whole MiB: 64 MiB suffice, and a little more every round */
    unsigned most_vcpus; /* 16 suffice; below 8 the result may not be clear */
    unsigned rounds;     /* 6 suffice; each has all types and sizes, and takes time for each */
    bool types[BALLAST_GUEST_TYPES]; /* types that can be built on this host */
    bool nested;                     /* a guest with nested virtualisation can be built */
};

size_t fit_plan_count(const struct fit_plan *plan);
/*
 * The i-th guest: a name of its own, "ballast-fit-17", and the non-default part of its
 * configuration. The caller decides how it boots; it is never unpaused. -ENOENT past the end.
 */
int fit_plan_guest(const struct fit_plan *plan, size_t i, struct ballast_guest *out);

#endif
