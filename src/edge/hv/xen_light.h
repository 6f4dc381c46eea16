/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The toolstack's own way, through libxenlight and in no other file. */
#ifndef EDGE_HV_XEN_LIGHT_H
#define EDGE_HV_XEN_LIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/model/guest.h"
#include "edge/hv/xen_decode.h"

struct xen_light;

/* -ENOTSUP: built without libxenlight, or it cannot be loaded. Close it with xen_light_close(),
 * which accepts NULL. */
int xen_light_open(struct xen_light **out, struct ballast_error *err);
void xen_light_close(struct xen_light *light);

/* -ENOENT: libxl keeps none for this domain. */
int xen_light_config(struct xen_light *light, uint32_t domid, struct ballast_guest *out,
                     struct ballast_error *err);
/*
 * Whether that configuration has the domain destroyed and built again after it shut down so: its
 * on_poweroff, on_reboot, on_crash or on_watchdog. One that is renamed and preserved returns no
 * memory, so it does not count. -ENOENT as above.
 */
int xen_light_restarts(struct xen_light *light, uint32_t domid, enum xen_shutdown why, bool *out,
                       struct ballast_error *err);
/* libxl_set_memory_target() of an absolute size. */
int xen_light_set_target(struct xen_light *light, uint32_t domid, uint64_t kib, bool enforce,
                         struct ballast_error *err);
/* libxl_domain_setmaxmem(). */
int xen_light_set_maximum(struct xen_light *light, uint32_t domid, uint64_t kib,
                          struct ballast_error *err);

#endif
