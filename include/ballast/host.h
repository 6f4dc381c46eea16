/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capabilities of a host that decide a guest's memory. */
#ifndef BALLAST_HOST_H
#define BALLAST_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* The fields of libxl_physinfo that libxl's defaults depend on. */
struct ballast_host_caps {
    bool hap;                /* cap_hap: hardware-assisted paging */
    bool shadow;             /* cap_shadow: shadow paging is built in */
    bool iommu;              /* cap_hvm_directio: an IOMMU is in use */
    bool iommu_hap_pt_share; /* cap_iommu_hap_pt_share: it can walk a guest's own p2m */
    /* Not from libxl: the processor has Intel's VMX, for which Xen allocates other pages. */
    bool vmx;
    /*
     * gnttab_max_frames and gnttab_max_maptrack_frames of Xen's command line: the limits of guests
     * that set none. Unless gnttab_known, 64 and 1024 are assumed and no guest is refused.
     */
    bool gnttab_known;
    bool gnttab_binds; /* Xen refuses a guest that sets more: before 4.18 */
    uint32_t gnttab_max_frames;
    uint32_t gnttab_max_maptrack_frames;
    /* Xen's command line has options whose memory is not counted. */
    bool has_vpmu;
    bool has_argo;
};

/* An AMD host with every capability, assumed where no host is known. */
#define BALLAST_HOST_CAPS_ALL                                                                      \
    ((struct ballast_host_caps){                                                                   \
        .hap = true, .shadow = true, .iommu = true, .iommu_hap_pt_share = true})

/* Xen's defaults: xen/common/grant_table.c. */
#define BALLAST_GNTTAB_MAX_FRAMES          64
#define BALLAST_GNTTAB_MAX_MAPTRACK_FRAMES 1024

#endif
