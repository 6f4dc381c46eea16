/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstore, through libxenstore and in no other file. */
#ifndef EDGE_HV_XEN_STORE_H
#define EDGE_HV_XEN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/hv/xen_decode.h"

struct xen_store;

/* Where libxenstore looks first: tools/libs/store, xs_daemon_socket(). -ENAMETOOLONG. */
int xen_store_socket_path(char *out, size_t size);
/* -ENODEV: no xenstore answers; -EACCES; -ENOTSUP: libxenstore cannot be loaded. Close it with
 * xen_store_close(), which accepts NULL. */
int xen_store_open(struct xen_store **out, struct ballast_error *err);
void xen_store_close(struct xen_store *store);

/* What is known of one domain; owned by the caller. */
struct xen_followed {
    uint32_t domid;
    bool watched;
    uint32_t stale; /* nodes to be read again */
    /* Nodes that were written since its owner last set this to 0; all of one that is just met. */
    uint32_t written;
    unsigned fresh; /* watches whose first event is still to come, see xen_store.c */
    struct xen_said said;
};

/* A domain of which everything is still to be read. */
void xen_store_meet(struct xen_followed *followed, uint32_t domid);
/* Reads what is stale. -EIO and its like when xenstore does not answer; then it stays stale. */
int xen_store_read(struct xen_store *store, struct xen_followed *followed,
                   struct ballast_error *err);
/* The node at `path` as a domain's name. -ENOENT: there is none; others as xen_store_read(). */
int xen_store_read_name(struct xen_store *store, const char *path, struct xen_said *said);
/* Watches a domain's nodes from now on; its nodes become stale. */
int xen_store_watch(struct xen_store *store, struct xen_followed *followed,
                    struct ballast_error *err);
void xen_store_unwatch(struct xen_store *store, struct xen_followed *followed);
/* The connection that it was watched over is gone: all of it is to be watched and read again. */
void xen_store_lose(struct xen_followed *followed);
/* Watches the coming and going of domains: of new ones what toolstacks write first, below /vm. */
int xen_store_watch_domains(struct xen_store *store, struct ballast_error *err);

/* The next event's path into `path`; one that is longer is cut, and is about no node. false: no
 * more. */
enum { XEN_STORE_PATH = 256 };
bool xen_store_event(struct xen_store *store, char path[XEN_STORE_PATH]);
/*
 * Takes note of an event about the domain: what it is about is stale now. The nodes that it is
 * about; 0 also for the word that every new watch begins with.
 */
uint32_t xen_store_receive(struct xen_followed *followed, const char *path);
/* The connection is broken, and all events of watches since are missed: open another one. */
bool xen_store_is_lost(const struct xen_store *store);
/* Readable when there may be an event. */
int xen_store_fd(const struct xen_store *store);
/* Requests made so far; 0 of NULL. */
uint64_t xen_store_calls(const struct xen_store *store);

/* The name of a domain that no toolstack made, and the end of its directory; failures are ignored.
 */
void xen_store_put_name(struct xen_store *store, uint32_t domid, const char *name);
void xen_store_remove_domain(struct xen_store *store, uint32_t domid);

/*
 * A change of a domain's nodes, all of it or nothing: it begins by reading the domain's own
 * directory, so that a domain which dies meanwhile makes the commit fail, and is not created again.
 */
struct xen_change {
    struct xen_store *store;
    uint32_t domid;
    uint32_t transaction;
};

/* -ENOENT: the domain has no directory. `said` is what its memory nodes hold in the transaction. */
int xen_store_begin(struct xen_store *store, uint32_t domid, struct xen_change *out,
                    struct xen_said *said, struct ballast_error *err);
int xen_store_put(struct xen_change *change, enum xen_node node, uint64_t value,
                  struct ballast_error *err);
/* /vm/UUID/memory, where /vm/UUID is there. */
int xen_store_put_vm_memory(struct xen_change *change, const uint8_t uuid[16], uint64_t mib,
                            struct ballast_error *err);
/* -EAGAIN: another program changed what was read; nothing was written, begin again. */
int xen_store_commit(struct xen_change *change, struct ballast_error *err);
void xen_store_abort(struct xen_change *change);

#endif
