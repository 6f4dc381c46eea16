/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xenstore for programs that sample once and end: all that is to be known of all domains in three
 * rounds of requests over its socket. libxenstore sends a request and waits for its answer, nine
 * times a domain, and that was most of what a sample of thirty domains cost. The protocol is that
 * of docs/misc/xenstore.txt and xen/include/public/io/xs_wire.h; answers carry the number of their
 * request, and may come in any order.
 */
#ifndef EDGE_HV_XEN_BULK_H
#define EDGE_HV_XEN_BULK_H

#include <stddef.h>
#include <stdint.h>

#include "edge/hv/xen_store.h"

struct xen_bulk;

/*
 * -ENOTSUP: there is no socket that answers (a xenstore domain, or none at all); what libxenstore
 * does then is for xen_store_open() to say. Close it with xen_bulk_close(), which accepts NULL.
 */
int xen_bulk_open(struct xen_bulk **out, struct ballast_error *err);
void xen_bulk_close(struct xen_bulk *bulk);

/*
 * As xen_store_read() of each of them, of which all is stale. -EIO and its like when xenstore does
 * not answer, or not as the protocol has it: then they are as they were, and nothing more can be
 * read by this one.
 */
int xen_bulk_read(struct xen_bulk *bulk, struct xen_followed *const *followed, size_t count,
                  struct ballast_error *err);
/* Requests made so far. */
uint64_t xen_bulk_calls(const struct xen_bulk *bulk);

#endif
