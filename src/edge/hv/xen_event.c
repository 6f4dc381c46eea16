/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/xen_event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xenevtchn.h>

#include "core/base/error.h"
#include "edge/hv/xen_log.h"
#include "edge/load/load.h"

#define XENEVTCHN(X)                                                                               \
    X(xenevtchn_open)                                                                              \
    X(xenevtchn_close)                                                                             \
    X(xenevtchn_bind_virq)                                                                         \
    X(xenevtchn_fd)                                                                                \
    X(xenevtchn_pending)                                                                           \
    X(xenevtchn_unmask)

static struct {
    XENEVTCHN(LOAD_POINTER)
} lib;

struct xen_event {
    xenevtchn_handle *channel;
    struct xen_log log;
};

static int fail_event(struct xen_event *event, struct ballast_error *err)
{
    int code = errno > 0 ? errno : EIO;
    int rc = ballast_fail(err, -code, "VIRQ_ENOMEM cannot be bound: %s",
                          code == EEXIST               ? "another program has it"
                          : event->log.last[0] != '\0' ? event->log.last
                                                       : strerror(code));
    xen_event_close(event);
    return rc;
}

static int load_xenevtchn(struct ballast_error *err)
{
    static const char *const names[] = {XENEVTCHN(LOAD_NAME)};
    _Static_assert(sizeof(lib) == sizeof(names), "a pointer a name");
    struct ballast_error why;
    if (load_library(SONAME_XENEVTCHN, names, LOAD_COUNT(names), &lib, &why) == 0)
        return 0;
    return ballast_fail(err, -ENOTSUP, "VIRQ_ENOMEM cannot be bound: %s", why.text);
}

int xen_event_open(struct xen_event **out, struct ballast_error *err)
{
    int rc = load_xenevtchn(err);
    if (rc < 0)
        return rc;
    struct xen_event *event = calloc(1, sizeof(*event));
    if (!event)
        return ballast_fail(err, -ENOMEM, "out of memory");
    xen_log_init(&event->log);
    errno = 0;
    event->channel = lib.xenevtchn_open(&event->log.logger, 0);
    if (!event->channel) {
        rc = ballast_fail(err, -errno, "VIRQ_ENOMEM cannot be bound: /dev/xen/evtchn: %s",
                          strerror(errno));
        free(event);
        return rc;
    }
    if (lib.xenevtchn_bind_virq(event->channel, VIRQ_ENOMEM) < 0)
        return fail_event(event, err);
    /* A wakeup without a word must not stop a loop. */
    int fd = lib.xenevtchn_fd(event->channel);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return fail_event(event, err);
    *out = event;
    return 0;
}

void xen_event_close(struct xen_event *event)
{
    if (!event)
        return;
    if (event->channel)
        lib.xenevtchn_close(event->channel);
    free(event);
}

int xen_event_fd(const struct xen_event *event)
{
    return lib.xenevtchn_fd(event->channel);
}

bool xen_event_received(struct xen_event *event)
{
    bool received = false;
    int port;
    /* One port is bound, and it stays quiet until it is unmasked: this ends. */
    while (!received && (port = lib.xenevtchn_pending(event->channel)) >= 0)
        received = lib.xenevtchn_unmask(event->channel, (evtchn_port_t)port) == 0;
    return received;
}
