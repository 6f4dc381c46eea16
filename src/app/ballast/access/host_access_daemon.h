/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host that a daemon keeps, or an engine in this process, behind the port of hv.h: it is seen
 * as the daemon sees it. What is set goes through its methods.
 */
#ifndef APP_BALLAST_ACCESS_HOST_ACCESS_DAEMON_H
#define APP_BALLAST_ACCESS_HOST_ACCESS_DAEMON_H

#include "app/ballast/client/daemon.h"
#include "edge/hv/hv.h"

/*
 * Takes over the connection of `daemon`, and closes it with itself. refresh() fails with a
 * message; set() is -ENOTSUP.
 */
struct hv *host_access_daemon_new(struct cli_daemon *daemon);
/* The daemon that such a host is of; NULL: it is another host. */
struct cli_daemon *host_access_daemon_of(struct hv *hv);
/* Granted to starts that the host does not show yet, at the last refresh; 0 of other hosts. */
uint64_t host_access_daemon_reserved_kib(const struct hv *hv);
/* What it leaves free for starts that do not ask, and how much of that is missing; 0 likewise. */
uint64_t host_access_daemon_headroom_kib(const struct hv *hv, uint64_t *missing_kib);
/* How scarce memory is; NULL where no daemon says so. */
const char *host_access_daemon_state(const struct hv *hv, uint64_t *unneeded_kib);
/* What it answered at the last refresh: an array of domains as the protocol has them; NULL:
 * it is another host. */
const struct json_object *host_access_daemon_domains(const struct hv *hv);
/* Its floor as it was at the last refresh, and in `why` what that is; 0 and "": none is known. */
uint64_t host_access_daemon_floor(const struct hv *hv, uint32_t domid, char *why, size_t size);
/*
 * Who pinned its target, and the last decision about it, as they were at the last refresh; "":
 * no user did, there was none. Printable.
 */
void host_access_daemon_pinned_by(const struct hv *hv, uint32_t domid, char *out, size_t size);
void host_access_daemon_why(const struct hv *hv, uint32_t domid, char *out, size_t size);
/* Extra internal of the i-th domain of the last refresh; 0 where its type is not known. */
uint64_t host_access_daemon_extra_internal_kib(const struct hv *hv, size_t i);
/* Whether the kernel of the domain at that place hotplugs memory. */
bool host_access_daemon_hotplugs(const struct hv *hv, size_t i);
/* The path of a node of it that is not usable, until the next refresh; NULL: none is known. */
const char *host_access_daemon_malformed(const struct hv *hv, size_t i);

#endif
