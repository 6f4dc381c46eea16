/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's own part of xenstore, over the kernel's device: no library, so that a program in a
 * guest is small and needs none of Xen's. Paths are relative to the guest's directory ("data/x"),
 * whatever the number of its domain is. One request at a time; events that come meanwhile are kept.
 *
 * A call that fails because the connection broke closes it: is_open() is then false. All other
 * errors are answers of xenstored: -ENOENT, -EACCES, -ENOSPC (the quota of nodes), -E2BIG, ...
 */
#ifndef EDGE_XENBUS_XENBUS_H
#define EDGE_XENBUS_XENBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "edge/xenbus/message.h"

/* The caller's, and all that there is: nothing is allocated. */
struct xenbus {
    int fd; /* for poll(): readable when something came; -1: closed */
    uint32_t events;
    size_t length;
    uint8_t bytes[XENBUS_MESSAGE_MOST];
};

/*
 * Opens the device, or a Unix socket that xenstored listens at; NULL: /dev/xen/xenbus, or where
 * there is none /proc/xen/xenbus. 0, or a negative errno.
 */
int xenbus_open(const char *path, struct xenbus *out, struct ballast_error *err);
void xenbus_close(struct xenbus *bus);
bool xenbus_is_open(const struct xenbus *bus);

/* The node's value, terminated. -ENOENT; -E2BIG: it is longer than size - 1, or has a NUL. */
int xenbus_read_node(struct xenbus *bus, const char *path, char *value, size_t size);
int xenbus_write_node(struct xenbus *bus, const char *path, const char *value);
/* With all below it. -ENOENT: it is not there. */
int xenbus_remove_node(struct xenbus *bus, const char *path);

/*
 * Watches a node and all below it; `token` is 'a' to 'z'. The first event comes at once. The kernel
 * watches again after a restore or a migration, so another comes then, too
 * (drivers/xen/xenbus/xenbus_xs.c, xs_resume()).
 */
int xenbus_watch_node(struct xenbus *bus, const char *path, char token);
/* The tokens of the events that came since the last call, as bits: 1 << (token - 'a'). */
uint32_t xenbus_take_events(struct xenbus *bus);

#endif
