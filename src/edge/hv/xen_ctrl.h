/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xen itself, through libxenctrl and in no other file. Pages become KiB here. */
#ifndef EDGE_HV_XEN_CTRL_H
#define EDGE_HV_XEN_CTRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/hv/xen_decode.h"

struct xen_ctrl;

/*
 * The error names the device. -ENODEV: no Xen, not its dom0, or of another version; -EACCES: a
 * device may not be opened; -EIO; -ENOTSUP: libxenctrl cannot be loaded. Close it with
 * xen_ctrl_close(), which accepts NULL.
 */
int xen_ctrl_open(struct xen_ctrl **out, struct ballast_error *err);
void xen_ctrl_close(struct xen_ctrl *ctrl);

/*
 * All domains in one hypercall, by id; the array lives until the next call. Without those of
 * xen_is_parked(), which xen_ctrl_parked() has.
 */
int xen_ctrl_domains(struct xen_ctrl *ctrl, const struct xen_counted **out, size_t *count,
                     struct ballast_error *err);
/*
 * How many parked domains there were, without those that were dying, and that have been created
 * since. As they were listed last, by id; the array lives until the next list or creation.
 */
size_t xen_ctrl_parked(const struct xen_ctrl *ctrl, const struct xen_counted **out);
/* Creates one of that uuid, without memory and vCPUs. -ENOMEM; the host's own refusals. */
int xen_ctrl_create_parked(struct xen_ctrl *ctrl, const uint8_t uuid[16], uint32_t *domid,
                           struct ballast_error *err);
int xen_ctrl_destroy(struct xen_ctrl *ctrl, uint32_t domid, struct ballast_error *err);
/* One domain; -ENOENT when it is not there, or dying. */
int xen_ctrl_domain(struct xen_ctrl *ctrl, uint32_t domid, struct xen_counted *out,
                    struct ballast_error *err);
int xen_ctrl_host(struct xen_ctrl *ctrl, struct xen_counted_host *out, struct ballast_error *err);
/* Free memory that 32 bits of address reach. */
int xen_ctrl_low_free(struct xen_ctrl *ctrl, uint64_t *out_kib, struct ballast_error *err);
/* BALLAST_NONE where there is no pool (PV) or it cannot be read. */
uint64_t xen_ctrl_pool_kib(struct xen_ctrl *ctrl, uint32_t domid);
/* Both BALLAST_NONE where it cannot be read. */
void xen_ctrl_pod(struct xen_ctrl *ctrl, uint32_t domid, uint64_t *entries_kib,
                  uint64_t *cache_kib);
/* -ENOENT: the domain is gone. */
int xen_ctrl_set_maximum(struct xen_ctrl *ctrl, uint32_t domid, uint64_t kib,
                         struct ballast_error *err);
int xen_ctrl_set_pod_target(struct xen_ctrl *ctrl, uint32_t domid, uint64_t pages,
                            struct ballast_error *err);
/* So much beyond what the domain holds; 0 gives the claim back. -ENOMEM, -EINVAL: past its maximum.
 */
int xen_ctrl_claim(struct xen_ctrl *ctrl, const struct xen_counted *domain, uint64_t kib,
                   struct ballast_error *err);
int xen_ctrl_version(struct xen_ctrl *ctrl, struct xen_version *out, struct ballast_error *err);
/*
 * The host's memory map, unknown where Xen does not tell it, and whether Xen runs 32-bit PV guests.
 * Both stay the same until the host is booted again.
 */
void xen_ctrl_map(struct xen_ctrl *ctrl, struct ballast_xen_map *out, bool *pv32);
/* Hypercalls made so far. */
uint64_t xen_ctrl_calls(const struct xen_ctrl *ctrl);

#endif
