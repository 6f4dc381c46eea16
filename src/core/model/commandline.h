/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options on Xen's command line that affect a guest's memory. */
#ifndef CORE_MODEL_COMMANDLINE_H
#define CORE_MODEL_COMMANDLINE_H

#include <stddef.h>

#include <ballast/host.h>

/*
 * gnttab_max_frames and gnttab_max_maptrack_frames, as Xen reads them: the last valid one of each
 * counts; without one, Xen's default applies. Options set in a running Xen (`xl set-parameters`)
 * are not on its command line. They bind before Xen 4.18 and if `xen_version` is unknown (""). Also
 * whether vpmu and argo are on, whose cost is not included in figures.
 */
void ballast_caps_from_commandline(struct ballast_host_caps *caps, const char *commandline,
                                   const char *xen_version);

/*
 * The value of `key`, as Xen reads it: of the last "key=value". NULL if there is none. It ends
 * after `length` characters.
 */
const char *ballast_commandline_find(const char *commandline, const char *key, size_t *length);

/* The same as ballast_caps_from_commandline() with figures from another source. */
void ballast_caps_set_gnttab(struct ballast_host_caps *caps, uint32_t frames,
                             uint32_t maptrack_frames, const char *xen_version);

#endif
