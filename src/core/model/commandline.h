/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen's command line decides of a guest's memory. */
#ifndef CORE_MODEL_COMMANDLINE_H
#define CORE_MODEL_COMMANDLINE_H

#include <ballast/host.h>

/*
 * gnttab_max_frames and gnttab_max_maptrack_frames, as Xen reads them: the last valid one of each
 * counts, and one that is not there is Xen's default. Options set in a running Xen
 * (`xl set-parameters`) are not on its command line. `xen_version` ("": not known) decides whether
 * they bind: before 4.18 and where it is not known. Also whether vpmu and argo are on, which cost
 * what is not counted.
 */
void ballast_caps_from_commandline(struct ballast_host_caps *caps, const char *commandline,
                                   const char *xen_version);

/* The same of figures that are known otherwise. */
void ballast_caps_set_gnttab(struct ballast_host_caps *caps, uint32_t frames,
                             uint32_t maptrack_frames, const char *xen_version);

#endif
