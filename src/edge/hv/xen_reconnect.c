/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xenstored may end and start again. libxenstore never connects again itself, and what happened
 * meanwhile was reported to no one: another handle is opened, and all is watched and read again.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/hv/xen_inside.h"

/* Connecting costs little where no xenstored listens; a second is short beside what a start waits.
 */
#define RECONNECT_USEC BALLAST_SEC_USEC

static int add_to(int epoll, const struct xen_store *store)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, xen_store_fd(store), &event);
}

int xen_host_epoll(struct xen_host *host)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll >= 0 && add_to(epoll, host->store) < 0) {
        (void)close(epoll);
        return -1;
    }
    return epoll;
}

/* What fails is tried again with the next sample; until then only samples show what has changed. */
static void poll_store(struct xen_host *host)
{
    if (host->is_unpolled)
        host->is_unpolled = add_to(host->watch_fd, host->store) < 0;
}

/* Closing it has taken its descriptor out of the epoll. */
static void replace_store(struct xen_host *host, struct xen_store *store)
{
    host->bulk_calls += xen_store_calls(host->store);
    xen_store_close(host->store);
    host->store = store;
    host->is_unpolled = host->watch_fd >= 0;
    poll_store(host);
    /* libxenlight has a connection of its own. */
    xen_light_close(host->light);
    host->light = NULL;
    host->watching = false;
    for (size_t i = 0; i < host->record_count; i++)
        xen_store_lose(&host->records[i].followed);
}

int xen_host_reconnect(struct xen_host *host, struct ballast_error *err)
{
    struct xen_store *store;
    if (!host->store || !xen_store_is_lost(host->store)) {
        poll_store(host);
        return 0;
    }
    uint64_t now_usec = hv_clock_usec();
    if (now_usec >= host->reconnects_usec) {
        host->reconnects_usec = now_usec + RECONNECT_USEC;
        if (xen_store_open(&store, &host->lost) == 0) {
            replace_store(host, store);
            return 0;
        }
    }
    /* Between two attempts it is the last one's, so that it is logged once. */
    return ballast_fail(err, -ECONNRESET, "the connection to xenstore broke: %s", host->lost.text);
}

int xen_host_follow(struct xen_host *host, unsigned most, struct ballast_error *err)
{
    int rc = 0;
    /* One that breaks while it is followed is opened again at once; the next time waits. */
    for (int i = 0; i < 2; i++) {
        if ((rc = xen_host_reconnect(host, err)) < 0)
            return rc;
        rc = xen_host_watch(host, err);
        if (!host->store)
            return rc;
        (void)xen_host_receive(host, most);
        if (!xen_store_is_lost(host->store))
            break;
    }
    return rc;
}
