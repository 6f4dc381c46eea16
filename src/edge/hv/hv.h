/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Ballast needs from a hypervisor host. The real Xen and the simulated host stand behind the
 * same table; callers cannot tell which one it is.
 */
#ifndef EDGE_HV_HV_H
#define EDGE_HV_HV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/model/host.h"

struct hv;

struct hv_ops {
    const char *name; /* "sim", "xen" */
    /*
     * The host as it is now. *out belongs to hv and lives until the next refresh or close. A
     * snapshot is one moment as far as the host can give one: totals and domains are read together.
     */
    int (*refresh)(struct hv *hv, const struct ballast_host **out, struct ballast_error *err);
    /*
     * Sets what is not BALLAST_NONE: first the maximum when it rises, last when it falls. -ENOENT:
     * the domain is gone, nothing was written (its xenstore directory least of all).
     */
    int (*set)(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
               struct ballast_error *err);
    /* Stakes free memory for a domain; 0 gives it back. -ENOMEM when it is not there. */
    int (*claim)(struct hv *hv, uint32_t domid, uint64_t kib, struct ballast_error *err);
    void (*close)(struct hv *hv);
    /*
     * Free memory that no guest is told to grow into, so that the host may take some for itself
     * between two samples of a balancer.
     */
    uint64_t guard_kib;
    /* The rest is NULL where a host reports nothing by itself. Readable when it has a report. */
    int (*event_fd)(struct hv *hv);
    /* Takes in some of it. true: a refresh would see what should not wait for the next tick. */
    bool (*take_events)(struct hv *hv);
    /* Ids of domains that report so much that nothing is taken from them; how many there are. */
    size_t (*noisy)(const struct hv *hv, uint32_t *domids, size_t most);
};

struct hv {
    const struct hv_ops *ops;
};

#endif
