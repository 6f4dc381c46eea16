/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A real Xen host behind edge/hv/hv.h, and what commands ask beyond it.
 *
 * One refresh costs one XEN_SYSCTL_getdomaininfolist and one XEN_SYSCTL_physinfo; paging pools are
 * read when a domain appears or its maximum moves, populate-on-demand while a guest still has some
 * to come; xenstore is followed by watches, so that only what has changed is read. The first sample
 * of a host that is only read asks xenstore for everything at once instead (xen_bulk.c). libxenctrl
 * is used in xen_ctrl.c, libxenstore in xen_store.c, libxenlight in xen_light.c, and nowhere else.
 * Pages become KiB there.
 *
 * In the snapshot of hv.h targets and maxima count like tot_kib: memory/target and memory/videoram
 * together, and Xen's maximum less extra internal. The extra internal of every domain is kept back
 * in slack_kib, however much of it is in use, so that reservations hold to the page and a maximum
 * that is moved takes nothing from what is available.
 */
#ifndef EDGE_HV_XEN_H
#define EDGE_HV_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>
#include <ballast/profile.h>

#include "core/model/guest.h"
#include "core/model/target.h"
#include "edge/hv/hv.h"

/*
 * What Xen may take for itself between two samples of a balancer, beyond what any guest shows: seen
 * in tests/lab/t/90-run, 76 KiB while guests were started. 379 pages is all that one guest can have
 * it take for grant frames, at once at the worst.
 */
#define XEN_GUARD_KIB UINT64_C(2048)

struct xen_version {
    unsigned major;
    unsigned minor;
    char extra[64];         /* ".7+13-g2445b30a44" */
    char commandline[1024]; /* Xen's own */
};

enum xen_way {
    XEN_WAY_OWN,   /* libxenctrl and libxenstore */
    XEN_WAY_LIBXL, /* libxl_set_memory_target(), libxl_domain_setmaxmem() */
};

struct xen_options {
    /* Nothing is changed (-EPERM), and no watch is set before the second refresh. */
    bool read_only;
    enum xen_way way; /* by which set() and set_maximum() go where libxl has one */
};

/*
 * -ENOTSUP in a build without Xen's libraries; -ENODEV where this is no Xen host, or no dom0;
 * -ENXIO where a device of one is missing, -ECONNREFUSED where xenstored is.
 */
int xen_open(const struct xen_options *options, struct hv **out, struct ballast_error *err);

int xen_version(struct hv *hv, struct xen_version *out, struct ballast_error *err);
/* Which set of rules that Xen's libxl follows (docs/assumptions.md); never NULL. */
const struct ballast_profile *xen_profile(const struct xen_version *version);

/* How much has been asked of Xen and xenstore since the host was opened. */
struct xen_calls {
    uint64_t hypercalls;
    uint64_t xenstore; /* requests: reads, writes, watches, transactions */
    uint64_t events;   /* that xenstore sent */
};
void xen_calls(const struct hv *hv, struct xen_calls *out);

/*
 * Carries out a plan of core/model/target.h on a domain. Our own way writes xenstore in one
 * transaction that first reads the domain's directory, so that one that has just died is not made
 * again, and undoes Xen's maximum when the rest fails. -ENOENT: the domain is gone.
 */
int xen_set_target(struct hv *hv, uint32_t domid, enum xen_way way, uint64_t kib, bool enforce,
                   struct ballast_target_plan *done, struct ballast_error *err);
int xen_set_maximum(struct hv *hv, uint32_t domid, enum xen_way way, uint64_t kib,
                    struct ballast_target_plan *done, struct ballast_error *err);
/* memory/dynamic-min and memory/dynamic-max, together. -EINVAL: min > max, max above static-max. */
int xen_set_range(struct hv *hv, uint32_t domid, uint64_t min_kib, uint64_t max_kib,
                  struct ballast_error *err);
/*
 * The domain as the rules of core/model/target.h look at it; nothing is read or done. dom0 without
 * nodes of its own counts with what Xen says, as libxl does. -ENODATA: memory/target or
 * memory/static-max is not there (still being built, or of a toolstack that does not write them).
 */
int xen_target_domain(const struct hv_domain *domain, struct ballast_target_domain *out,
                      struct ballast_error *err);

#endif
