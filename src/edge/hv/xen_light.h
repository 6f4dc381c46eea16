/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The toolstack's own way, through libxenlight and in no other file. */
#ifndef EDGE_HV_XEN_LIGHT_H
#define EDGE_HV_XEN_LIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/model/guest.h"

struct xen_light;

/* -ENOTSUP: built without libxenlight, or it cannot be loaded. Close it with xen_light_close(),
 * which accepts NULL. */
int xen_light_open(struct xen_light **out, struct ballast_error *err);
void xen_light_close(struct xen_light *light);

/* -ENOENT: libxl keeps none for this domain. */
int xen_light_config(struct xen_light *light, uint32_t domid, struct ballast_guest *out,
                     struct ballast_error *err);
/* libxl_set_memory_target(); `kib` is below zero only when relative. */
int xen_light_set_target(struct xen_light *light, uint32_t domid, int64_t kib, bool relative,
                         bool enforce, struct ballast_error *err);
/* libxl_domain_setmaxmem(). */
int xen_light_set_maximum(struct xen_light *light, uint32_t domid, uint64_t kib,
                          struct ballast_error *err);

#endif
