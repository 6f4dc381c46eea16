/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "edge/guestcfg/libvirt.h"

int guestcfg_libvirt_set(const struct guestcfg_libvirt *reading, enum ballast_guest_attr attr,
                         uint64_t value, const xmlNode *node, const char *key)
{
    struct guestcfg_place place = {key, guestcfg_xml_line(node)};
    return guestcfg_set(reading->draft, attr, value, place, reading->err);
}

int guestcfg_libvirt_switch(const struct guestcfg_libvirt *reading, const xmlNode *node,
                            const char *attr, bool *out)
{
    char *word = guestcfg_xml_attr(node, attr);
    int rc = 0;
    if (!word || strcmp(word, "on") == 0)
        *out = true;
    else if (strcmp(word, "off") == 0)
        *out = false;
    else
        rc = guestcfg_xml_fail(reading->draft->name, node, (const char *)node->name, reading->err,
                               "invalid %s=\"%.40s\": use \"on\" or \"off\"", attr, word);
    free(word);
    return rc;
}
