/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What follows from what Xen counts and xenstore has: pure, and built without Xen's libraries, so
 * that every case can be tested anywhere. Most nodes can be written by a hostile guest:
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

/* Why a domain has shut down, as far as its toolstack may start it again for that. */
enum xen_shutdown {
    XEN_SHUTDOWN_NONE, /* it has not, or for another reason */
    XEN_SHUTDOWN_POWEROFF,
    XEN_SHUTDOWN_REBOOT,
    XEN_SHUTDOWN_CRASH,
    XEN_SHUTDOWN_WATCHDOG
};

/* A domain as Xen counts it. */
struct xen_counted {
    uint32_t id;
    uint8_t uuid[16];
    enum ballast_guest_type type;
    bool paused;
    bool dying;
    bool shutdown;
    bool suspended; /* shut down in order to be saved or sent away */
    enum xen_shutdown why;
    bool is_store; /* the xenstore domain */
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
    uint32_t cpus; /* online */
    struct ballast_host_caps caps;
};

/* What is followed below /local/domain/N. */
enum xen_node {
    XEN_NODE_NAME,
    XEN_NODE_SERVES, /* "target": the domain whose device model this one is */
    XEN_NODE_TARGET,
    XEN_NODE_STATIC_MAX,
    XEN_NODE_VIDEORAM,
    XEN_NODE_HOTPLUG_MAX,
    XEN_NODE_DYNAMIC_MIN,
    XEN_NODE_DYNAMIC_MAX,
    XEN_NODE_MEMINFO,
    XEN_NODE_SWAPINFO,
    XEN_NODE_FEATURE_BALLOON,
    XEN_NODE_FEATURE_SUSPEND,
    XEN_NODE_FEATURE_POWEROFF,
    XEN_NODE_FEATURE_REBOOT,
    XEN_NODE_SHUTDOWN,
    XEN_NODE_MEMINFO_FREE,
    XEN_NODE_ALIVE,
    XEN_NODE_PSI_SOME, /* from here on in the order of enum ballast_pressure_kind */
    XEN_NODE_PSI_FULL,
    XEN_NODE_REFAULTS,
    XEN_NODE_SWAPIN,
    XEN_NODE_STALLS,
    XEN_NODE_OOM_KILLS,
    XEN_NODE_DRIVER,  /* whether the guest's kernel has its balloon driver, as ballast-agent sees it
                       */
    XEN_NODE_UPDATED, /* never read: that they are written is a sign of life */
    XEN_NODE_UPDATE_CNT,
    XEN_NODES
};
/* A set of nodes. */
#define XEN_NODE_BIT(node)          (UINT32_C(1) << (node))
#define XEN_NODES_FROM_TO(from, to) (XEN_NODE_BIT((to) + 1) - XEN_NODE_BIT(from))
#define XEN_NODES_ALL               (XEN_NODE_BIT(XEN_NODES) - 1)
#define XEN_NODES_IN_MEMORY         XEN_NODES_FROM_TO(XEN_NODE_TARGET, XEN_NODE_SWAPINFO)
#define XEN_NODES_IN_CONTROL        XEN_NODES_FROM_TO(XEN_NODE_FEATURE_BALLOON, XEN_NODE_SHUTDOWN)
#define XEN_NODES_IN_DATA           XEN_NODES_FROM_TO(XEN_NODE_MEMINFO_FREE, XEN_NODE_UPDATE_CNT)
/* Of ballast-agent, data/ballast; all but the first are read only where that one is there. */
#define XEN_NODES_IN_BALLAST XEN_NODES_FROM_TO(XEN_NODE_ALIVE, XEN_NODE_DRIVER)
#define XEN_NODES_PRESSURE   XEN_NODES_FROM_TO(XEN_NODE_PSI_SOME, XEN_NODE_OOM_KILLS)
#define XEN_NODES_OF_AGENT   XEN_NODES_FROM_TO(XEN_NODE_PSI_SOME, XEN_NODE_DRIVER)
#define XEN_NODES_UNREAD     XEN_NODES_FROM_TO(XEN_NODE_UPDATED, XEN_NODE_UPDATE_CNT)
/* What programs in a guest write again and again, and what the toolstack leaves in memory. */
#define XEN_NODES_REPORTED                                                                         \
    (XEN_NODES_FROM_TO(XEN_NODE_MEMINFO, XEN_NODE_SWAPINFO) | XEN_NODES_IN_DATA)
#define XEN_NODES_SET XEN_NODES_FROM_TO(XEN_NODE_TARGET, XEN_NODE_DYNAMIC_MAX)

/* "memory/target": the node's path below its domain's. */
const char *xen_node_path(enum xen_node node);

/* What xenstore has of a domain. Sizes: BALLAST_NONE where it is not usable. */
struct xen_said {
    char name[HV_NAME];
    uint64_t serves; /* BALLAST_NONE: it is no stubdomain */
    uint64_t target_kib;
    uint64_t static_max_kib;
    uint64_t videoram_kib;
    uint64_t hotplug_max_kib;
    uint64_t dynamic_min_kib;
    uint64_t dynamic_max_kib;
    uint64_t used_kib; /* memory/meminfo: swap included */
    uint64_t swap_kib; /* memory/swapinfo */
    uint64_t free_kib; /* data/meminfo_free */
    uint64_t alive;    /* data/ballast/alive: the agent's counter */
    uint64_t pressure[BALLAST_PRESSURES];
    uint64_t driver;    /* data/ballast/balloon: 1, or 0 where its kernel has no balloon driver */
    uint32_t malformed; /* nodes of a number that have another value */
    bool on[XEN_NODES]; /* of the features: "1" */
    bool suspending;    /* control/shutdown is "suspend" */
};

/* Nothing is there. */
void xen_said_nothing(struct xen_said *said);
/* One node's value, NULL when it is not there. `length` excludes any terminator. */
void xen_decode_node(struct xen_said *said, enum xen_node node, const char *value, size_t length);
/* One to 20 decimal digits and nothing else, no more than XEN_MOST_KIB; BALLAST_NONE for all other
 * text. */
uint64_t xen_parse_kib(const char *text, size_t length);
/*
 * The nodes that an event for `path` is about; 0 when it is about none of them. *domid is whose it
 * is, also then; XEN_NO_DOMID: it is below no domain's directory.
 */
#define XEN_NO_DOMID UINT32_MAX
uint32_t xen_event_nodes(const char *path, uint32_t *domid);

/*
 * Whether it is a domain of ours that holds a claim of what is reserved: it has such a uuid and is
 * a xenstore domain, which no guest is that a user gave that uuid.
 */
bool xen_is_parked(const struct xen_counted *counted);
/* The uuid of those that hold the claim of that id (struct hv_claim), and the way back. */
void xen_parked_uuid(uint64_t id, uint8_t out[16]);
uint64_t xen_parked_id(const uint8_t uuid[16]);

/* Whether an event for `path` is a new guest's: its toolstack writes its name and uuid below /vm.
 */
bool xen_event_is_newcomer(const char *path);

/* Whether it is the name's, and then its uuid, which the path has. */
bool xen_event_names_newcomer(const char *path, uint8_t uuid[16]);

/* The two put together; what neither has (pool, PoD) is BALLAST_NONE, and nothing is reported:
 * xen_report_show(). */
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
