/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host can do, as far as it decides a guest's memory. */
#ifndef BALLAST_HOST_H
#define BALLAST_HOST_H

#include <stdbool.h>

/* The fields of libxl_physinfo that libxl's defaults depend on. */
struct ballast_host_caps {
    bool hap;                /* cap_hap: hardware-assisted paging */
    bool shadow;             /* cap_shadow: shadow paging is built in */
    bool iommu;              /* cap_hvm_directio: there is an IOMMU in use */
    bool iommu_hap_pt_share; /* cap_iommu_hap_pt_share: it can walk a guest's own p2m */
    /* No field of libxl's: virtualisation is Intel's (VMX), which Xen needs other pages for. */
    bool vmx;
};

/* A host of AMD that refuses nothing: what a configuration is judged by where no host is known. */
#define BALLAST_HOST_CAPS_ALL ((struct ballast_host_caps){true, true, true, true, false})

#endif
