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

/* Sets an attribute that `node` states; messages call it `key`. */
int guestcfg_libvirt_set(const struct guestcfg_libvirt *reading, enum ballast_guest_attr attr,
                         uint64_t value, const xmlNode *node, const char *key);
/* Reads "on" or "off" from an attribute; "on" where absent. -EINVAL for anything else. */
int guestcfg_libvirt_switch(const struct guestcfg_libvirt *reading, const xmlNode *node,
                            const char *attr, bool *out);

/* Reads <devices>: emulator, video, hostdev. The guest's type must be known. */
int guestcfg_libvirt_devices(const struct guestcfg_libvirt *reading);

#endif
