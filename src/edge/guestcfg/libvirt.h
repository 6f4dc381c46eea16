/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_GUESTCFG_LIBVIRT_H
#define EDGE_GUESTCFG_LIBVIRT_H

#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xml.h"

struct guestcfg_libvirt {
    const xmlNode *domain;
    struct guestcfg_draft *draft;
    struct ballast_error *err;
};

/* Sets an attribute that comes from `node`, called `key` in messages. */
int guestcfg_libvirt_set(const struct guestcfg_libvirt *reading, enum ballast_guest_attr attr,
                         uint64_t value, const xmlNode *node, const char *key);
/* An "on" or "off" in an attribute; absent is "on". -EINVAL for another word. */
int guestcfg_libvirt_switch(const struct guestcfg_libvirt *reading, const xmlNode *node,
                            const char *attr, bool *out);

/* <devices>: emulator, video, hostdev. The type of the guest is known by then. */
int guestcfg_libvirt_devices(const struct guestcfg_libvirt *reading);

#endif
