/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files behind edge/hv/xen.h share. xen_inside.c has what uses none of them. */
#ifndef EDGE_HV_XEN_INSIDE_H
#define EDGE_HV_XEN_INSIDE_H

#include "edge/hv/xen_bulk.h"
#include "edge/hv/xen_ctrl.h"
#include "edge/hv/xen_event.h"
#include "edge/hv/xen_light.h"
#include "edge/hv/xen_report.h"
#include "edge/hv/xen_store.h"

/* What is remembered of a domain from one refresh to the next. */
struct xen_record {
    uint32_t domid;
    uint8_t uuid[16];
    struct xen_followed followed;
    uint64_t pool_kib;
    uint64_t pool_at_kib; /* the maximum when the pool was read */
    uint64_t pod_entries_kib;
    uint64_t pod_cache_kib;
    struct xen_report report;
    struct suspend_report suspend;
    unsigned events;           /* received since then: */
    uint64_t events_from_usec; /* a second at most */
    uint64_t noisy_until_usec; /* its events are not received until then; 0: they are */
    uint64_t read_usec;        /* when it was read last, while it is not */
};

/* Of a domain that has shut down, until it is gone. */
struct xen_restart {
    uint32_t domid;
    uint8_t uuid[16];
    bool restarts;
};

struct xen_snapshot {
    struct hv_domain *domains;
    size_t count;
    struct ballast_domain *shown; /* those that are not dying */
    struct ballast_host host;
};

struct xen_host {
    struct hv hv; /* first */
    bool read_only;
    enum xen_way way;
    struct xen_ctrl *ctrl;
    struct xen_store *store; /* NULL: not needed so far, see xen_host_store() */
    struct xen_bulk *bulk;   /* for the first sample of a host that is only read; else NULL */
    uint64_t bulk_calls;
    struct xen_light *light; /* opened when it is first needed */
    struct xen_event *event; /* the same */
    struct xen_version version;
    struct ballast_xen_map map;
    bool pv32; /* it runs 32-bit PV guests */
    char processor[BALLAST_PROCESSOR];
    bool watching;
    int watch_fd;              /* an epoll of the store's; -1: not needed so far */
    bool is_unpolled;          /* a new connection of the store's is not in it yet */
    uint64_t reconnects_usec;  /* a lost connection is not opened earlier than that */
    struct ballast_error lost; /* why it could not be */
    uint64_t events;           /* that were taken in */
    bool newcomer;             /* by one of them, and nobody has asked since */
    hv_newcomer_fn *greet;     /* called for each; NULL: nothing is */
    void *greet_context;
    unsigned refreshes;
    struct xen_record *records; /* by id */
    size_t record_count;
    struct xen_restart *restarts;
    size_t restart_count;
    struct xen_snapshot now;
};

struct xen_host *xen_host_of(struct hv *hv);
const struct xen_host *xen_host_of_const(const struct hv *hv);
/* NULL when the last refresh had no such domain. */
struct xen_record *xen_record_find(struct xen_host *host, uint32_t domid);
/* -EPERM: it was opened for reading only. */
int xen_host_may_write(const struct xen_host *host, struct ballast_error *err);
/* Opens the host's libxenstore where it is not open yet. */
int xen_host_store(struct xen_host *host, struct ballast_error *err);
/*
 * Opens it again where its connection is lost, with all that depends on it, at most once a second;
 * everything is read and watched again then. Errors as xen_store_open(); -ECONNRESET before its
 * time.
 */
int xen_host_reconnect(struct xen_host *host, struct ballast_error *err);
/* Opens the host's libxenlight where it is not open yet. */
int xen_host_light(struct xen_host *host, struct ballast_error *err);
/* hv_ops.set */
int xen_ops_set(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                struct ballast_error *err);
int xen_ops_set_maximum(struct hv *hv, uint32_t domid, uint64_t kib, struct ballast_error *err);
bool xen_ops_moves_static_max(const struct hv *hv);
/* hv_ops.claim, .lower_claim and .claims */
int xen_ops_claim(struct hv *hv, const struct hv_claim *claims, size_t count,
                  struct ballast_error *err);
int xen_ops_lower_claim(struct hv *hv, uint64_t id, uint64_t kib, struct ballast_error *err);
/* What parked domains cost: those that were listed last, and as many more as there may be. */
void xen_park_costs(const struct xen_host *host, uint64_t *now_kib, uint64_t *room_kib);
size_t xen_ops_claims(const struct hv *hv, struct hv_claim *out, size_t most);
/* hv_ops.refresh */
int xen_ops_refresh(struct hv *hv, const struct ballast_host **out, struct ballast_error *err);
/*
 * Finds out which of them their toolstack starts again, once for each that has shut down: its
 * configuration goes before it does. Out of memory: it is asked again.
 */
void xen_host_ask_restarts(struct xen_host *host, const struct xen_counted *counted, size_t count);
/* By its configuration, or where that is not known by its reason: a reboot. */
bool xen_host_restarts(const struct xen_host *host, const struct xen_counted *counted);
/* Follows the domains by watches from now on. */
int xen_host_watch(struct xen_host *host, struct ballast_error *err);
/* An epoll of the store's fd, which outlives the connection; -1. */
int xen_host_epoll(struct xen_host *host);
/* Follows them, and takes in the events, over a new connection where the old one is lost. */
int xen_host_follow(struct xen_host *host, unsigned most, struct ballast_error *err);
/*
 * Takes in `most` events of xenstore. What a domain reports of its use waits for the next
 * sample as it comes, all else that is read is news. true: there was news.
 */
bool xen_host_receive(struct xen_host *host, unsigned most);
/*
 * Before a domain is read: of one whose events are not received all is stale once a second, and
 * that may be over. true: they are not received.
 */
bool xen_host_is_noisy(struct xen_record *record);
void xen_snapshot_free(struct xen_snapshot *snapshot);

#endif
