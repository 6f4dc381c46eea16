/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What follows from what Xen counts and xenstore has: pure, and built without Xen's libraries, so
 * that every case can be tested anywhere. Most nodes can be written by somebody who means no good:
 * a value that is not what it should be counts as not there.
 */
#ifndef EDGE_HV_XEN_DECODE_H
#define EDGE_HV_XEN_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/host.h"
#include "core/model/suspend.h"
#include "edge/hv/xen.h"

/* LIBXL_MAXMEM_CONSTANT, libxl_internal.h: what libxl adds to a domain's maximum. */
#define XEN_EXTRA_INTERNAL_KIB UINT64_C(1024)
/* 52 bits of physical address, the most that x86 has: a size beyond that is no size. */
#define XEN_MOST_KIB (UINT64_C(1) << 42)

/* A domain as Xen counts it. */
struct xen_counted {
    uint32_t id;
    uint8_t uuid[16];
    enum ballast_guest_type type;
    bool paused;
    bool dying;
    bool shutdown;
    bool suspended; /* shut down in order to be saved or sent away */
    bool reboots;   /* shut down in order to be started again */
    bool is_store;  /* the xenstore domain */
    uint32_t vcpus;
    uint64_t tot_kib;
    uint64_t max_kib;
    uint64_t claim_kib;
};

/* The host as Xen counts it. */
struct xen_counted_host {
    uint64_t total_kib;
    uint64_t free_kib;
    uint64_t scrub_kib;
    uint64_t claimed_kib;
    struct ballast_host_caps caps;
};

/* What is followed below /local/domain/N. */
enum xen_node {
    XEN_NODE_NAME,
    XEN_NODE_SERVES, /* "target": the domain whose device model this one is */
    XEN_NODE_TARGET,
    XEN_NODE_STATIC_MAX,
    XEN_NODE_VIDEORAM,
    XEN_NODE_DYNAMIC_MIN,
    XEN_NODE_DYNAMIC_MAX,
    XEN_NODE_MEMINFO,
    XEN_NODE_FEATURE_BALLOON,
    XEN_NODE_FEATURE_SUSPEND,
    XEN_NODE_FEATURE_POWEROFF,
    XEN_NODE_FEATURE_REBOOT,
    XEN_NODE_SHUTDOWN,
    XEN_NODES
};
/* A set of nodes. */
#define XEN_NODE_BIT(node)  (UINT32_C(1) << (node))
#define XEN_NODES_ALL       (XEN_NODE_BIT(XEN_NODES) - 1)
#define XEN_NODES_IN_MEMORY (XEN_NODE_BIT(XEN_NODE_MEMINFO + 1) - XEN_NODE_BIT(XEN_NODE_TARGET))
#define XEN_NODES_IN_CONTROL                                                                       \
    (XEN_NODE_BIT(XEN_NODE_SHUTDOWN + 1) - XEN_NODE_BIT(XEN_NODE_FEATURE_BALLOON))

/* "memory/target": the node's path below its domain's. */
const char *xen_node_path(enum xen_node node);

/* What xenstore has of a domain. Sizes: BALLAST_NONE where it is not usable. */
struct xen_said {
    char name[HV_NAME];
    uint64_t serves; /* BALLAST_NONE: it is no stubdomain */
    uint64_t target_kib;
    uint64_t static_max_kib;
    uint64_t videoram_kib;
    uint64_t dynamic_min_kib;
    uint64_t dynamic_max_kib;
    uint64_t used_kib;
    bool on[XEN_NODES]; /* of the features: "1" */
    bool suspending;    /* control/shutdown is "suspend" */
};

/* Nothing is there. */
void xen_said_nothing(struct xen_said *said);
/* One node's value, NULL when it is not there. `length` excludes any terminator. */
void xen_hear(struct xen_said *said, enum xen_node node, const char *value, size_t length);
/* Decimal digits and nothing else, no more than XEN_MOST_KIB; BALLAST_NONE for all other text. */
uint64_t xen_parse_kib(const char *text, size_t length);
/*
 * The nodes that an event for `path` is about; 0 when it is about none of them. *domid is whose it
 * is, also then; XEN_NO_DOMID: it is below no domain's directory.
 */
#define XEN_NO_DOMID UINT32_MAX
uint32_t xen_event_nodes(const char *path, uint32_t *domid);

/* The two put together; what neither has (pool, PoD, the time of a report) is BALLAST_NONE. */
void xen_know(const struct xen_counted *counted, const struct xen_said *said,
              struct hv_domain *out);
/* What it says of being suspended, as far as that counts: `report` is that domain's, from sample to
 * sample. */
void xen_believe(const struct xen_said *said, struct suspend_report *report, uint64_t now_usec,
                 struct hv_domain *out);
/* A domain as the snapshot of hv.h has it. `host_kib` bounds what has no bound. */
void xen_show(const struct hv_domain *domain, uint64_t host_kib, uint64_t now_usec,
              struct ballast_domain *out);
/*
 * What is kept back for extra internal, which Xen lets domains take beyond the maximum that is
 * shown: all of it of every domain that is not dying. Whatever maxima are moved to, what Xen lets a
 * domain take more is within that and its shown maximum; it does not change with them.
 */
uint64_t xen_extra_internal_kib(const struct hv_domain *domains, size_t count);
/*
 * Takes from free memory what was counted twice because it changed hands between two hypercalls.
 * False: so much that the host should be sampled again first.
 */
bool xen_reconcile(struct ballast_host *host);

#endif
