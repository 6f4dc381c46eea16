/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host that a daemon keeps, behind the port of hv.h: it is seen as the daemon sees it, and what
 * is set goes through it, so that nobody acts behind its back.
 */
#ifndef APP_BALLAST_ACCESS_HOST_ACCESS_DAEMON_H
#define APP_BALLAST_ACCESS_HOST_ACCESS_DAEMON_H

#include "app/ballast/client/daemon.h"
#include "edge/hv/hv.h"

/*
 * Takes over the connection of `daemon`, and closes it with itself. A failure of refresh() has been
 * told already; what set() refuses has its words in the error.
 */
struct hv *host_access_daemon_new(struct cli_daemon *daemon);
/* The daemon that such a host is of; NULL: it is another host. */
struct cli_daemon *host_access_daemon_of(struct hv *hv);
/* Granted to starts that the host does not show yet, at the last refresh; 0 of other hosts. */
uint64_t host_access_daemon_reserved_kib(const struct hv *hv);
/* What it answered at the last refresh: an array of domains as the protocol has them; NULL:
 * it is another host. */
const struct json_object *host_access_daemon_domains(const struct hv *hv);
/* Its floor as it was at the last refresh, and in `why` what that is; 0 and "": none is known. */
uint64_t host_access_daemon_floor(const struct hv *hv, uint32_t domid, char *why, size_t size);
/*
 * Who pinned its target, and the last decision about it, as they were at the last refresh; "":
 * nobody did, there was none. Printable.
 */
void host_access_daemon_pinned_by(const struct hv *hv, uint32_t domid, char *out, size_t size);
void host_access_daemon_why(const struct hv *hv, uint32_t domid, char *out, size_t size);
/* Gives a pinned target back to the balancer. Errors as host_access_daemon_set_range(). */
int host_access_daemon_unpin(struct hv *hv, uint32_t domid, struct ballast_error *err);
/* From now on targets below floors are no reason for a no. */
void host_access_daemon_force(struct hv *hv);
/* -EINVAL with what the daemon refuses it with; -EIO. */
int host_access_daemon_set_range(struct hv *hv, uint32_t domid, uint64_t min_kib, uint64_t max_kib,
                                 struct ballast_error *err);

#endif
