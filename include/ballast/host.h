/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host can do, as far as it decides a guest's memory. */
#ifndef BALLAST_HOST_H
#define BALLAST_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* The fields of libxl_physinfo that libxl's defaults depend on. */
struct ballast_host_caps {
    bool hap;                /* cap_hap: hardware-assisted paging */
    bool shadow;             /* cap_shadow: shadow paging is built in */
    bool iommu;              /* cap_hvm_directio: there is an IOMMU in use */
    bool iommu_hap_pt_share; /* cap_iommu_hap_pt_share: it can walk a guest's own p2m */
    /* No field of libxl's: virtualisation is Intel's (VMX), which Xen needs other pages for. */
    bool vmx;
    /*
     * gnttab_max_frames and gnttab_max_maptrack_frames of Xen's command line, which a guest gets
     * that does not say. Not known: 64 and 1024 are assumed, and nothing is refused for them.
     */
    bool gnttab_known;
    bool gnttab_binds; /* Xen refuses a guest that says more: before 4.18 */
    uint32_t gnttab_max_frames;
    uint32_t gnttab_max_maptrack_frames;
    /* On Xen's command line: options whose memory is not counted. */
    bool has_vpmu;
    bool has_argo;
};

/* A host of AMD that refuses nothing: what a configuration is judged by where no host is known. */
#define BALLAST_HOST_CAPS_ALL                                                                      \
    ((struct ballast_host_caps){                                                                   \
        .hap = true, .shadow = true, .iommu = true, .iommu_hap_pt_share = true})

/* Where Xen's command line does not say otherwise: xen/common/grant_table.c. */
#define BALLAST_GNTTAB_MAX_FRAMES          64
#define BALLAST_GNTTAB_MAX_MAPTRACK_FRAMES 1024

#endif
